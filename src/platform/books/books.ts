import type { Failure } from '../../domain/errors.ts';
import type { FeeRate } from '../../domain/market/fees.ts';
import type { BookStatus, PriceRule, SelfTradeMode } from '../../domain/market/order.ts';

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

export type BookAnswer<T> = { ok: true; value: T } | { ok: false; failure: Failure };
