import { OpenAPIHono } from '@hono/zod-openapi';
import type { Deps } from '../deps.ts';
import { Problem, validationFailure } from './problem.ts';

/** Who is calling, as the access token says. */
export interface Caller {
  userId: string;
  sessionId: string;
  username: string;
  roles: readonly string[];
  /** When the access token ends, epoch milliseconds. */
  expiresAtMs: number;
}

export interface AppEnv {
  Bindings: Env;
  Variables: { deps: Deps; requestId: string; caller: Caller | null };
}

/** A small app for one feature: invalid input becomes a 422 problem with one entry for each offending field. */
export function createRoutes() {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      throw new Problem(validationFailure(result.error.issues));
    },
  });
}
