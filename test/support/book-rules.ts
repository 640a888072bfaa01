import type { BookRules, PlaceCommand, Side } from '../../src/domain/market/order.ts';

/** The rules of a book as the product sets them up. */
export function bookRules(changes: Partial<BookRules> = {}): BookRules {
  return {
    priceRule: 'ask',
    tickCents: 1,
    selfTrade: 'cancel_newest',
    status: 'open',
    collarFactor: 5,
    retailCents: null,
    maxOpenOrdersPerUser: 50,
    ...changes,
  };
}

/** A plain order: one unit, good till cancelled, without expiry. */
export function placeCommand(
  side: Side,
  userId: string,
  priceCents: number,
  changes: Partial<PlaceCommand> = {},
): PlaceCommand {
  return {
    side,
    userId,
    priceCents,
    clientId: null,
    quantity: 1,
    timeInForce: 'gtc',
    postOnly: false,
    expiresAtMs: null,
    confirm: false,
    ...changes,
  };
}
