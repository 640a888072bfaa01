import { createRoute, z } from '@hono/zod-openapi';
import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { deadLetters } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { mutation, permitted } from '../../http/access.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditedActor, auditStatement } from '../audit/audit.statements.ts';

type LetterRow = typeof deadLetters.$inferSelect;

const STATES = ['waiting', 'replayed', 'discarded'] as const;
type State = (typeof STATES)[number];

const DeadLetter = z
  .object({
    id: z.string(),
    queue: z.string(),
    body: z.unknown(),
    reason: z.string(),
    attempts: z.int(),
    state: z.enum(STATES),
    created_at: Timestamp,
    replayed_at: Timestamp.nullable(),
    discarded_at: Timestamp.nullable(),
  })
  .meta({ id: 'DeadLetter' });
const LetterId = z.object({ id: z.string().max(100) });

const stateOf = ({ replayedAt, discardedAt }: LetterRow): State => {
  if (discardedAt !== null) return 'discarded';
  return replayedAt === null ? 'waiting' : 'replayed';
};

const present = (row: LetterRow) => ({
  id: row.id,
  queue: row.queue,
  body: JSON.parse(row.body) as unknown,
  reason: row.reason,
  attempts: row.attempts,
  state: stateOf(row),
  created_at: rfc3339(row.createdAt),
  replayed_at: row.replayedAt === null ? null : rfc3339(row.replayedAt),
  discarded_at: row.discardedAt === null ? null : rfc3339(row.discardedAt),
});

const inState = (state: State | undefined) => {
  if (state === undefined) return undefined;
  if (state === 'discarded') return isNotNull(deadLetters.discardedAt);
  return state === 'replayed'
    ? and(isNotNull(deadLetters.replayedAt), isNull(deadLetters.discardedAt))
    : and(isNull(deadLetters.replayedAt), isNull(deadLetters.discardedAt));
};

async function findLetter(deps: Deps, id: string): Promise<LetterRow> {
  const [letter] = await deps.db.select().from(deadLetters).where(eq(deadLetters.id, id));
  if (!letter) throw problem('dead_letter_not_found', 'There is no such dead letter.');
  return letter;
}

/** Marks a letter that is still as it was read, with its line in the audit log. */
async function mark(
  deps: Deps,
  letter: LetterRow,
  changes: Partial<LetterRow>,
  entry: { action: string; reason: string | null },
  actor: AuditedActor,
): Promise<LetterRow> {
  const after = { ...letter, ...changes };
  try {
    await deps.db.batch([
      deps.db
        .update(deadLetters)
        .set(changes)
        .where(
          and(
            eq(deadLetters.id, letter.id),
            sql`${deadLetters.replayedAt} is ${letter.replayedAt}`,
            isNull(deadLetters.discardedAt),
          ),
        ),
      deps.db.run(sql.raw(GUARD_SQL)),
      auditStatement(
        deps.db,
        actor,
        {
          ...entry,
          target: { type: 'dead_letter', id: letter.id },
          before: { state: stateOf(letter) },
          after: { state: stateOf(after), queue: letter.queue },
        },
        { id: newId('aud', deps.random), atMs: deps.now() },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('invalid_transition', 'Somebody else dealt with this letter just now.');
    throw error;
  }
  return after;
}

export const deadLettersRoutes = createRoutes();

deadLettersRoutes.openapi(
  createRoute({
    ...permitted('dead_letters.manage'),
    method: 'get',
    path: '/admin/dead-letters',
    tags: ['Administration'],
    operationId: 'listDeadLetters',
    summary: 'Messages that could not be processed, newest first (EV-07)',
    request: { query: PageQuery.extend({ state: z.enum(STATES).optional() }) },
    responses: { 200: json(pageOf(DeadLetter), 'Dead letters'), ...problems(401, 403) },
  }),
  async (c) => {
    const { limit, cursor, state } = c.req.valid('query');
    const position = decodeCursor(cursor, z.tuple([z.number(), z.string()]));
    const rows = await c
      .get('deps')
      .db.select()
      .from(deadLetters)
      .where(
        and(
          inState(state),
          position === null
            ? undefined
            : sql`(${deadLetters.createdAt}, ${deadLetters.id}) < (${position[0]}, ${position[1]})`,
        ),
      )
      .orderBy(desc(deadLetters.createdAt), desc(deadLetters.id))
      .limit(limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(present),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

deadLettersRoutes.openapi(
  createRoute({
    ...permitted('dead_letters.manage'),
    method: 'get',
    path: '/admin/dead-letters/{id}',
    tags: ['Administration'],
    operationId: 'getDeadLetter',
    summary: 'One dead letter with its body',
    request: { params: LetterId },
    responses: { 200: json(DeadLetter, 'The letter'), ...problems(401, 403, 404) },
  }),
  async (c) => c.json(present(await findLetter(c.get('deps'), c.req.valid('param').id)), 200),
);

deadLettersRoutes.openapi(
  createRoute({
    ...mutation(permitted('dead_letters.manage')),
    method: 'post',
    path: '/admin/dead-letters/{id}/replay',
    tags: ['Administration'],
    operationId: 'replayDeadLetter',
    summary: 'Send a dead letter to its queue once more',
    description:
      'Consumers know what they have done by the id of an event, so that a second time does no harm.',
    request: { params: LetterId },
    responses: { 200: json(DeadLetter, 'The letter, marked as replayed'), ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const letter = await findLetter(deps, c.req.valid('param').id);
    if (letter.discardedAt !== null) throw problem('invalid_transition', 'This letter was discarded.');
    // Sent first: a crash in between sends it once more, and the mark never tells of what did not happen.
    await deps.requeue(letter.queue, JSON.parse(letter.body));
    const entry = { action: 'dead_letter_replayed', reason: null };
    return c.json(present(await mark(deps, letter, { replayedAt: deps.now() }, entry, auditedActor(c))), 200);
  },
);

deadLettersRoutes.openapi(
  createRoute({
    ...mutation(permitted('dead_letters.manage')),
    method: 'post',
    path: '/admin/dead-letters/{id}/discard',
    tags: ['Administration'],
    operationId: 'discardDeadLetter',
    summary: 'Say that a dead letter is not worth sending again; it stays on record',
    request: {
      params: LetterId,
      body: jsonBody(
        z.strictObject({ reason: z.string().trim().min(1).max(500) }).meta({ id: 'DiscardDeadLetter' }),
      ),
    },
    responses: {
      200: json(DeadLetter, 'The letter, marked as discarded'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const letter = await findLetter(deps, c.req.valid('param').id);
    if (letter.discardedAt !== null) throw problem('invalid_transition', 'This letter was discarded.');
    const entry = { action: 'dead_letter_discarded', reason: c.req.valid('json').reason };
    return c.json(
      present(await mark(deps, letter, { discardedAt: deps.now() }, entry, auditedActor(c))),
      200,
    );
  },
);
