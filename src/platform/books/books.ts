import type { Failure } from '../../domain/errors.ts';
import type { FeeRate } from '../../domain/market/fees.ts';
import type { CandleInterval } from '../../domain/market/market-data.ts';
import type {
  BookStatus,
  OrderState,
  PriceRule,
  RelinkRefusal,
  SelfTradeMode,
  Side,
} from '../../domain/market/order.ts';
import type { HistoricTrade } from '../../domain/market/record.ts';
import type { AmendTerms, OrderTerms } from '../../wire/orders.ts';

/** What a book must know of its product and size; pushed to it by the catalogue, newest version wins. */
export interface BookConfig {
  version: number;
  sizeId: string;
  productId: string;
  productName: string;
  sizeLabel: string;
  currency: string;
  retailCents: number | null;
  /** A hidden product takes no orders and shows no market. */
  hidden: boolean;
  tickCents: number;
  status: BookStatus;
  priceRule: PriceRule;
  selfTrade: SelfTradeMode;
  collarFactor: number | null;
  maxOpenOrdersPerUser: number;
  /** The rates of the `match` channel in the book's currency, past and announced. */
  fees: FeeRate[];
}

/** Who commands, under which request keys (scoped by the object to the user), and the id that flows into the events. */
export interface CommandContext {
  userId: string;
  keys: string[];
  correlationId: string;
}

export type BookCommand =
  | { op: 'place'; side: Side; productId: string; terms: OrderTerms }
  /** Buy or sell at the best price shown; `limitCents` is the worst price the user agreed to. */
  | {
      op: 'take';
      side: Side;
      productId: string;
      quantity: number;
      limitCents: number | null;
      clientId: string | null;
    }
  | { op: 'amend'; side: Side; seq: number; terms: AmendTerms }
  /** `byOperator`: taken out by the house, whoever it belongs to. */
  | { op: 'cancel'; side: Side; seq: number; byOperator?: true };

/** A success carries the JSON of the answer, made once in the object. */
export type CommandAnswer =
  | { ok: true; body: string; replayed: boolean; seq: number }
  | { ok: false; failure: Failure };

export type ReadAnswer = { ok: true; body: string } | { ok: false; failure: Failure };

export type MarketRead =
  | { view: 'market' }
  | { view: 'book'; depth: number }
  | { view: 'trades'; limit: number }
  | { view: 'candles'; interval: CandleInterval; fromMs: number | null; toMs: number | null; limit: number }
  | { view: 'quote'; side: Side; quantity: number; userId: string | null }
  | { view: 'orders'; side: Side; limit: number };

/** What an order read found: an open or just closed order, or nothing that the book still remembers. */
export type OrderRead = { ok: true; body: string } | { ok: false; reason: 'not_yours' | 'not_here' };

/** What a failed match took from an order, to be given back; `order` is its last known state. */
export interface RelinkRequest {
  matchNumber: number;
  order: OrderState;
  quantity: number;
  correlationId: string;
}
export type RelinkAnswer = 'relinked' | RelinkRefusal;

/** Consecutive records, or one part of a record that was cut, that the consumer has applied. */
export interface AppliedRange {
  firstSeq: number;
  lastSeq: number;
  part: number;
  parts: number;
}

/** How far a book is behind: 0 everywhere when all is well. */
export interface BookPulse {
  /** Records that D1 does not have yet, and how long the oldest of them waits. */
  unprojected: number;
  projectionLateMs: number;
  /** How long ago the alarm should have fired. */
  alarmLateMs: number;
}

/** The order books, one object per product-size. Sizes are named by their key (`siz_<key>`). */
export interface Books {
  configure(config: BookConfig): Promise<void>;
  execute(bookKey: string, command: BookCommand, context: CommandContext): Promise<CommandAnswer>;
  readOrder(bookKey: string, side: Side, seq: number, userId: string): Promise<OrderRead>;
  read(bookKey: string, productId: string, read: MarketRead): Promise<ReadAnswer>;
  /** Imports sales of the past with their recorded times; answers how many were new. */
  importHistory(
    bookKey: string,
    productId: string,
    trades: HistoricTrade[],
    context: CommandContext,
  ): Promise<CommandAnswer>;
  /** Gives an order back what a failed match took: once for each match, however often it is asked (C.2.6). */
  relink(bookKey: string, request: RelinkRequest): Promise<RelinkAnswer>;
  /** The consumer's word that it has applied these records. */
  confirm(bookKey: string, ranges: AppliedRange[]): Promise<void>;
  /** Resolves when the projection has this record of the book, or after `timeoutMs`. */
  whenProjected(bookKey: string, seq: number, timeoutMs: number): Promise<void>;
  /** Sends the whole journal of a book once more, for a rebuild of the projection. */
  replayJournal(bookKey: string): Promise<void>;
  /** Wakes the book so that it looks after its outbox and its expiries. */
  poke(bookKey: string): Promise<void>;
  /** Null for a book that was never opened. */
  pulse(bookKey: string): Promise<BookPulse | null>;
  /** Hands a WebSocket upgrade to the book. */
  connect(bookKey: string, request: Request): Promise<Response>;
  /** The answer of any object: proof that objects run. */
  ping(): Promise<void>;
}
