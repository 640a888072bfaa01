import { z } from '@hono/zod-openapi';
import { ProblemSchema } from './problem.ts';

/** Helpers that keep route declarations short: JSON bodies, JSON answers and the problem answers they share. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});

export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
  required: true as const,
});

const problemAnswer = (description: string) => ({
  content: { 'application/problem+json': { schema: ProblemSchema } },
  description,
});

const PROBLEMS = {
  400: problemAnswer('The body is not JSON'),
  401: problemAnswer('No valid access token'),
  403: problemAnswer('Not allowed for this caller'),
  404: problemAnswer('No such thing, or not yours'),
  409: problemAnswer('The state does not allow it'),
  412: problemAnswer('If-Match does not match'),
  413: problemAnswer('Too large'),
  415: problemAnswer('Wrong content type'),
  416: problemAnswer('Range not satisfiable'),
  422: problemAnswer('Refused: see code and errors'),
  426: problemAnswer('A WebSocket upgrade is needed'),
  428: problemAnswer('If-Match is needed'),
  429: problemAnswer('Too many requests; see Retry-After'),
  503: problemAnswer('Unavailable; try again'),
} as const;

/** `problems(401, 404)` for the `responses` of a route. 422 and 429 can come from every route. */
export function problems<const S extends (keyof typeof PROBLEMS)[]>(
  ...statuses: S
): Pick<typeof PROBLEMS, S[number] | 422 | 429> {
  const picked: Partial<Record<keyof typeof PROBLEMS, unknown>> = { 422: PROBLEMS[422], 429: PROBLEMS[429] };
  for (const status of statuses) picked[status] = PROBLEMS[status];
  return picked as Pick<typeof PROBLEMS, S[number] | 422 | 429>;
}

/** The `security` of a route that needs an access token. */
export const BEARER = [{ bearer: [] }];

/** The header of every mutation, for `parameters` of a route; `http/idempotency.ts` reads and checks it. */
export const IDEMPOTENCY_KEY = {
  in: 'header',
  name: 'Idempotency-Key',
  required: false,
  schema: { type: 'string', maxLength: 128 },
  description: 'Repeats of the same request under the same key get the first answer',
} as const;

export const CurrencyCode = z
  .enum(['USD', 'EUR', 'GBP', 'AED'])
  .meta({ description: 'ISO 4217 code of a currency with two decimals' });
export const Timestamp = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC' });
export const rfc3339 = (epochMs: number): string => new Date(epochMs).toISOString();
