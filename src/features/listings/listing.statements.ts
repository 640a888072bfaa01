/**
 * What other features do to listings, as parts of their own batches. Each change is the row under the guard of the version
 * that was read, its history and its event; a batch in which one listing moved on meanwhile is rolled back as a whole,
 * and tells so by `isStale`.
 */
import { and, eq, inArray, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL } from '../../db/client.ts';
import { listingHistory, listings } from '../../db/listings-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Failure } from '../../domain/errors.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import {
  LISTING_SYSTEM,
  type ListingAction,
  type ListingActor,
  type ListingState,
} from '../../domain/listings/listing.ts';
import { type ListingInput, type ListingStep, listingStep } from '../../domain/listings/listing-machine.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export type ListingRow = typeof listings.$inferSelect;
export type NewListingRow = Omit<ListingRow, 'row'>;
/** The columns that an owner edits. */
export type ListingFacts = Omit<
  NewListingRow,
  'id' | 'sellerId' | 'views' | 'createdAt' | 'updatedAt' | keyof StateColumns
>;
type StateColumns = ReturnType<typeof stateColumns>;

export function listingState(row: NewListingRow): ListingState {
  return {
    id: row.id,
    sellerId: row.sellerId,
    status: row.status,
    version: row.version,
    reservedFor: row.reservedFor,
    listedAtMs: row.listedAt,
    expiresAtMs: row.expiresAt,
    soldAtMs: row.soldAt,
    removedFrom: row.removedFrom,
    removedReason: row.removedReason,
  };
}

/** The columns that the machine keeps. */
export function stateColumns(listing: ListingState) {
  return {
    status: listing.status,
    version: listing.version,
    reservedFor: listing.reservedFor,
    listedAt: listing.listedAtMs,
    expiresAt: listing.expiresAtMs,
    soldAt: listing.soldAtMs,
    removedFrom: listing.removedFrom,
    removedReason: listing.removedReason,
  };
}

/** The listings with these ids, at most 90, in any order. */
export function loadListings(db: Db, ids: readonly string[]): Promise<ListingRow[]> {
  return db
    .select()
    .from(listings)
    .where(inArray(listings.id, [...ids]));
}

export interface ListingEventData {
  listing_id: string;
  seller_id: string;
  title: string;
  price_cents: number;
  /** Before an edit; the same as `price_cents` otherwise. */
  previous_price_cents: number;
  currency: string;
  channel: string;
  category_id: string;
  from: string | null;
  to: string;
  action: ListingAction;
  actor_type: string;
  actor_id: string;
  /** The offer or order that it was or is promised to. */
  reserved_for: string | null;
  reason: string | null;
}

/** The event of one step; its id comes from the listing and its version, so that a redelivery has the same. */
export function listingEvent(
  before: NewListingRow | null,
  after: NewListingRow,
  { history, event }: ListingStep,
  correlationId: string,
): EventEnvelope<string, ListingEventData> {
  return {
    event_id: `${after.id}:${history.version}`,
    type: event,
    version: 1,
    aggregate: { type: 'listing', id: after.id },
    seq: history.version,
    correlation_id: correlationId,
    occurred_at: new Date(history.atMs).toISOString(),
    data: {
      listing_id: after.id,
      seller_id: after.sellerId,
      title: after.title,
      price_cents: after.priceCents,
      previous_price_cents: (before ?? after).priceCents,
      currency: after.currency,
      channel: after.channel,
      category_id: after.categoryId,
      from: history.from,
      to: history.to,
      action: history.action,
      actor_type: history.actorType,
      actor_id: history.actorId,
      reserved_for: after.reservedFor ?? before?.reservedFor ?? null,
      reason: history.reason,
    },
  };
}

/** History and event of a step, to follow the change of the row itself. */
export function listingTraces(
  db: Db,
  before: NewListingRow | null,
  after: NewListingRow,
  step: ListingStep,
  correlationId: string,
): Statement[] {
  const { atMs, ...history } = step.history;
  return [
    db.insert(listingHistory).values({ ...history, at: atMs }),
    outboxStatement(db, [listingEvent(before, after, step, correlationId)], atMs),
  ];
}

/** Writes one step of a listing, with changes to its facts if it is an edit. */
export function listingStepStatements(
  db: Db,
  row: ListingRow,
  step: ListingStep,
  correlationId: string,
  facts: Partial<ListingFacts> = {},
): Statement[] {
  const changes = { ...facts, ...stateColumns(step.listing), updatedAt: step.history.atMs };
  return [
    db
      .update(listings)
      .set(changes)
      .where(and(eq(listings.row, row.row), eq(listings.version, row.version))),
    db.run(sql.raw(GUARD_SQL)),
    ...listingTraces(db, row, { ...row, ...changes }, step, correlationId),
  ];
}

/** When a change of another feature happens, and what caused it. */
export interface Occasion {
  atMs: number;
  correlationId: string;
}

function steps(
  db: Db,
  rows: readonly ListingRow[],
  action: Exclude<ListingAction, 'create'>,
  actor: ListingActor,
  input: ListingInput,
  { atMs, correlationId }: Occasion,
): Result<Statement[], Failure> {
  const statements: Statement[] = [];
  for (const row of rows) {
    const step = listingStep(listingState(row), action, actor, input, atMs);
    if (!step.ok) return err(step.error);
    statements.push(...listingStepStatements(db, row, step.value, correlationId));
  }
  return ok(statements);
}

/**
 * Promises listings to one offer or order, all of them or none: active -> reserved. Refused with `invalid_transition`
 * (409) when one of them is not on sale.
 */
export const reserveListings = (
  db: Db,
  rows: readonly ListingRow[],
  holder: string,
  occasion: Occasion,
): Result<Statement[], Failure> => steps(db, rows, 'reserve', LISTING_SYSTEM, { holder }, occasion);

/** Gives up a promise before it was paid: reserved -> active. Refused for another holder than the one it was made to. */
export const releaseListings = (
  db: Db,
  rows: readonly ListingRow[],
  holder: string,
  occasion: Occasion,
): Result<Statement[], Failure> => steps(db, rows, 'release', LISTING_SYSTEM, { holder }, occasion);

/** The money is held: reserved -> sold. */
export const sellListings = (
  db: Db,
  rows: readonly ListingRow[],
  holder: string,
  occasion: Occasion,
): Result<Statement[], Failure> => steps(db, rows, 'sell', LISTING_SYSTEM, { holder }, occasion);

/** The sale came to nothing and its owner still has the item: reserved or sold -> active. */
export const returnListings = (
  db: Db,
  rows: readonly ListingRow[],
  holder: string,
  occasion: Occasion,
): Result<Statement[], Failure> => steps(db, rows, 'return', LISTING_SYSTEM, { holder }, occasion);

/** The sale came to nothing; the item stays away until its owner brings it back: reserved or sold -> paused. */
export const shelveListings = (
  db: Db,
  rows: readonly ListingRow[],
  holder: string,
  occasion: Occasion,
): Result<Statement[], Failure> => steps(db, rows, 'shelve', LISTING_SYSTEM, { holder }, occasion);

/** A moderator, or the reports of many as the system, takes a listing out of sight. `reason` is shown to its owner. */
export const removeListing = (
  db: Db,
  row: ListingRow,
  actor: ListingActor,
  reason: string,
  occasion: Occasion,
): Result<Statement[], Failure> => steps(db, [row], 'remove', actor, { reason }, occasion);

/** A moderator puts a listing back to where it was taken from. */
export const restoreListing = (
  db: Db,
  row: ListingRow,
  actor: ListingActor,
  reason: string | undefined,
  occasion: Occasion,
): Result<Statement[], Failure> =>
  steps(db, [row], 'restore', actor, reason === undefined ? {} : { reason }, occasion);

/** Takes a listing off sale for its owner, such as one who was suspended: active -> paused. */
export const pauseListings = (
  db: Db,
  rows: readonly ListingRow[],
  occasion: Occasion,
): Result<Statement[], Failure> => steps(db, rows, 'pause', LISTING_SYSTEM, {}, occasion);

/** Puts a listing back on sale that was paused for its owner: paused -> active. */
export const resumeListing = (db: Db, row: ListingRow, occasion: Occasion): Result<Statement[], Failure> =>
  steps(db, [row], 'resume', LISTING_SYSTEM, {}, occasion);
