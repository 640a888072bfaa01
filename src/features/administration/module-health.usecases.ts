/** How every module does (GR-10): what it waits for, told by counts that an index answers. */
import { and, count, eq, inArray, isNull, lt, min, sql } from 'drizzle-orm';
import { breakersNow } from '../../db/breakers.ts';
import { orderTimers, outbox } from '../../db/orders-schema.ts';
import { webhookInbox } from '../../db/payments-schema.ts';
import { deadLetters, sizes, users } from '../../db/schema.ts';
import { disputes, reports } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import { readFlags } from '../flags/flags.usecases.ts';

export const MODULE_STATES = ['up', 'degraded', 'down'] as const;
export interface ModuleHealth {
  name: string;
  status: (typeof MODULE_STATES)[number];
  facts: Record<string, number>;
}

/** Work that the cron does each minute and that still waits after this has met something in its way. */
const LATE_MS = 5 * MINUTE_MS;

/** Those whose breaker tells how they do: the processor of payments, and whoever takes our mail (GR-09). */
const PROVIDERS = ['processor', 'mail'] as const;
type Circuit = Awaited<ReturnType<typeof breakersNow>>[number];

async function ping(name: string, probe: () => Promise<unknown>): Promise<ModuleHealth> {
  try {
    await probe();
    return { name, status: 'up', facts: {} };
  } catch {
    return { name, status: 'down', facts: {} };
  }
}

const since = (nowMs: number, atMs: number | null | undefined): number =>
  atMs === null || atMs === undefined ? 0 : Math.max(0, nowMs - atMs);

const moduleOf = (name: string, isWell: boolean, facts: Record<string, number>): ModuleHealth => ({
  name,
  status: isWell ? 'up' : 'degraded',
  facts,
});

/** Counts what is still open; the longest wait among them tells whether a module keeps up. */
export async function moduleHealth(deps: Deps): Promise<ModuleHealth[]> {
  const { db } = deps;
  const nowMs = deps.now();
  const [counts, media, books, flags, circuits] = await Promise.all([
    db.batch([
      db
        .select({ due: count(), oldest: min(outbox.dueAt) })
        .from(outbox)
        .where(lt(outbox.dueAt, nowMs)),
      db
        .select({ due: count(), oldest: min(orderTimers.dueAt) })
        .from(orderTimers)
        .where(lt(orderTimers.dueAt, nowMs)),
      db
        .select({ open: count(), oldest: min(webhookInbox.receivedAt) })
        .from(webhookInbox)
        .where(isNull(webhookInbox.processedAt)),
      db
        .select({ waiting: count() })
        .from(deadLetters)
        .where(and(isNull(deadLetters.replayedAt), isNull(deadLetters.discardedAt))),
      db
        .select({ behind: count(), oldest: min(sizes.updatedAt) })
        .from(sizes)
        .where(sql`${sizes.configSynced} < ${sizes.configVersion}`),
      db
        .select({ open: count(), oldest: min(reports.createdAt) })
        .from(reports)
        .where(inArray(reports.status, ['pending', 'under_review'])),
      db.select({ open: count() }).from(disputes).where(eq(disputes.isOpen, true)),
      db.select({ suspended: count() }).from(users).where(eq(users.status, 'suspended')),
    ]),
    ping('media', () => deps.media.ping()),
    ping('books', () => deps.books.ping()),
    readFlags(deps),
    breakersNow(db, PROVIDERS, nowMs),
  ]);
  const [[events], [timers], [hooks], [letters], [stale], [reported], [disputed], [people]] = counts;
  const [processor, mail] = circuits as [Circuit, Circuit];
  const eventsLateMs = since(nowMs, events?.oldest);
  const timersLateMs = since(nowMs, timers?.oldest);
  const booksLateMs = since(nowMs, stale?.oldest);
  const hooksLateMs = since(nowMs, hooks?.oldest);
  return [
    moduleOf('database', true, {}),
    media,
    books.status === 'down'
      ? books
      : moduleOf('books', booksLateMs < LATE_MS, {
          configurations_behind: stale?.behind ?? 0,
          late_ms: booksLateMs,
        }),
    moduleOf('events', eventsLateMs < LATE_MS, { due: events?.due ?? 0, late_ms: eventsLateMs }),
    moduleOf('dead_letters', letters?.waiting === 0, { waiting: letters?.waiting ?? 0 }),
    moduleOf('orders', timersLateMs < LATE_MS, { overdue: timers?.due ?? 0, late_ms: timersLateMs }),
    moduleOf('payments', hooksLateMs < LATE_MS && !processor.isOpen, {
      webhooks_open: hooks?.open ?? 0,
      late_ms: hooksLateMs,
      breaker_open: processor.isOpen ? 1 : 0,
      breaker_failures: processor.failures,
    }),
    moduleOf('mail', !mail.isOpen, {
      breaker_open: mail.isOpen ? 1 : 0,
      breaker_failures: mail.failures,
    }),
    moduleOf('trust', true, {
      reports_open: reported?.open ?? 0,
      oldest_report_ms: since(nowMs, reported?.oldest),
      disputes_open: disputed?.open ?? 0,
    }),
    moduleOf('accounts', true, { suspended: people?.suspended ?? 0 }),
    moduleOf(
      'configuration',
      flags.every(({ isOn }) => isOn),
      Object.fromEntries(flags.map(({ name, isOn }) => [name, isOn ? 1 : 0])),
    ),
  ];
}
