import { and, eq, inArray, sql } from 'drizzle-orm';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { addresses, orders } from '../../db/orders-schema.ts';
import { matches, products, sizes } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { stockChange } from '../../domain/catalog/inventory.ts';
import { newId } from '../../domain/ids.ts';
import { type Cents, MAX_CENTS } from '../../domain/money.ts';
import { SYSTEM } from '../../domain/orders/order.ts';
import {
  assertAddsUp,
  type LineAmounts,
  type OrderAmounts,
  orderAmounts,
} from '../../domain/orders/order-amounts.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { assertMayTrade } from '../accounts/trading-rights.ts';
import { stockStatements } from '../catalog/stock.statements.ts';
import { feeRateInForce } from '../ledger/ledger.usecases.ts';
import { type AddressRow, snapshotOf } from './address-snapshot.ts';
import { draftStatements, type OrderDraft } from './order-draft.ts';
import { runBatch } from './order-steps.ts';
import {
  findBySource,
  isOrderStale,
  type LineRow,
  loadOrder,
  nextOrderNumbers,
  type StoredOrder,
} from './orders.repository.ts';

/** Orders placed in one batch: their rows must fit into the 2 MB of a bound value. */
const ORDERS_PER_BATCH = 200;
const ATTEMPTS = 4;

// ---- Matches ----

/** A match to make an order of: its id, and the request that made it. */
export interface CreatedMatch {
  matchId: string;
  correlationId: string;
}

/**
 * One order for every match, whatever is delivered twice, late or after a crash: the match id is the order's source, and
 * a source makes one order only. The matches must be in D1. Answers how many orders are new.
 */
export async function placeFromMatches(deps: Deps, created: readonly CreatedMatch[]): Promise<number> {
  let placed = 0;
  for (let start = 0; start < created.length; start += ORDERS_PER_BATCH)
    placed += await placePage(deps, created.slice(start, start + ORDERS_PER_BATCH));
  return placed;
}

async function placePage(deps: Deps, created: readonly CreatedMatch[]): Promise<number> {
  for (let left = ATTEMPTS; ; left -= 1) {
    const drafts = await draftMatches(deps, created);
    if (drafts.length === 0) return 0;
    try {
      await runBatch(deps, draftStatements(deps, drafts, SYSTEM, deps.now()));
      return drafts.length;
    } catch (error) {
      // Another consumer had some of the same matches: what is left after a new look is ours.
      const isRace = isUniqueViolation(error, 'orders.source') || isOrderStale(error);
      if (!isRace || left <= 1) throw error;
    }
  }
}

async function draftMatches(deps: Deps, created: readonly CreatedMatch[]): Promise<OrderDraft[]> {
  const { db } = deps;
  const correlations = new Map(created.map(({ matchId, correlationId }) => [matchId, correlationId]));
  const asked = sql`(select value from json_each(${JSON.stringify([...correlations.keys()])}))`;
  const rows = await db
    .select({
      match: matches,
      productName: products.name,
      requiresVerification: products.requiresVerification,
      sizeLabel: sizes.label,
      address: addresses,
    })
    .from(matches)
    .innerJoin(sizes, eq(sizes.id, matches.sizeId))
    .innerJoin(products, eq(products.id, matches.productId))
    .leftJoin(orders, and(eq(orders.source, 'match'), eq(orders.sourceId, matches.id)))
    .leftJoin(
      addresses,
      and(
        eq(addresses.userId, matches.buyerId),
        eq(addresses.kind, 'shipping'),
        eq(addresses.isDefault, true),
      ),
    )
    .where(and(sql`${matches.id} in ${asked}`, sql`${orders.id} is null`));
  if (rows.length === 0) return [];
  const numbers = await nextOrderNumbers(db, deps.now(), rows.length);
  return rows.map(({ match, productName, requiresVerification, sizeLabel, address }, index): OrderDraft => {
    const id = newId('ord', deps.random);
    const { priceCents, quantity, buyerFeeCents, sellerFeeCents } = match;
    const subtotalCents = match.buyerTotalCents - buyerFeeCents;
    const amounts = {
      subtotalCents,
      buyerFeeCents,
      sellerFeeCents,
      shippingCents: 0,
      totalCents: match.buyerTotalCents,
      payoutCents: match.sellerPayoutCents,
      platformCents: buyerFeeCents + sellerFeeCents,
    } as OrderAmounts;
    assertAddsUp(amounts);
    return {
      facts: {
        id,
        number: numbers[index]!,
        source: 'match',
        supply: 'book',
        buyerId: match.buyerId,
        sellerId: match.sellerId,
        matchId: match.id,
        offerId: null,
        listingId: null,
        listingIds: [],
        swapId: null,
        currency: match.currency,
        totalCents: match.buyerTotalCents,
        requiresVerification,
      },
      sourceId: match.id,
      amounts,
      fees: {
        feeScheduleId: match.feeScheduleId,
        buyerFeeBps: match.buyerFeeBps,
        sellerFeeBps: match.sellerFeeBps,
      },
      lines: [
        {
          orderId: id,
          line: 1,
          sizeId: match.sizeId,
          productId: match.productId,
          productName,
          sizeLabel,
          priceCents,
          quantity,
          subtotalCents,
          buyerFeeCents,
          sellerFeeCents,
          listingId: null,
        },
      ],
      shipTo: address === null ? null : snapshotOf(address),
      correlationId: correlations.get(match.id)!,
    };
  });
}

// ---- Checkout ----

export interface CheckoutInput {
  lines: readonly { sizeId: string; quantity: number }[];
  addressId: string | null;
}

interface WantedLine {
  sizeId: string;
  quantity: number;
  productId: string;
  productName: string;
  sizeLabel: string;
  priceCents: number;
  currency: string;
  available: number;
}

/**
 * An order of catalogue goods, which the platform sells at retail price (EV-01). The stock is reserved in the batch of
 * the order, so nothing is sold twice: 409 `insufficient_stock` for the buyer who comes second. A request key makes one
 * order only, also when its first answer was lost.
 */
export async function checkout(
  deps: Deps,
  input: CheckoutInput,
  buyer: Caller,
  request: { idempotencyKey: string | null; requestId: string },
): Promise<StoredOrder> {
  const id = newId('ord', deps.random);
  const sourceId = request.idempotencyKey === null ? id : `${buyer.userId} ${request.idempotencyKey}`;
  const earlier = await findBySource(deps.db, 'checkout', sourceId);
  if (earlier !== null) return (await loadOrder(deps.db, earlier))!;

  await assertMayTrade(deps, buyer.userId, 'buy');
  const wanted = await wantedLines(deps, input.lines);
  const shipTo = await addressOf(deps, input.addressId, buyer.userId);
  const { currency } = wanted[0]!;
  const nowMs = deps.now();
  const rate = await feeRateInForce(deps, 'checkout', currency);
  if (rate === null) throw problem('unavailable', `No fee rate is in force for a checkout in ${currency}.`);
  const { amounts, lines } = orderAmounts(wanted, 0, rate);
  if (amounts.totalCents < 1 || amounts.totalCents > MAX_CENTS)
    throw problem('invalid_amount', 'The total of the order is out of range.');
  const [number] = await nextOrderNumbers(deps.db, nowMs, 1);
  const draft: OrderDraft = {
    facts: {
      id,
      number: number!,
      source: 'checkout',
      supply: 'stock',
      buyerId: buyer.userId,
      sellerId: null,
      matchId: null,
      offerId: null,
      listingId: null,
      listingIds: [],
      swapId: null,
      currency,
      totalCents: amounts.totalCents as Cents,
      requiresVerification: false,
    },
    sourceId,
    amounts,
    fees: { feeScheduleId: rate.id, buyerFeeBps: rate.buyerBps, sellerFeeBps: rate.sellerBps },
    lines: wanted.map((line, index) => lineRow(id, index + 1, line, lines[index]!)),
    shipTo,
    correlationId: request.requestId,
  };
  try {
    await runBatch(deps, [
      ...wanted.flatMap(({ sizeId, quantity }, index) => [
        ...stockStatements(deps.db, stockChange('reservation', quantity), {
          id: `inv_${id.slice(4)}1_${index + 1}`,
          sizeId,
          kind: 'reservation',
          quantity,
          reference: id,
          reason: `order ${number}`,
          actorId: buyer.userId,
          createdAt: nowMs,
        }),
      ]),
      ...draftStatements(deps, [draft], { id: buyer.userId, roles: ['buyer'] }, nowMs),
    ]);
  } catch (error) {
    if (isUniqueViolation(error, 'orders.source')) {
      const first = await findBySource(deps.db, 'checkout', sourceId);
      return (await loadOrder(deps.db, first!))!;
    }
    if (!isStale(error)) throw error;
    throw outOfStock(await wantedLines(deps, input.lines));
  }
  return (await loadOrder(deps.db, id))!;
}

function outOfStock(wanted: readonly WantedLine[]) {
  const short = wanted.find(({ quantity, available }) => quantity > available) ?? wanted[0]!;
  return problem(
    'insufficient_stock',
    `Not enough of size ${short.sizeLabel} of ${short.productName} is left: ${short.available}.`,
    { size_id: short.sizeId, available: short.available },
  );
}

function lineRow(orderId: string, line: number, wanted: WantedLine, amounts: LineAmounts): LineRow {
  const { sizeId, productId, productName, sizeLabel } = wanted;
  return { orderId, line, sizeId, productId, productName, sizeLabel, ...amounts, listingId: null };
}

/** The lines with what the catalogue says of them; lines of the same size become one. */
async function wantedLines(
  deps: Deps,
  lines: readonly { sizeId: string; quantity: number }[],
): Promise<WantedLine[]> {
  const quantities = new Map<string, number>();
  for (const { sizeId, quantity } of lines) quantities.set(sizeId, (quantities.get(sizeId) ?? 0) + quantity);
  const rows = await deps.db
    .select({ size: sizes, product: products })
    .from(sizes)
    .innerJoin(products, eq(products.id, sizes.productId))
    .where(and(inArray(sizes.id, [...quantities.keys()]), eq(products.hidden, false)));
  const found = new Map(rows.map((row) => [row.size.id, row]));
  const wanted = [...quantities].map(([sizeId, quantity]): WantedLine => {
    const row = found.get(sizeId);
    if (!row) throw problem('size_not_found', 'There is no such size.', { size_id: sizeId });
    const { size, product } = row;
    return {
      sizeId,
      quantity,
      productId: product.id,
      productName: product.name,
      sizeLabel: size.label,
      priceCents: product.retailPriceCents,
      currency: product.currency,
      available: size.quantity - size.reserved,
    };
  });
  if (new Set(wanted.map(({ currency }) => currency)).size > 1)
    throw problem('mixed_currencies', 'The lines of one order must be of one currency.');
  if (wanted.some(({ quantity, available }) => quantity > available)) throw outOfStock(wanted);
  return wanted;
}

/** The address asked for, or the default one; null when there is none yet. */
async function addressOf(deps: Deps, addressId: string | null, userId: string): Promise<string | null> {
  const mine = eq(addresses.userId, userId);
  const [row]: AddressRow[] = await deps.db
    .select()
    .from(addresses)
    .where(
      addressId === null
        ? and(mine, eq(addresses.kind, 'shipping'), eq(addresses.isDefault, true))
        : and(mine, eq(addresses.id, addressId)),
    );
  if (row) return snapshotOf(row);
  if (addressId !== null) throw problem('address_not_found', 'There is no such address, or it is not yours.');
  return null;
}
