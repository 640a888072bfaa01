/**
 * One accepted command as the book's journal keeps it: the outcome with absolute after-states, not the command, so that
 * a restart restores exactly what happened even when the engine has learnt new rules since.
 */
import type { FeeRate, MatchAmounts } from './fees.ts';
import { feeRateAt, matchAmounts } from './fees.ts';
import type { BookRules, Change, Fill, OrderState, PreventedMatch } from './order.ts';

export const RECORD_KINDS = [
  'place',
  'amend',
  'cancel',
  'cancel_all',
  'expire',
  'relink',
  'rules',
  'history',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** A sale of the past: `[epoch milliseconds, price in minor units, quantity]`. */
export type HistoricTrade = [atMs: number, priceCents: number, quantity: number];

/** A fill with its number in the book and the fees it was made under. */
export interface MatchState extends Fill, MatchAmounts {
  number: number;
  feeScheduleId: string;
  buyerBps: number;
  sellerBps: number;
}

export interface BookRecord {
  seq: number;
  atMs: number;
  kind: RecordKind;
  correlationId: string;
  /** The caller's request keys (scoped by user) and the fingerprint of what they asked; absent for the book's own acts. */
  request?: { keys: string[]; fingerprint: number };
  orders: readonly OrderState[];
  matches: MatchState[];
  prevented?: readonly PreventedMatch[];
  rules?: BookRules;
  history?: HistoricTrade[];
}

/** Matches and imported trades of one record are numbered within this stride; no record holds more of either. */
const NUMBERS_PER_COMMAND = 512;
export const MAX_HISTORY_PER_RECORD = 500;

export function tradeNumber(seq: number, index: number): number {
  return seq * NUMBERS_PER_COMMAND + index;
}

/** A trade of the public tape: a match or a sale of the past, without its parties. */
export interface TapeTrade {
  number: number;
  atMs: number;
  priceCents: number;
  quantity: number;
  source: 'match' | 'import';
}

export function tradesOf(record: BookRecord): TapeTrade[] {
  const live = record.matches.map(({ number, priceCents, quantity }) => ({
    number,
    atMs: record.atMs,
    priceCents,
    quantity,
    source: 'match' as const,
  }));
  const past = (record.history ?? []).map(([atMs, priceCents, quantity], index) => ({
    number: tradeNumber(record.seq, index),
    atMs,
    priceCents,
    quantity,
    source: 'import' as const,
  }));
  return [...live, ...past];
}

/** The journal's form of a change. Throws RangeError when no fee rate is in force. */
export function recordOf(
  kind: RecordKind,
  change: Change,
  rates: readonly FeeRate[],
  correlationId: string,
): BookRecord {
  const record: BookRecord = {
    seq: change.seq,
    atMs: change.atMs,
    kind,
    correlationId,
    orders: change.orders,
    matches: [],
  };
  if (change.fills.length > 0) {
    const rate = feeRateAt(rates, change.atMs);
    if (rate === null) throw new RangeError('no fee rate is in force');
    record.matches = change.fills.map((fill, index) => ({
      ...fill,
      ...matchAmounts(fill.priceCents, fill.quantity, rate),
      number: tradeNumber(change.seq, index),
      feeScheduleId: rate.id,
      buyerBps: rate.buyerBps,
      sellerBps: rate.sellerBps,
    }));
  }
  if (change.prevented.length > 0) record.prevented = change.prevented;
  return record;
}
