import { and, asc, count, desc, eq, inArray, ne, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { users } from '../../db/schema.ts';
import { reports } from '../../db/trust-schema.ts';
import type { ReportStatus, ReportTarget } from '../../domain/trust/report.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type ReportRow = typeof reports.$inferSelect;
export const OPEN_REPORTS = ['pending', 'under_review'] as const satisfies readonly ReportStatus[];

const isOpen = inArray(reports.status, [...OPEN_REPORTS]);
const isAbout = (type: ReportTarget, id: string) =>
  and(eq(reports.targetType, type), eq(reports.targetId, id));

export async function findReport(db: Db, id: string): Promise<ReportRow | null> {
  const [row] = await db.select().from(reports).where(eq(reports.id, id));
  return row ?? null;
}

/** People whose open reports are about this, without those who are banned: each has one report of it. */
export async function countReporters(db: Db, type: ReportTarget, id: string): Promise<number> {
  const [row] = await db
    .select({ reporters: count() })
    .from(reports)
    .innerJoin(users, eq(users.id, reports.reporterId))
    .where(and(isAbout(type, id), isOpen, ne(users.status, 'banned')));
  return row?.reporters ?? 0;
}

/** Changes the report that was read, or fails as stale. */
export const changeReportStatements = (db: Db, read: ReportRow, changes: Partial<ReportRow>): Statement[] => [
  db
    .update(reports)
    .set({ ...changes, version: read.version + 1 })
    .where(and(eq(reports.id, read.id), eq(reports.version, read.version))),
  db.run(sql.raw(GUARD_SQL)),
];

/** The other open reports of the same target go the same way. */
export const changeOthersStatement = (db: Db, read: ReportRow, changes: Partial<ReportRow>): Statement =>
  db
    .update(reports)
    .set({ ...changes, version: sql`${reports.version} + 1` })
    .where(and(isAbout(read.targetType, read.targetId), isOpen, ne(reports.id, read.id)));

export interface QueuedReport {
  row: ReportRow;
  /** Open reports of the same target, this one among them. */
  openReports: number;
}

/** The queue of moderators, oldest first while it is about open reports, else newest first. */
export function listQueue(
  db: Db,
  filter: {
    status: ReportStatus | undefined;
    targetType: ReportTarget | undefined;
    targetId: string | undefined;
    assigneeId: string | undefined;
  },
  oldestFirst: boolean,
  position: readonly [number, string] | null,
  limit: number,
): Promise<QueuedReport[]> {
  const order = oldestFirst ? asc : desc;
  const beyond = sql.raw(oldestFirst ? '>' : '<');
  return db
    .select({
      row: reports,
      openReports: sql<number>`(select count(*) from reports as others where others.target_type = reports.target_type
        and others.target_id = reports.target_id and others.status in ('pending', 'under_review'))`,
    })
    .from(reports)
    .where(
      and(
        filter.status === undefined ? undefined : eq(reports.status, filter.status),
        filter.targetType === undefined ? undefined : eq(reports.targetType, filter.targetType),
        filter.targetId === undefined ? undefined : eq(reports.targetId, filter.targetId),
        filter.assigneeId === undefined ? undefined : eq(reports.assigneeId, filter.assigneeId),
        position === null
          ? undefined
          : sql`(${reports.createdAt}, ${reports.id}) ${beyond} (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(order(reports.createdAt), order(reports.id))
    .limit(limit);
}

export const listOfReporter = (
  db: Db,
  reporterId: string,
  position: readonly [number, string] | null,
  limit: number,
): Promise<ReportRow[]> =>
  db
    .select()
    .from(reports)
    .where(
      and(
        eq(reports.reporterId, reporterId),
        position === null
          ? undefined
          : sql`(${reports.createdAt}, ${reports.id}) < (${position[0]}, ${position[1]})`,
      ),
    )
    .orderBy(desc(reports.createdAt), desc(reports.id))
    .limit(limit);
