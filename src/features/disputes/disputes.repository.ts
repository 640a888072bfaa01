import { and, asc, desc, eq, gt, inArray, lt, lte, or, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { disputeEntries, disputes } from '../../db/trust-schema.ts';
import type { DisputeStatus } from '../../domain/trust/dispute.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { DisputeRow } from './dispute.statements.ts';

export type EntryRow = typeof disputeEntries.$inferSelect;
export type Position = readonly [number, string] | null;

export async function findDispute(db: Db, id: string): Promise<DisputeRow | null> {
  const [row] = await db.select().from(disputes).where(eq(disputes.id, id));
  return row ?? null;
}

/** Changes the dispute that was read, or fails as stale. */
export const changeDisputeStatements = (
  db: Db,
  read: DisputeRow,
  changes: Partial<DisputeRow>,
): Statement[] => [
  db
    .update(disputes)
    .set({ ...changes, version: read.version + 1 })
    .where(and(eq(disputes.id, read.id), eq(disputes.version, read.version))),
  db.run(sql.raw(GUARD_SQL)),
];

/** A word or a picture in the thread; fails as stale once the dispute is not open any more. */
export const entryStatements = (db: Db, entry: EntryRow): Statement[] => [
  db
    .select({ fresh: sql`case when ${disputes.isOpen} = 0 then json('stale') end` })
    .from(disputes)
    .where(eq(disputes.id, entry.disputeId)),
  db.insert(disputeEntries).values(entry),
];

export async function countEntries(db: Db, disputeId: string, authorId: string): Promise<number> {
  return db.$count(
    disputeEntries,
    and(eq(disputeEntries.disputeId, disputeId), eq(disputeEntries.authorId, authorId)),
  );
}

/** The thread, oldest first. */
export const listEntries = (
  db: Db,
  disputeId: string,
  position: Position,
  limit: number,
): Promise<EntryRow[]> =>
  db
    .select()
    .from(disputeEntries)
    .where(
      and(
        eq(disputeEntries.disputeId, disputeId),
        position === null
          ? undefined
          : sql`(${disputeEntries.createdAt}, ${disputeEntries.id}) > (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(asc(disputeEntries.createdAt), asc(disputeEntries.id))
    .limit(limit);

/** The entry of a dispute that holds this picture. */
export async function hasPicture(db: Db, disputeId: string, contentHash: string): Promise<boolean> {
  const [row] = await db
    .select({ id: disputeEntries.id })
    .from(disputeEntries)
    .where(
      and(
        eq(disputeEntries.disputeId, disputeId),
        sql`exists (select 1 from json_each(dispute_entries.pictures) where value ->> 'hash' = ${contentHash})`,
      ),
    )
    .limit(1);
  return row !== undefined;
}

/** A party's disputes, newest first. */
export function listOfParty(
  db: Db,
  userId: string,
  role: 'buyer' | 'seller' | undefined,
  position: Position,
  limit: number,
): Promise<DisputeRow[]> {
  const isBuyer = eq(disputes.buyerId, userId);
  const isSeller = eq(disputes.sellerId, userId);
  return db
    .select()
    .from(disputes)
    .where(
      and(
        role === 'buyer' ? isBuyer : role === 'seller' ? isSeller : or(isBuyer, isSeller),
        position === null
          ? undefined
          : sql`(${disputes.openedAt}, ${disputes.id}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(disputes.openedAt), desc(disputes.id))
    .limit(limit);
}

/** The queue of staff, most urgent first: amount and age are one sort key. */
export function listQueue(
  db: Db,
  filter: {
    status: DisputeStatus | undefined;
    assigneeId: string | undefined;
    span: { afterMs: number; upToMs: number } | null;
  },
  position: Position,
  limit: number,
): Promise<DisputeRow[]> {
  const { status, assigneeId, span } = filter;
  return db
    .select()
    .from(disputes)
    .where(
      and(
        status === undefined ? eq(disputes.isOpen, true) : eq(disputes.status, status),
        assigneeId === undefined ? undefined : eq(disputes.assigneeId, assigneeId),
        span === null
          ? undefined
          : and(gt(disputes.queuedFrom, span.afterMs), lte(disputes.queuedFrom, span.upToMs)),
        position === null
          ? undefined
          : sql`(${disputes.queuedFrom}, ${disputes.id}) > (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(asc(disputes.queuedFrom), asc(disputes.id))
    .limit(limit);
}

/** Resolved disputes that nobody has touched since. */
export async function closableIds(db: Db, resolvedBeforeMs: number, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: disputes.id })
    .from(disputes)
    .where(and(inArray(disputes.status, ['resolved']), lt(disputes.updatedAt, resolvedBeforeMs)))
    .limit(limit);
  return rows.map(({ id }) => id);
}
