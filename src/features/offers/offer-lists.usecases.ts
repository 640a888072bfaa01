/** Lists of offers: one's own, and those on one's listing. */
import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import {
  isDue,
  OFFER_SIDES,
  OFFER_SYSTEM,
  type OfferAnswer,
  type OfferSide,
  type OfferStatus,
  sideOf,
} from '../../domain/offers/offer.ts';
import { allowedAnswers } from '../../domain/offers/offer-machine.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { problem } from '../../http/problem.ts';
import { type ListingRow, loadListings } from '../listings/listing.statements.ts';
import { runBatch } from '../orders/order-steps.ts';
import { type MoveRow, type OfferRow, offerState, sweepStatements } from './offer.statements.ts';
import {
  listOffers,
  loadPeople,
  movesOfMany,
  newestFirst,
  type OfferFilter,
  offersNamed,
  type PersonRow,
  type Position,
} from './offers.repository.ts';

export interface OfferPageRequest {
  statuses: readonly OfferStatus[] | null;
  limit: number;
  cursor?: string | undefined;
  /** Rows passed over, for pages by number. */
  offset: number;
}

/** What offers are shown with: their listings as they are now, and the names of people. */
export interface OfferSurroundings {
  listings: ReadonlyMap<string, ListingRow>;
  people: ReadonlyMap<string, PersonRow>;
}

export interface ListedOffer {
  row: OfferRow;
  side: OfferSide;
  allowedActions: OfferAnswer[];
}
export interface OfferListPage {
  offers: ListedOffer[];
  surroundings: OfferSurroundings;
  nextCursor: string | null;
}

const OfferCursor = z.tuple([z.number(), z.string()]);
/** A statement names at most so many listings. */
const LISTINGS_PER_READ = 90;

export async function surroundingsOf(deps: Deps, rows: readonly OfferRow[]): Promise<OfferSurroundings> {
  const listingIds = [...new Set(rows.map(({ listingId }) => listingId))];
  const reads: Promise<ListingRow[]>[] = [];
  for (let start = 0; start < listingIds.length; start += LISTINGS_PER_READ)
    reads.push(loadListings(deps.db, listingIds.slice(start, start + LISTINGS_PER_READ)));
  const people = await loadPeople(deps.db, [
    ...new Set(rows.flatMap(({ buyerId, sellerId }) => [buyerId, sellerId])),
  ]);
  return {
    listings: new Map((await Promise.all(reads)).flat().map((row) => [row.id, row])),
    people: new Map(people.map((row) => [row.id, row])),
  };
}

/** The offers that this user made, or got, or both, newest first. */
export function listMyOffers(
  deps: Deps,
  userId: string,
  sides: readonly OfferSide[],
  page: OfferPageRequest,
): Promise<OfferListPage> {
  const filters = sides.map((as): OfferFilter => ({ side: { userId, as }, statuses: page.statuses }));
  return readPage(deps, userId, filters, page);
}

/** The offers on a listing with all their moves, for its owner; 404 for everybody else (SL-13). */
export async function listOffersOnListing(
  deps: Deps,
  listingId: string,
  userId: string,
  page: OfferPageRequest,
): Promise<OfferListPage & { moves: ReadonlyMap<string, MoveRow[]> }> {
  const [listing] = await loadListings(deps.db, [listingId]);
  if (!listing || listing.sellerId !== userId)
    throw problem('listing_not_found', 'There is no such listing of yours.');
  const found = await readPage(deps, userId, [{ listingId, statuses: page.statuses }], page);
  const moves = new Map<string, MoveRow[]>(found.offers.map(({ row }) => [row.id, []]));
  for (const move of await movesOfMany(deps.db, [...moves.keys()])) moves.get(move.offerId)?.push(move);
  return { ...found, moves };
}

async function readPage(
  deps: Deps,
  userId: string,
  filters: readonly OfferFilter[],
  page: OfferPageRequest,
): Promise<OfferListPage> {
  const position = decodeCursor(page.cursor, OfferCursor);
  const wanted = page.offset + page.limit + 1;
  let rows = await readRows(deps, filters, position, wanted);
  const nowMs = deps.now();
  const due = rows.filter((row) => isDue(offerState(row), nowMs)).map(({ id }) => id);
  if (due.length > 0) {
    const occasion = { atMs: nowMs, correlationId: `expire:${userId}` };
    await runBatch(deps, sweepStatements(deps.db, offersNamed(due), 'expire', OFFER_SYSTEM, occasion));
    rows = await readRows(deps, filters, position, wanted);
  }
  const shown = rows.slice(page.offset, page.offset + page.limit);
  const last = shown.at(-1);
  return {
    offers: shown.map((row) => {
      const side = sideOf(row, userId)!;
      return { row, side, allowedActions: allowedAnswers(offerState(row), side, nowMs) };
    }),
    surroundings: await surroundingsOf(deps, shown),
    nextCursor: rows.length === wanted && last ? encodeCursor([last.createdAt, last.id]) : null,
  };
}

async function readRows(
  deps: Deps,
  filters: readonly OfferFilter[],
  position: Position | null,
  limit: number,
): Promise<OfferRow[]> {
  const lists = await Promise.all(filters.map((filter) => listOffers(deps.db, filter, position, limit)));
  return lists.flat().sort(newestFirst).slice(0, limit);
}

/** Which sides a list is asked for: both when none is named. */
export function sidesAsked(asBuyer: boolean | undefined, asSeller: boolean | undefined): OfferSide[] {
  const asked: Record<OfferSide, boolean | undefined> = { buyer: asBuyer, seller: asSeller };
  if (asBuyer || asSeller) return OFFER_SIDES.filter((side) => asked[side]);
  return OFFER_SIDES.filter((side) => asked[side] !== false);
}
