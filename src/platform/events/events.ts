import type { BookEvent, BookIdentity } from '../../domain/market/events.ts';

/** One queue message: the events of consecutive journal records of one book, or a part of the events of one record. */
export interface BookMessage {
  kind: 'book_events';
  book: BookIdentity;
  first_seq: number;
  last_seq: number;
  /** A record with very many events is cut into parts; it is done when every part is. */
  part: number;
  parts: number;
  events: BookEvent[];
}

/** Where a book's events go. A resolved `publish` is a hint, not a promise: only the consumer's confirmation counts. */
export interface EventPublisher {
  publish(messages: BookMessage[]): Promise<void>;
}
