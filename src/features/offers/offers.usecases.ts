import { isStale, isUniqueViolation } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import type { ListingStatus } from '../../domain/listings/listing.ts';
import { PUBLIC_STATUSES } from '../../domain/listings/listing.ts';
import {
  isDue,
  MAX_OFFERS_PER_LISTING,
  OFFER_SYSTEM,
  type OfferAnswer,
  type OfferSide,
  type OfferType,
  sideOf,
} from '../../domain/offers/offer.ts';
import { offerEvent } from '../../domain/offers/offer-events.ts';
import { allowedAnswers, type OfferStep, offerStep } from '../../domain/offers/offer-machine.ts';
import {
  type GivenListing,
  isHaggle,
  openOffer,
  type WantedListing,
} from '../../domain/offers/offer-opening.ts';
import { Problem, problem } from '../../http/problem.ts';
import { assertMayTrade } from '../accounts/trading-rights.ts';
import { isBlocked } from '../conversations/blocks.usecases.ts';
import { openConversation } from '../conversations/open-conversation.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type ListingRow, loadListings } from '../listings/listing.statements.ts';
import { runBatch } from '../orders/order-steps.ts';
import { acceptanceOf } from './accept-offer.ts';
import {
  listingIdsOf,
  listingsUnchanged,
  type MoveRow,
  type OfferChanges,
  type OfferHistoryRow,
  type OfferRow,
  offerAfter,
  offerFacts,
  offerState,
  openingEvents,
  openingStatements,
  stateColumns,
  stepStatements,
} from './offer.statements.ts';
import { sayAtOnce } from './offer-cards.ts';
import {
  type EarlierOffers,
  earlierOffers,
  findByClientKey,
  findOffer,
  findTalk,
  historyOf,
  movesOf,
} from './offers.repository.ts';

/** Every loss means that somebody else changed the offer or its listing, so this bounds how long the last waits. */
const ATTEMPTS = 12;

/** Whoever acts: all that an offer needs to know of them. */
export interface OfferCaller {
  userId: string;
}

export interface NewOffer {
  listingId: string;
  type: OfferType;
  /** In a swap the cash on top, negative when the seller is to pay it; null for the asking price, or no cash. */
  amountCents: number | null;
  swapListingIds?: readonly string[];
  message?: string | null;
  /** 1 to 72 hours; a day when left out. */
  lifeMs?: number;
  /** Whom the lister makes it to: somebody who has asked about the listing. Never from a body. */
  proposedTo?: string;
  /** A purchase with one click: the asking price needs no further yes. */
  isBought?: boolean;
  /** What the caller's client calls this request: a repeat after a lost answer gets the offer that it made. */
  clientId?: string | undefined;
  correlationId?: string;
}

export interface OfferResponse {
  /** The offer, or any move of it. */
  offerId: string;
  action: OfferAnswer;
  /** Of a counter. */
  amountCents?: number | undefined;
  message?: string | null;
  lifeMs?: number;
  correlationId?: string;
}

/** An offer with what this caller can do to it. */
export interface OfferOfCaller {
  row: OfferRow;
  side: OfferSide;
  allowedActions: OfferAnswer[];
  /** How many more offers of this kind the buyer has on the listing. */
  offersLeft: number;
}

const offerNotFound = () => problem('offer_not_found', 'There is no such offer, or it is not yours.');
const listingNotFound = () => problem('listing_not_found', 'There is no such listing.');

const isRace = (error: unknown): boolean => isStale(error) || isUniqueViolation(error);

function offersMade(earlier: EarlierOffers, by: OfferSide, type: OfferType): number {
  if (by === 'seller') return earlier.proposals;
  return isHaggle(type) ? earlier.haggles : earlier.directBuys;
}
const offersLeft = (earlier: EarlierOffers, type: OfferType): number =>
  Math.max(0, MAX_OFFERS_PER_LISTING - offersMade(earlier, 'buyer', type));

async function forSide(deps: Deps, row: OfferRow, side: OfferSide): Promise<OfferOfCaller> {
  return {
    row,
    side,
    allowedActions: allowedAnswers(offerState(row), side, deps.now()),
    offersLeft: offersLeft(await earlierOffers(deps.db, row.listingId, row.buyerId), row.type),
  };
}

/** Writes down that the time of an offer is over. Stale when somebody was faster. */
async function expire(deps: Deps, row: OfferRow): Promise<OfferRow> {
  const step = offerStep(offerState(row), 'expire', OFFER_SYSTEM, {}, deps.now());
  if (!step.ok) throw new Error(`offer ${row.id} cannot expire: ${step.error.detail}`);
  await runBatch(deps, stepStatements(deps.db, row, step.value, `expire:${row.id}`));
  return offerAfter(row, step.value);
}

/** Runs `attempt`, and again from the start when somebody else was faster. */
async function untilSettled<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRace(error)) throw error;
      if (left <= 1) throw problem('unavailable', 'This offer is changing too fast; try again.');
    }
  }
}

/** Reads the offer for one of its parties, expired if it is due; 404 for everybody else. */
async function readForCaller(
  deps: Deps,
  offerId: string,
  { userId }: OfferCaller,
): Promise<{ row: OfferRow; side: OfferSide }> {
  const row = await findOffer(deps.db, offerId);
  const side = row && sideOf(row, userId);
  if (!row || !side) throw offerNotFound();
  return { row: isDue(offerState(row), deps.now()) ? await expire(deps, row) : row, side };
}

/** An offer up to date to the moment, for its parties alone. */
export function getOffer(deps: Deps, offerId: string, caller: OfferCaller): Promise<OfferOfCaller> {
  return untilSettled(async () => {
    const { row, side } = await readForCaller(deps, offerId, caller);
    return forSide(deps, row, side);
  });
}

/** Every move and every change of an offer that the caller may see. */
export async function getOfferPast(
  deps: Deps,
  offerId: string,
): Promise<{ moves: MoveRow[]; history: OfferHistoryRow[] }> {
  const [moves, history] = await Promise.all([movesOf(deps.db, offerId), historyOf(deps.db, offerId)]);
  return { moves, history };
}

// ---- Opening ----

const wantedListing = (row: ListingRow): WantedListing => ({
  id: row.id,
  sellerId: row.sellerId,
  status: row.status,
  expiresAtMs: row.expiresAt,
  priceCents: row.priceCents,
  autoAcceptCents: row.autoAcceptCents,
  autoDeclineCents: row.autoDeclineCents,
  minOfferPct: row.minOfferPct,
  isNegotiable: row.isNegotiable,
  acceptsSwaps: row.acceptsSwaps,
});

/** The listings that are given, in the order in which they were named; those that do not exist count as nobody's. */
function givenListings(
  ids: readonly string[],
  rows: readonly ListingRow[],
  currency: string,
): GivenListing[] {
  return ids.map((id) => {
    const row = rows.find((candidate) => candidate.id === id);
    return row
      ? {
          id,
          sellerId: row.sellerId,
          status: row.status,
          expiresAtMs: row.expiresAt,
          isSameCurrency: row.currency === currency,
        }
      : { id, sellerId: '', status: 'deleted', expiresAtMs: null, isSameCurrency: true };
  });
}

const isPublic = (status: ListingStatus): boolean => PUBLIC_STATUSES.some((one) => one === status);

/**
 * Makes an offer on a listing; the seller is who lists it. A threshold of the listing may answer at once. Refused with
 * `listing_not_found`, with what `openOffer` refuses, and `unavailable`.
 */
export function createOffer(deps: Deps, caller: OfferCaller, input: NewOffer): Promise<OfferOfCaller> {
  return untilSettled(() => attemptToCreate(deps, caller, input));
}

/**
 * Makes an offer in the conversation about a listing: on it as its buyer, or as its lister to the other one. Refuses
 * `conversation_not_found` besides, also where the conversation is about something else.
 */
export async function createOfferInConversation(
  deps: Deps,
  caller: OfferCaller,
  conversationId: string,
  input: Omit<NewOffer, 'listingId'>,
): Promise<OfferOfCaller> {
  const talk = await findTalk(deps.db, conversationId);
  const proposedTo = talk?.userIds.find((userId) => userId !== caller.userId);
  if (!talk?.userIds.includes(caller.userId) || proposedTo === undefined)
    throw problem(
      'conversation_not_found',
      'There is no such conversation about a listing, or it is not yours.',
    );
  return createOffer(deps, caller, { ...input, listingId: talk.listingId, proposedTo });
}

/** The offer that this request has made before, as it stands; refused when it asked for something else then. */
async function madeBefore(
  deps: Deps,
  caller: OfferCaller,
  clientKey: string,
  input: NewOffer,
): Promise<OfferOfCaller | null> {
  const found = await findByClientKey(deps.db, clientKey);
  if (found === null) return null;
  const { row, side } = await readForCaller(deps, found.id, caller);
  const asked = input.amountCents ?? (input.type === 'swap' ? 0 : row.listPriceCents);
  if (row.listingId !== input.listingId || row.type !== input.type || asked !== found.amountCents)
    throw problem('idempotency_key_reused', 'This client_id has made another offer already.');
  return forSide(deps, row, side);
}

async function attemptToCreate(deps: Deps, { userId }: OfferCaller, input: NewOffer): Promise<OfferOfCaller> {
  const { db } = deps;
  const clientKey = input.clientId === undefined ? null : `${userId} ${input.clientId}`;
  const made = clientKey === null ? null : await madeBefore(deps, { userId }, clientKey, input);
  if (made !== null) return made;
  const given = [...new Set(input.swapListingIds ?? [])];
  const rows = await loadListings(db, [input.listingId, ...given]);
  const listing = rows.find(({ id }) => id === input.listingId);
  if (!listing || (!isPublic(listing.status) && listing.sellerId !== userId)) throw listingNotFound();
  const by: OfferSide = input.proposedTo !== undefined && listing.sellerId === userId ? 'seller' : 'buyer';
  const buyerId = by === 'seller' ? input.proposedTo! : userId;
  await assertMayTrade(deps, userId, by === 'seller' ? 'sell' : 'buy');
  const earlier = await earlierOffers(db, listing.id, buyerId);
  const nowMs = deps.now();
  if (earlier.open && isDue(offerState(earlier.open), nowMs)) {
    await expire(deps, earlier.open);
    earlier.open = null;
  }
  const id = newId('ofr', deps.random);
  const opened = openOffer(
    {
      id,
      type: input.type,
      by,
      buyerId,
      amountCents: input.amountCents,
      ...(input.lifeMs === undefined ? {} : { lifeMs: input.lifeMs }),
      given: givenListings(given, rows, listing.currency),
      offersMade: offersMade(earlier, by, input.type),
      hasOpenOffer: earlier.open !== null,
      isBlocked: await isBlocked(deps, buyerId, listing.sellerId),
      isBought: input.isBought ?? false,
    },
    wantedListing(listing),
    nowMs,
  );
  if (!opened.ok) throw new Problem(opened.error);
  const { conversation } = await openConversation(deps, {
    callerId: userId,
    otherUserId: by === 'seller' ? buyerId : listing.sellerId,
    context: { type: 'listing', id: listing.id },
    sellerId: listing.sellerId,
  });
  const last = opened.value.at(-1)!;
  const row: OfferRow = {
    id,
    type: input.type,
    listingId: listing.id,
    listingTitle: listing.title,
    listPriceCents: listing.priceCents,
    currency: listing.currency,
    buyerId,
    sellerId: listing.sellerId,
    ordinal: earlier.lastOrdinal + 1,
    openedBy: by,
    conversationId: conversation.id,
    swapListingIds: JSON.stringify(input.type === 'swap' ? given : []),
    ...stateColumns(last.offer),
    moveId: id,
    parentMoveId: null,
    message: input.message?.trim() || null,
    orderId: null,
    returnOrderId: null,
    swapId: null,
    clientKey,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  await commitOpening(deps, row, opened.value, rows, input.correlationId ?? newId('req', deps.random));
  const kept = (await findOffer(db, id))!;
  return forSide(deps, kept, by);
}

async function commitOpening(
  deps: Deps,
  row: OfferRow,
  steps: readonly OfferStep[],
  listings: readonly ListingRow[],
  correlationId: string,
): Promise<void> {
  const { db } = deps;
  const last = steps.at(-1)!;
  const mine = listings.filter(({ id }) => listingIdsOf(row).includes(id));
  const unchanged = listingsUnchanged(db, mine);
  if (last.offer.status !== 'accepted') {
    await runBatch(deps, [unchanged, ...openingStatements(db, row, steps, correlationId)]);
    return sayAtOnce(deps, openingEvents(row, steps, correlationId));
  }
  const { changes, statements } = await acceptanceOf(deps, row, last, mine, correlationId);
  const kept = { ...row, ...changes };
  await runBatch(deps, [unchanged, ...openingStatements(db, kept, steps, correlationId), ...statements]);
  await sayAtOnce(deps, openingEvents(kept, steps, correlationId));
}

// ---- Answering ----

/**
 * One answer of a party. The same acceptance, refusal or withdrawal told twice is told once. 404 for strangers; refused
 * with what `offerStep` refuses, `listing_unavailable`, `conversation_blocked` unless it ends the matter, `unavailable`.
 */
export function respondToOffer(
  deps: Deps,
  caller: OfferCaller,
  response: OfferResponse,
): Promise<OfferOfCaller> {
  return untilSettled(() => attemptToRespond(deps, caller, response));
}

async function attemptToRespond(
  deps: Deps,
  caller: OfferCaller,
  response: OfferResponse,
): Promise<OfferOfCaller> {
  const { action } = response;
  const { row, side } = await readForCaller(deps, response.offerId, caller);
  const step = offerStep(
    offerState(row),
    action,
    { id: caller.userId, role: side },
    {
      ...(response.amountCents === undefined ? {} : { amountCents: response.amountCents }),
      ...(response.lifeMs === undefined ? {} : { lifeMs: response.lifeMs }),
    },
    deps.now(),
  );
  if (!step.ok) {
    if (await isRepeat(deps, row, action, caller)) return forSide(deps, row, side);
    // What was just written down as expired says so, rather than that its state takes no answer.
    throw row.status === 'expired'
      ? problem('offer_expired', 'The time to answer this offer is over.', {
          offer_status: row.status,
          action,
        })
      : new Problem(step.error);
  }
  const agrees = action === 'counter' || action === 'accept';
  if (agrees && (await isBlocked(deps, row.buyerId, row.sellerId)))
    throw problem('conversation_blocked', 'One of you has blocked the other.');
  if (agrees) await assertMayTrade(deps, caller.userId, side === 'buyer' ? 'buy' : 'sell');
  const after = await commitAnswer(deps, row, step.value, response);
  return forSide(deps, after, side);
}

/** The caller has done just this already, from another device or with an answer that was lost on its way. */
async function isRepeat(
  deps: Deps,
  row: OfferRow,
  action: OfferAnswer,
  { userId }: OfferCaller,
): Promise<boolean> {
  if (action === 'counter' || row.awaiting !== null) return false;
  return (await historyOf(deps.db, row.id)).some(
    (entry) => entry.action === action && entry.actorId === userId,
  );
}

async function commitAnswer(
  deps: Deps,
  row: OfferRow,
  step: OfferStep,
  { message, correlationId = newId('req', deps.random) }: OfferResponse,
): Promise<OfferRow> {
  const { db } = deps;
  const changes: OfferChanges = { message: message?.trim() || null };
  let more: readonly Statement[] = [];
  if (step.offer.status === 'accepted') {
    const listings = await loadListings(db, listingIdsOf(row));
    const acceptance = await acceptanceOf(deps, row, step, listings, correlationId);
    Object.assign(changes, acceptance.changes);
    more = acceptance.statements;
  } else if (step.move) {
    Object.assign(changes, { moveId: newId('ofr', deps.random), parentMoveId: row.moveId });
  }
  await runBatch(deps, [...stepStatements(db, row, step, correlationId, changes), ...more]);
  const after = offerAfter(row, step, changes);
  await sayAtOnce(deps, [offerEvent(step, offerFacts(after), correlationId)]);
  return after;
}
