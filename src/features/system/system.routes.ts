import { createRoute, z } from '@hono/zod-openapi';
import { and, count, isNull, sql } from 'drizzle-orm';
import { deadLetters, sizes } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { open } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, rfc3339, Timestamp } from '../../http/openapi.ts';

/** How long a part may take to answer before it counts as down. */
const CHECK_TIMEOUT_MS = 3_000;

const Check = z.object({ status: z.enum(['up', 'down']), ms: z.int(), detail: z.string().optional() });
const Health = z
  .object({
    status: z.enum(['up', 'down']),
    version: z.string(),
    time: Timestamp,
    checks: z.object({ database: Check, media: Check, books: Check, queues: Check }),
    backlog: z.object({
      dead_letters: z.int().meta({ description: 'Messages waiting for a person' }),
      unsynced_books: z.int().meta({ description: 'Books that do not have their newest configuration yet' }),
    }),
  })
  .meta({ id: 'Health' });

async function check(deps: Deps, probe: () => Promise<unknown>): Promise<z.infer<typeof Check>> {
  const startedMs = deps.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([probe(), timeout]);
    return { status: 'up', ms: deps.now() - startedMs };
  } catch (error) {
    deps.log.error('health_check_failed', { error: String(error) });
    return { status: 'down', ms: deps.now() - startedMs, detail: 'No good answer' };
  } finally {
    clearTimeout(timer);
  }
}

export const systemRoutes = createRoutes();

systemRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/healthz',
    tags: ['System'],
    operationId: 'alive',
    summary: 'Answers as soon as the Worker runs',
    responses: { 200: json(z.object({ status: z.literal('up') }), 'Alive') },
  }),
  (c) => c.json({ status: 'up' as const }, 200),
);

systemRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/health',
    tags: ['System'],
    operationId: 'health',
    summary: 'Asks every part: database, media store, order books, queues',
    responses: { 200: json(Health, 'Every part answers'), 503: json(Health, 'A part does not answer') },
  }),
  async (c) => {
    const deps = c.get('deps');
    const backlog = { dead_letters: 0, unsynced_books: 0 };
    const [database, media, books, queues] = await Promise.all([
      check(deps, () => deps.db.run(sql`select 1`)),
      check(deps, () => deps.media.ping()),
      check(deps, () => deps.books.ping()),
      check(deps, async () => {
        const [[dead], [unsynced]] = await deps.db.batch([
          deps.db
            .select({ rows: count() })
            .from(deadLetters)
            .where(and(isNull(deadLetters.replayedAt), isNull(deadLetters.discardedAt))),
          deps.db
            .select({ rows: count() })
            .from(sizes)
            .where(sql`${sizes.configSynced} < ${sizes.configVersion}`),
        ]);
        backlog.dead_letters = dead?.rows ?? 0;
        backlog.unsynced_books = unsynced?.rows ?? 0;
      }),
    ]);
    const checks = { database, media, books, queues };
    const isUp = Object.values(checks).every(({ status }) => status === 'up');
    const body = {
      status: isUp ? ('up' as const) : ('down' as const),
      version: c.env.VERSION?.id || 'local',
      time: rfc3339(deps.now()),
      checks,
      backlog,
    };
    return isUp ? c.json(body, 200) : c.json(body, 503);
  },
);
