/** What reconciliation found last, and whether payouts are frozen (reliability 3.9). */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { VERDICTS } from '../domain/integrity/findings.ts';

/** `minute` walks what is new in bounded pages; `full` looks at everything. */
export const INTEGRITY_SCOPES = ['minute', 'full'] as const;
export type IntegrityScope = (typeof INTEGRITY_SCOPES)[number];

/** The last run of each scope, and how far the walks have come. */
export const integrityRuns = sqliteTable('integrity_runs', {
  scope: text({ enum: INTEGRITY_SCOPES }).primaryKey(),
  verdict: text({ enum: VERDICTS }).notNull(),
  /** Every check with what it found, as JSON. */
  results: text().notNull(),
  /** The last row of the ledger's transactions that was looked at. */
  ledgerThrough: integer().notNull(),
  /** The last match, size and payment of the rounds that go page by page; empty when a round begins. */
  matchesThrough: text().notNull(),
  sizesThrough: text().notNull(),
  paymentsThrough: text().notNull(),
  startedAt: integer().notNull(),
  endedAt: integer().notNull(),
});

/** The switch in front of all payouts: one row, `payouts`, from the first time that they were frozen. */
export const payoutFreezes = sqliteTable('payout_freezes', {
  name: text().primaryKey(),
  isFrozen: integer({ mode: 'boolean' }).notNull(),
  reason: text().notNull(),
  actorId: text().notNull(),
  /** The mismatches it was frozen for. JSON. */
  mismatches: text().notNull(),
  /** Mismatches that somebody looked at when they lifted the freeze: these do not freeze again. JSON. */
  acknowledged: text().notNull(),
  version: integer().notNull(),
  changedAt: integer().notNull(),
});
