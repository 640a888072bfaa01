/** Announcements to everybody, a page of users at a time: each page is an event that brings the next one. */
import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { announcements } from '../../db/notifications-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { Category } from '../../domain/notifications/notice.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { findReaders, noticeStatements } from './notices.repository.ts';
import { makeNotice, sendOff } from './notify.usecases.ts';

export const ANNOUNCEMENT_DUE = 'announcement.page_due';
const USERS_PER_PAGE = 100;

export type AnnouncementRow = typeof announcements.$inferSelect;

const pageEvent = (row: AnnouncementRow, nowMs: number): EventEnvelope => ({
  event_id: `${row.id}:${row.told}`,
  type: ANNOUNCEMENT_DUE,
  version: 1,
  aggregate: { type: 'announcement', id: row.id },
  seq: row.told,
  correlation_id: row.id,
  occurred_at: new Date(nowMs).toISOString(),
  data: { announcement_id: row.id, told: row.told },
});

export async function announce(
  deps: Deps,
  input: { title: string; body: string; link: string | null; category: Category },
  actor: AuditedActor,
): Promise<AnnouncementRow> {
  const nowMs = deps.now();
  const row: AnnouncementRow = {
    id: newId('ann', deps.random),
    ...input,
    status: 'sending',
    told: 0,
    lastUserId: '',
    createdBy: actor.actorId,
    createdAt: nowMs,
    finishedAt: null,
  };
  await deps.db.batch([
    deps.db.insert(announcements).values(row),
    outboxStatement(deps.db, [pageEvent(row, nowMs)], nowMs),
    auditStatement(
      deps.db,
      actor,
      {
        action: 'announcement_made',
        target: { type: 'announcement', id: row.id },
        after: { title: input.title, category: input.category },
      },
      { id: newId('aud', deps.random), atMs: nowMs },
    ),
  ]);
  await deps.outbox.drain();
  return row;
}

/** Stops an announcement that is still going out; those who were told stay told. */
export async function cancelAnnouncement(
  deps: Deps,
  id: string,
  actor: AuditedActor,
): Promise<AnnouncementRow> {
  const row = await findAnnouncement(deps, id);
  if (row.status !== 'sending') return row;
  const nowMs = deps.now();
  try {
    await deps.db.batch([
      deps.db
        .update(announcements)
        .set({ status: 'cancelled', finishedAt: nowMs })
        .where(and(eq(announcements.id, id), eq(announcements.status, 'sending'))),
      deps.db.run(GUARD_SQL),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'announcement_cancelled',
          target: { type: 'announcement', id },
          before: { status: 'sending', told: row.told },
          after: { status: 'cancelled' },
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    // It was done at that moment, or somebody else cancelled it.
    if (!isStale(error)) throw error;
  }
  return findAnnouncement(deps, id);
}

export async function findAnnouncement(deps: Deps, id: string): Promise<AnnouncementRow> {
  const [row] = await deps.db.select().from(announcements).where(eq(announcements.id, id));
  if (row === undefined) throw problem('announcement_not_found', 'There is no such announcement.');
  return row;
}

export function listAnnouncements(deps: Deps, after: readonly [number, string] | null, limit: number) {
  return deps.db
    .select()
    .from(announcements)
    .where(
      after === null
        ? undefined
        : sql`(${announcements.createdAt}, ${announcements.id}) < (${after[0]}, ${after[1]})`,
    )
    .orderBy(desc(announcements.createdAt), desc(announcements.id))
    .limit(limit);
}

/** Tells the next page of users. A page that comes twice finds that it was told, and tells nobody. */
export async function tellNextPage(deps: Deps, event: EventEnvelope): Promise<void> {
  const { announcement_id: id, told } = event.data as { announcement_id: string; told: number };
  const eventId = `${id}:${told}`;
  const [row] = await deps.db.select().from(announcements).where(eq(announcements.id, id));
  if (row === undefined || row.status === 'cancelled') return;
  // A redelivery: the page is written, but perhaps nobody was shown it.
  if (row.told !== told || row.status !== 'sending') return sendOff(deps, eventId);

  const page = await deps.db
    .select({ id: users.id })
    .from(users)
    .where(gt(users.id, row.lastUserId))
    .orderBy(asc(users.id))
    .limit(USERS_PER_PAGE);
  const readers = await findReaders(
    deps.db,
    page.map((user) => user.id),
  );
  const made = await Promise.all(
    Array.from(readers.values(), (reader) =>
      makeNotice(deps, reader, {
        eventId,
        rule: { type: 'system_announcement', template: 'announcement' },
        category: row.category,
        variables: { title: row.title, text: row.body },
        data: { announcement_id: id },
        link: row.link,
        secrets: null,
        groupKey: null,
      }),
    ),
  );
  const nowMs = deps.now();
  const isLast = page.length < USERS_PER_PAGE;
  const next: AnnouncementRow = {
    ...row,
    told: row.told + page.length,
    lastUserId: page.at(-1)?.id ?? row.lastUserId,
    status: isLast ? 'sent' : 'sending',
    finishedAt: isLast ? nowMs : null,
  };
  try {
    await deps.db.batch([
      deps.db
        .update(announcements)
        .set(next)
        .where(
          and(eq(announcements.id, id), eq(announcements.told, told), eq(announcements.status, 'sending')),
        ),
      deps.db.run(GUARD_SQL),
      ...noticeStatements(
        deps.db,
        made.map((notice) => notice.row),
        made.flatMap((notice) => notice.going),
      ),
      outboxStatement(deps.db, isLast ? [] : [pageEvent(next, nowMs)], nowMs),
    ]);
  } catch (error) {
    // The same page came twice at once, or it was cancelled: the other one has seen to it.
    if (!isStale(error)) throw error;
  }
  await sendOff(deps, eventId);
}
