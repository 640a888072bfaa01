import { type Failure, failure } from '../domain/errors.ts';
import { orderId } from '../domain/market/events.ts';
import { oppositeOf, type Rejection, type Side } from '../domain/market/order.ts';

const money = (cents: number): string => (cents / 100).toFixed(2);

/** The problem a client sees for a command that the engine refused. `side` is that of the refused order. */
export function rejectionFailure(rejection: Rejection, side: Side, bookKey: string): Failure {
  switch (rejection.code) {
    case 'book_halted':
      return failure(rejection.code, 'Trading in this book is halted. Orders can be cancelled.');
    case 'book_cancel_only':
      return failure(rejection.code, 'This book takes cancellations only at the moment.');
    case 'invalid_price':
      return failure(rejection.code, 'The price must be a positive whole number of minor units.');
    case 'price_off_tick':
      return failure(rejection.code, `The price must be a multiple of ${rejection.tickCents} minor units.`, {
        tick_cents: rejection.tickCents,
      });
    case 'invalid_quantity':
      return failure(rejection.code, `The quantity must be from 1 to ${rejection.maxQuantity}.`, {
        max_quantity: rejection.maxQuantity,
      });
    case 'invalid_expiry':
      return {
        code: 'validation_failed',
        detail: 'A gtt order needs expires_at or expires_in_hours above 0.',
        errors: [{ pointer: '/expires_at', detail: 'Required for time_in_force gtt' }],
      };
    case 'order_expired':
      return failure(rejection.code, 'expires_at is in the past.');
    case 'price_outside_collar':
      return failure(
        rejection.code,
        `The price is more than ${rejection.factor} times away from ${money(rejection.referenceCents)}. Send confirm: true if you mean it.`,
        { reference_cents: rejection.referenceCents, factor: rejection.factor },
      );
    case 'open_order_limit':
      return failure(
        rejection.code,
        `You already have ${rejection.limit} open orders in this book. Cancel one first.`,
        {
          limit: rejection.limit,
        },
      );
    case 'fok_unfillable':
      return failure(
        rejection.code,
        `Only ${rejection.availableQuantity} can be filled at this price, so none was.`,
        {
          available_quantity: rejection.availableQuantity,
        },
      );
    case 'post_only_would_cross':
      return failure(
        rejection.code,
        `A post-only order may not match, and the best price is ${money(rejection.bestPriceCents)}.`,
        {
          best_price_cents: rejection.bestPriceCents,
        },
      );
    case 'self_trade_prevented': {
      const makerId = orderId(bookKey, { side: oppositeOf(side), seq: rejection.makerSeq });
      return failure(
        rejection.code,
        `It would trade with your own order ${makerId}. Cancel or amend that one first.`,
        {
          own_order_id: makerId,
        },
      );
    }
    case 'not_resting':
      return failure(rejection.code, 'The order is no longer open, so it cannot be changed.');
    case 'quantity_below_filled':
      return failure(
        rejection.code,
        `${rejection.filled} are already filled; the quantity must be above that. To stop the rest, cancel it.`,
        {
          filled_quantity: rejection.filled,
        },
      );
    case 'nothing_to_amend':
      return failure(rejection.code, 'The order already has these terms.');
  }
}
