/** The events of a book, derived from its journal: what the queue carries and the projection applies. */
import type { EventEnvelope } from '../events.ts';
import { sequencedId } from '../ids.ts';
import type { BookRules, OrderState, PreventedMatch, Side } from './order.ts';
import type { BookRecord, HistoricTrade, MatchState } from './record.ts';

/** Which book an event is about. */
export interface BookIdentity {
  bookKey: string;
  sizeId: string;
  productId: string;
  currency: string;
}

type OrderVerb = 'placed' | 'amended' | 'filled' | 'cancelled' | 'expired';
export interface OrderEventData extends BookIdentity {
  id: string;
  order: OrderState;
}
export interface MatchEventData extends BookIdentity {
  id: string;
  bidId: string;
  askId: string;
  match: MatchState;
}
export interface HistoryEventData extends BookIdentity {
  /** Position of the first trade within its record, so that every trade has an id of its own. */
  trades: HistoricTrade[];
}

export type BookEvent =
  | EventEnvelope<`${Side}.${OrderVerb}`, OrderEventData>
  | EventEnvelope<'match.created', MatchEventData>
  | EventEnvelope<'match.prevented', BookIdentity & { prevented: PreventedMatch }>
  | EventEnvelope<'book.rules_changed', BookIdentity & { rules: BookRules }>
  | EventEnvelope<'history.imported', HistoryEventData>;

const EVENT_VERSION = 1;

function verbOf(record: BookRecord, order: OrderState, index: number): OrderVerb {
  if (index === 0 && record.kind === 'place') return 'placed';
  if (order.status === 'expired') return 'expired';
  if (order.status === 'cancelled') return 'cancelled';
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
    const data = { ...book, id: orderId(book.bookKey, order), order };
    events.push({
      event_id: nextId(),
      type: `${order.side}.${verbOf(record, order, index)}`,
      ...envelope,
      data,
    });
  });
  for (const match of record.matches) {
    const data = {
      ...book,
      id: matchId(book.bookKey, match.number),
      bidId: orderId(book.bookKey, { side: 'bid', seq: match.bidSeq }),
      askId: orderId(book.bookKey, { side: 'ask', seq: match.askSeq }),
      match,
    };
    events.push({ event_id: nextId(), type: 'match.created', ...envelope, data });
  }
  for (const prevented of record.prevented ?? []) {
    events.push({ event_id: nextId(), type: 'match.prevented', ...envelope, data: { ...book, prevented } });
  }
  if (record.rules)
    events.push({
      event_id: nextId(),
      type: 'book.rules_changed',
      ...envelope,
      data: { ...book, rules: record.rules },
    });
  if (record.history) {
    events.push({
      event_id: nextId(),
      type: 'history.imported',
      ...envelope,
      data: { ...book, trades: record.history },
    });
  }
  return events;
}
