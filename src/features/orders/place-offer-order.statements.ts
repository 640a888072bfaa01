/**
 * Orders of accepted offers, as a part of the batch that accepts one: the offer, the promise of its listings
 * (`reserveListings`) and the order become true together or not at all.
 *
 *     const placed = await placeFromOffer(deps, accepted);
 *     await db.batch([...offerStatements, ...reserved.value, ...placed.statements]);
 *
 * One offer makes one order: a second acceptance fails on `orders.source`. Afterwards the order tells how it goes on, and
 * the offer and its listings follow. Every event has `source` ('offer' or 'swap'), `offer_id`, `listing_ids` and, for an
 * exchange, `swap_id`, which its two orders share:
 *
 * | Event | The offer | Its listings |
 * |---|---|---|
 * | `order.paid`, `payment.held` | payment_held, for a swap when both orders are paid | sold |
 * | `order.failed` (unpaid) | lapsed | on sale again |
 * | `order.cancelled`, `from: 'pending'` | lapsed | on sale again |
 * | `order.cancelled`, from a later state, `order.refunded` | refunded | back to their owner, see the order's effects |
 * | `order.completed`, `payment.released` | completed, for a swap when both orders are | |
 *
 * The two orders of a swap follow each other by themselves: see `swaps.usecases.ts`.
 */
import { and, eq, inArray } from 'drizzle-orm';
import { addresses } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import type { FeeRate } from '../../domain/market/fees.ts';
import type { Actor, OrderSource } from '../../domain/orders/order.ts';
import { orderAmounts } from '../../domain/orders/order-amounts.ts';
import { problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { feeRateInForce, sellerTiersOf } from '../ledger/ledger.usecases.ts';
import { snapshotOf } from './address-snapshot.ts';
import { draftStatements, type OrderDraft } from './order-draft.ts';
import { nextOrderNumbers } from './orders.repository.ts';

/** A listing as the order keeps it: its title and condition as they were. */
export interface SoldListing {
  id: string;
  title: string;
  condition: string;
}

interface Agreement {
  offerId: string;
  /** Whose rates apply: that of the listing the offer was made on. */
  channel: 'discover' | 'community';
  currency: string;
  /** Who accepted, or the system. */
  actor: Actor;
  correlationId: string;
}

/** An offer of money for one listing. */
export interface AcceptedOffer extends Agreement {
  buyerId: string;
  sellerId: string;
  listing: SoldListing;
  priceCents: number;
}

/** One party of an exchange: what they give, and the cash they add to it. */
export interface SwapParty {
  userId: string;
  listings: readonly SoldListing[];
  cashCents: number;
}

/** An offer of listings for a listing. At most one of the parties adds cash. */
export interface AcceptedSwap extends Agreement {
  swapId: string;
  owner: SwapParty;
  offerer: SwapParty;
}

export interface PlacedOrders {
  /** For a swap first the order that the one who offered buys, then the one that the owner buys. */
  orders: readonly { id: string; number: string }[];
  statements: readonly Statement[];
}

interface Direction {
  source: OrderSource;
  sourceId: string;
  swapId: string | null;
  buyerId: string;
  sellerId: string;
  listings: readonly SoldListing[];
  cashCents: number;
}

/** The order of an accepted offer: pending, to be paid within 24 hours. */
export function placeFromOffer(deps: Deps, accepted: AcceptedOffer): Promise<PlacedOrders> {
  const { offerId, buyerId, sellerId, listing, priceCents } = accepted;
  const direction: Direction = {
    source: 'offer',
    sourceId: offerId,
    swapId: null,
    buyerId,
    sellerId,
    listings: [listing],
    cashCents: priceCents,
  };
  return place(deps, accepted, [direction]);
}

/**
 * The two orders of an accepted exchange, one for each direction. What a party adds in cash is the price of the order
 * they buy; its fee is the channel's, of the cash alone. An order without cash is paid as soon as the other one is.
 */
export function placeFromSwap(deps: Deps, accepted: AcceptedSwap): Promise<PlacedOrders> {
  const { offerId, swapId, owner, offerer } = accepted;
  if (owner.cashCents > 0 && offerer.cashCents > 0)
    throw new RangeError(`both parties of swap ${swapId} add cash`);
  const direction = (buyer: SwapParty, seller: SwapParty, part: string): Direction => ({
    source: 'swap',
    sourceId: `${offerId}:${part}`,
    swapId,
    buyerId: buyer.userId,
    sellerId: seller.userId,
    listings: seller.listings,
    cashCents: buyer.cashCents,
  });
  return place(deps, accepted, [direction(offerer, owner, 'out'), direction(owner, offerer, 'back')]);
}

async function place(
  deps: Deps,
  accepted: Agreement,
  directions: readonly Direction[],
): Promise<PlacedOrders> {
  const { actor } = accepted;
  const nowMs = deps.now();
  const rateOf = await ratesOf(deps, accepted, directions);
  const addressOf = await defaultAddresses(
    deps,
    directions.map(({ buyerId }) => buyerId),
  );
  const numbers = await nextOrderNumbers(deps.db, nowMs, directions.length);
  const drafts = directions.map((direction, index) =>
    draftOf(deps, accepted, direction, {
      number: numbers[index]!,
      rate: rateOf(direction.sellerId),
      shipTo: addressOf.get(direction.buyerId) ?? null,
    }),
  );
  return {
    orders: drafts.map(({ facts: { id, number } }) => ({ id, number })),
    statements: draftStatements(deps, drafts, actor, nowMs),
  };
}

/** The fees of each seller: those of their tier in the channel (SN-43). */
async function ratesOf(
  deps: Deps,
  { channel, currency }: Agreement,
  directions: readonly Direction[],
): Promise<(sellerId: string) => FeeRate> {
  const sellerIds = directions.map(({ sellerId }) => sellerId);
  const tiers = await sellerTiersOf(deps, sellerIds);
  const rates = new Map<string, FeeRate>();
  for (const sellerId of sellerIds) {
    const rate = await feeRateInForce(deps, channel, currency, tiers.get(sellerId));
    if (rate === null) throw problem('unavailable', `No fee rate is in force for ${channel} in ${currency}.`);
    rates.set(sellerId, rate);
  }
  return (sellerId) => rates.get(sellerId)!;
}

function draftOf(
  deps: Deps,
  { offerId, currency, correlationId }: Agreement,
  { source, sourceId, swapId, buyerId, sellerId, listings, cashCents }: Direction,
  { number, rate, shipTo }: { number: string; rate: FeeRate; shipTo: string | null },
): OrderDraft {
  const id = newId('ord', deps.random);
  // What is swapped has no price of its own: the cash stands in the first line.
  const priced = listings.map((_, index) => ({ priceCents: index === 0 ? cashCents : 0, quantity: 1 }));
  const { amounts, lines } = orderAmounts(priced, 0, rate);
  return {
    facts: {
      id,
      number,
      source,
      supply: 'listing',
      buyerId,
      sellerId,
      matchId: null,
      offerId,
      listingId: listings[0]!.id,
      listingIds: listings.map((listing) => listing.id),
      swapId,
      currency,
      totalCents: amounts.totalCents,
      requiresVerification: false,
    },
    sourceId,
    amounts,
    fees: { feeScheduleId: rate.id, buyerFeeBps: rate.buyerBps, sellerFeeBps: rate.sellerBps },
    lines: listings.map(({ id: listingId, title, condition }, index) => ({
      orderId: id,
      line: index + 1,
      sizeId: '',
      productId: '',
      productName: title,
      sizeLabel: condition,
      ...lines[index]!,
      listingId,
    })),
    shipTo,
    correlationId,
  };
}

/** Where these users want their parcels; who has no default address is left out. */
async function defaultAddresses(deps: Deps, userIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await deps.db
    .select()
    .from(addresses)
    .where(
      and(
        inArray(addresses.userId, [...userIds]),
        eq(addresses.kind, 'shipping'),
        eq(addresses.isDefault, true),
      ),
    );
  return new Map(rows.map((row) => [row.userId, snapshotOf(row)]));
}
