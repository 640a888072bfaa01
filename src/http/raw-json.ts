import { jsonAnswer } from './standard-headers.ts';

/**
 * An answer whose JSON was made elsewhere, such as in a book object, and is passed on as it is. The typed routes want a
 * typed body, which a string cannot be: the route's schema documents it, and the contract tests hold it to that.
 */
export function rawJson(body: string, status = 200, headers: Record<string, string> = {}): never {
  const answer = jsonAnswer(body, status);
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  return answer as never;
}
