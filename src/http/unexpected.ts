import type { Deps } from '../deps.ts';
import { failure } from '../domain/errors.ts';
import { problemResponse } from './problem.ts';

/**
 * The answer to an error that nobody foresaw. When an object was out of reach the command may or may not have been
 * carried out: the client is told to repeat it under the same key, which is safe either way.
 */
export function unexpectedAnswer(deps: Deps, error: unknown, requestId: string, path: string): Response {
  deps.log.error('request_failed', { request_id: requestId, path, error: describe(error) });
  if (isObjectOutOfReach(error)) {
    return problemResponse(
      failure('unavailable', 'A part of the service did not answer. Repeat the request under the same key.'),
      requestId,
      { 'Retry-After': '1' },
    );
  }
  return problemResponse(
    failure('internal', 'Something went wrong on our side. Quote the request id when you report it.'),
    requestId,
  );
}

/** The platform marks errors of Durable Objects that a restart or load caused. */
function isObjectOutOfReach(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return 'retryable' in error || 'overloaded' in error || 'durableObjectReset' in error;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error
    ? `${error.stack ?? error.message} <- ${error.cause.message}`
    : (error.stack ?? error.message);
}
