/** The events of a book, derived from its journal: what the queue carries and the projection applies. */
import type { EventEnvelope } from '../events.ts';
import { sequencedId } from '../ids.ts';
import type { BookRules, OrderState, PreventedMatch, Side } from './order.ts';
import type { BookRecord, HistoricTrade, MatchState } from './record.ts';

/** Which book events are about. It travels once a message, beside the events. */
export interface BookIdentity {
  bookKey: string;
  sizeId: string;
  productId: string;
  currency: string;
}

type OrderVerb = 'placed' | 'amended' | 'filled' | 'cancelled' | 'expired' | 'relinked';

export type BookEvent =
  | EventEnvelope<`${Side}.${OrderVerb}`, { order: OrderState }>
  | EventEnvelope<'match.created', { match: MatchState }>
  | EventEnvelope<'match.prevented', { prevented: PreventedMatch }>
  | EventEnvelope<'book.rules_changed', { rules: BookRules }>
  | EventEnvelope<'history.imported', { trades: HistoricTrade[] }>;

const EVENT_VERSION = 1;

function verbOf(record: BookRecord, order: OrderState, index: number): OrderVerb {
  if (index === 0 && record.kind === 'place') return 'placed';
  if (order.status === 'expired') return 'expired';
  if (order.status === 'cancelled') return 'cancelled';
  if (index === 0 && record.kind === 'relink') return 'relinked';
  return index === 0 && record.kind === 'amend' ? 'amended' : 'filled';
}

export function orderId(bookKey: string, order: { side: Side; seq: number }): string {
  return sequencedId(order.side, bookKey, order.seq);
}

export function matchId(bookKey: string, number: number): string {
  return sequencedId('mat', bookKey, number);
}

/** Every event of one record, in order; the same record always gives the same events with the same ids. */
export function eventsOf(record: BookRecord, book: BookIdentity): BookEvent[] {
  const events: BookEvent[] = [];
  const envelope = {
    version: EVENT_VERSION,
    aggregate: { type: 'book', id: book.sizeId },
    seq: record.seq,
    correlation_id: record.correlationId,
    occurred_at: new Date(record.atMs).toISOString(),
  };
  const nextId = () => `${book.bookKey}:${record.seq}:${events.length}`;
  record.orders.forEach((order, index) => {
    const type = `${order.side}.${verbOf(record, order, index)}` as const;
    events.push({ event_id: nextId(), type, ...envelope, data: { order } });
  });
  for (const match of record.matches) {
    events.push({ event_id: nextId(), type: 'match.created', ...envelope, data: { match } });
  }
  for (const prevented of record.prevented ?? []) {
    events.push({ event_id: nextId(), type: 'match.prevented', ...envelope, data: { prevented } });
  }
  if (record.rules) {
    events.push({
      event_id: nextId(),
      type: 'book.rules_changed',
      ...envelope,
      data: { rules: record.rules },
    });
  }
  if (record.history) {
    events.push({
      event_id: nextId(),
      type: 'history.imported',
      ...envelope,
      data: { trades: record.history },
    });
  }
  return events;
}
