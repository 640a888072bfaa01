/**
 * What is written when offers change, as parts of a batch: one offer under the guard of the version that was read, or
 * all that a condition names. Every change is the row, its history and its event.
 */
import { and, eq, inArray, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { listings } from '../../db/listings-schema.ts';
import { offerHistory, offerListings, offerMoves, offers } from '../../db/offers-schema.ts';
import { outbox } from '../../db/orders-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import {
  type OfferAction,
  type OfferActor,
  type OfferHistoryEntry,
  type OfferState,
  OPEN_STATUSES,
} from '../../domain/offers/offer.ts';
import { type OfferEvent, type OfferFacts, offerEvent } from '../../domain/offers/offer-events.ts';
import type { OfferStep } from '../../domain/offers/offer-machine.ts';
import { OFFER_TRANSITIONS } from '../../domain/offers/offer-transitions.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { ListingRow, Occasion } from '../listings/listing.statements.ts';

export type OfferRow = typeof offers.$inferSelect;
export type MoveRow = typeof offerMoves.$inferSelect;
export type OfferHistoryRow = typeof offerHistory.$inferSelect;

export function offerState(row: OfferRow): OfferState {
  return {
    id: row.id,
    type: row.type,
    listingId: row.listingId,
    buyerId: row.buyerId,
    sellerId: row.sellerId,
    status: row.status,
    version: row.version,
    awaiting: row.awaiting,
    round: row.round,
    amountCents: row.amountCents,
    buyerCents: row.buyerCents,
    sellerCents: row.sellerCents,
    expiresAtMs: row.expiresAt,
    frozenRemainingMs: row.frozenRemainingMs,
    isAuto: row.isAuto,
  };
}

/** The columns that the machine keeps. */
export function stateColumns(offer: OfferState) {
  return {
    status: offer.status,
    version: offer.version,
    awaiting: offer.awaiting,
    round: offer.round,
    amountCents: offer.amountCents,
    buyerCents: offer.buyerCents,
    sellerCents: offer.sellerCents,
    expiresAt: offer.expiresAtMs,
    frozenRemainingMs: offer.frozenRemainingMs,
    isAuto: offer.isAuto,
  };
}

export const givenListingIds = (row: Pick<OfferRow, 'swapListingIds'>): string[] =>
  JSON.parse(row.swapListingIds) as string[];

/** Everything that would change hands. */
export const listingIdsOf = (row: Pick<OfferRow, 'listingId' | 'swapListingIds'>): string[] => [
  row.listingId,
  ...givenListingIds(row),
];

export function offerFacts(row: OfferRow): OfferFacts {
  return {
    listingTitle: row.listingTitle,
    listPriceCents: row.listPriceCents,
    currency: row.currency,
    conversationId: row.conversationId,
    moveId: row.moveId,
    parentMoveId: row.parentMoveId,
    message: row.message,
    orderId: row.orderId,
    swapListingIds: givenListingIds(row),
  };
}

const historyRow = ({ atMs, ...entry }: OfferHistoryEntry): OfferHistoryRow => ({ ...entry, at: atMs });

/** What the first steps of an offer tell; the order belongs to the acceptance alone. */
export const openingEvents = (
  row: OfferRow,
  steps: readonly OfferStep[],
  correlationId: string,
): OfferEvent[] =>
  steps.map((step) => {
    const facts = offerFacts(row);
    return offerEvent(
      step,
      step.event === 'offer.created' ? { ...facts, orderId: null } : facts,
      correlationId,
    );
  });

/** A new offer with its first move; `steps` are what has happened to it at once, `row` is what it is after them. */
export function openingStatements(
  db: Db,
  row: OfferRow,
  steps: readonly OfferStep[],
  correlationId: string,
): Statement[] {
  const [opening] = steps;
  const { by, amountCents, expiresAtMs, atMs, round } = opening!.move!;
  const { actorId } = opening!.history;
  const given = givenListingIds(row);
  return [
    db.insert(offers).values(row),
    db.insert(offerMoves).values({
      id: row.id,
      offerId: row.id,
      round,
      parentId: null,
      by,
      actorId,
      amountCents,
      message: row.message,
      expiresAt: expiresAtMs,
      createdAt: atMs,
    }),
    db.insert(offerListings).values(
      listingIdsOf(row).map((listingId) => ({
        offerId: row.id,
        listingId,
        isGiven: given.includes(listingId),
      })),
    ),
    db.insert(offerHistory).values(steps.map(({ history }) => historyRow(history))),
    outboxStatement(db, openingEvents(row, steps, correlationId), atMs),
  ];
}

/** What comes with a step besides the state: the ids and words of a counter, or the orders of an acceptance. */
export type OfferChanges = Partial<
  Pick<OfferRow, 'moveId' | 'parentMoveId' | 'message' | 'orderId' | 'returnOrderId' | 'swapId'>
>;

/** One step of an offer, as it will be when the batch is through. */
export function offerAfter(row: OfferRow, step: OfferStep, changes: OfferChanges = {}): OfferRow {
  return { ...row, ...changes, ...stateColumns(step.offer), updatedAt: step.history.atMs };
}

/** Writes one step of an offer; the batch is stale when somebody else moved it on. */
export function stepStatements(
  db: Db,
  row: OfferRow,
  step: OfferStep,
  correlationId: string,
  changes: OfferChanges = {},
): Statement[] {
  const after = offerAfter(row, step, changes);
  const { atMs } = step.history;
  const moved = step.move && {
    id: after.moveId,
    offerId: row.id,
    round: step.move.round,
    parentId: after.parentMoveId,
    by: step.move.by,
    actorId: step.history.actorId,
    amountCents: step.move.amountCents,
    message: after.message,
    expiresAt: step.move.expiresAtMs,
    createdAt: atMs,
  };
  return [
    db
      .update(offers)
      .set({ ...changes, ...stateColumns(step.offer), updatedAt: atMs })
      .where(and(eq(offers.id, row.id), eq(offers.version, row.version))),
    db.run(sql.raw(GUARD_SQL)),
    ...(moved ? [db.insert(offerMoves).values(moved)] : []),
    db.insert(offerHistory).values(historyRow(step.history)),
    outboxStatement(db, [offerEvent(step, offerFacts(after), correlationId)], atMs),
  ];
}

/** Rolls the batch back unless all these listings are on sale in the version that was read. */
export function listingsUnchanged(db: Db, rows: readonly ListingRow[]): Statement {
  const read = JSON.stringify(rows.map(({ id, version }) => [id, version]));
  return db
    .select({ guard: sql`case when count(*) <> ${rows.length} then json('stale') end` })
    .from(listings)
    .where(
      and(
        inArray(
          listings.id,
          rows.map(({ id }) => id),
        ),
        eq(listings.status, 'active'),
        sql`(${listings.id}, ${listings.version}) in (select value ->> 0, value ->> 1 from json_each(${read}))`,
      ),
    );
}

// ---- Many at once ----

/** What happens to offers without anybody of them being asked. */
export type SweepingAction = Extract<OfferAction, 'freeze' | 'unfreeze' | 'expire' | 'supersede' | 'end'>;

/** The plus keeps the planner from walking all open offers there are: it goes by the offers that are named. */
const isOpenSql = sql`+${offers.status} in (${sql.join(
  OPEN_STATUSES.map((status) => sql`${status}`),
  sql`, `,
)})`;

/** Open offers in which one of these listings would change hands. */
export const offersOn = (listingIds: readonly string[]): SQL =>
  and(
    isOpenSql,
    sql`${offers.id} in (select ${offerListings.offerId} from ${offerListings} where ${offerListings.listingId} in (select value from json_each(${JSON.stringify(listingIds)})))`,
  )!;

/** The guards of the table, as conditions. */
function guardOf(action: SweepingAction, nowMs: number): SQL | undefined {
  switch (action) {
    case 'freeze':
      return and(isNull(offers.frozenRemainingMs), sql`+${offers.expiresAt} > ${nowMs}`);
    case 'unfreeze':
      // One that waits for two listings waits for both.
      return and(
        isNotNull(offers.frozenRemainingMs),
        sql`not exists (select 1 from ${offerListings} join ${listings} on ${listings.id} = ${offerListings.listingId} where ${offerListings.offerId} = ${offers.id} and ${listings.status} = 'reserved')`,
      );
    case 'expire':
      return sql`+${offers.expiresAt} <= ${nowMs}`;
    default:
      return undefined;
  }
}

/** What the columns become, as expressions of what they are; the same as the machine's step says. */
function changedColumns(action: SweepingAction, to: string, nowMs: number) {
  switch (action) {
    case 'freeze':
      return {
        status: sql`${offers.status}`,
        awaiting: sql`${offers.awaiting}`,
        expiresAt: sql`null`,
        frozenRemainingMs: sql`${offers.expiresAt} - ${nowMs}`,
      };
    case 'unfreeze':
      return {
        status: sql`${offers.status}`,
        awaiting: sql`${offers.awaiting}`,
        expiresAt: sql`${nowMs} + ${offers.frozenRemainingMs}`,
        frozenRemainingMs: sql`null`,
      };
    default:
      return {
        status: sql`${to}`,
        awaiting: sql`null`,
        expiresAt: sql`${offers.expiresAt}`,
        frozenRemainingMs: sql`null`,
      };
  }
}

/**
 * The same step of every open offer that the condition names, however many, each with its history and event: nobody who
 * bids at that moment is left out. `where` must still hold when the history and the events have been written.
 */
export function sweepStatements(
  db: Db,
  where: SQL,
  action: SweepingAction,
  actor: OfferActor,
  { atMs, correlationId }: Occasion,
): Statement[] {
  const row = OFFER_TRANSITIONS.find((candidate) => candidate.action === action)!;
  const named = and(isOpenSql, where, guardOf(action, atMs))!;
  const after = changedColumns(action, row.to, atMs);
  const version = sql`${offers.version} + 1`;
  const at = new Date(atMs).toISOString();
  const expiry = sql`strftime('%Y-%m-%dT%H:%M:%fZ', (${after.expiresAt}) / 1000.0, 'unixepoch')`;
  const isSwap = sql`${offers.type} = 'swap'`;
  const data = sql`json_object(
    'offer_id', ${offers.moveId}, 'chain_id', ${offers.id}, 'parent_offer_id', ${offers.parentMoveId},
    'listing_id', ${offers.listingId}, 'listing_title', ${offers.listingTitle},
    'conversation_id', ${offers.conversationId}, 'buyer_id', ${offers.buyerId}, 'seller_id', ${offers.sellerId},
    'actor_id', ${actor.role === 'system' ? null : actor.id}, 'offer_type', ${offers.type}, 'status', ${after.status},
    'amount_cents', abs(${offers.amountCents}), 'list_price_cents', ${offers.listPriceCents},
    'currency', ${offers.currency}, 'version', ${version}, 'round', ${offers.round}, 'awaiting', ${after.awaiting},
    'message', ${offers.message}, 'expires_at', ${expiry},
    'auto', json(case ${offers.isAuto} when 1 then 'true' else 'false' end), 'order_id', ${offers.orderId},
    'swap_listing_ids', json(${offers.swapListingIds}),
    'cash_adjust_cents', case when ${isSwap} then ${offers.amountCents} else 0 end)`;
  const eventId = sql`${offers.id} || ':' || (${version})`;
  const body = sql`json_object('event_id', ${eventId}, 'type', ${row.event}, 'version', 1,
    'aggregate', json_object('type', 'offer', 'id', ${offers.id}), 'seq', ${version},
    'correlation_id', ${correlationId}, 'occurred_at', ${at}, 'data', ${data})`;
  return [
    db
      .insert(offerHistory)
      .select(
        sql`select ${offers.id}, ${version}, ${offers.status}, ${after.status}, ${action}, ${actor.role}, ${actor.id}, ${atMs} from ${offers} where ${named}`,
      ),
    db
      .insert(outbox)
      .select(
        sql`select ${eventId}, ${row.event}, ${body}, ${atMs}, ${atMs}, null, 0 from ${offers} where ${named}`,
      ),
    db
      .update(offers)
      .set({ ...after, version, updatedAt: atMs })
      .where(named),
  ];
}
