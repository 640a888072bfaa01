/** Runs the table of a listing: one action in, the next state and what must be committed with it out. */
import { type Failure, failure } from '../errors.ts';
import { err, ok, type Result } from '../result.ts';
import { rowsFor, rowsFrom } from '../state-machine.ts';
import {
  LISTING_LIFE_MS,
  type ListingAction,
  type ListingActor,
  type ListingHistoryEntry,
  type ListingRole,
  type ListingState,
  type ListingStatus,
  REMOVABLE_STATUSES,
} from './listing.ts';
import { LISTING_TRANSITIONS, type ListingEventType } from './listing-transitions.ts';

/** What a caller brings along. */
export interface ListingInput {
  /** Needed by `remove`. */
  reason?: string;
  /** The offer or order that the item is promised to: needed by `reserve`, `release`, `sell`, `return`, `shelve`. */
  holder?: string;
}

/** One step of a listing: `listing` is what it becomes, the rest is committed with it under the guard of its version. */
export interface ListingStep {
  listing: ListingState;
  history: ListingHistoryEntry;
  event: ListingEventType | 'listing.created';
}

/** On sale no more although nobody has written it down yet. */
export function isDue(
  { status, expiresAtMs }: Pick<ListingState, 'status' | 'expiresAtMs'>,
  nowMs: number,
): boolean {
  return status === 'active' && expiresAtMs !== null && expiresAtMs <= nowMs;
}

/** A new listing: a draft, or on sale at once. */
export function createListing(
  facts: { id: string; sellerId: string; status: 'draft' | 'active' },
  nowMs: number,
): ListingStep {
  const { id, sellerId, status } = facts;
  const isListed = status === 'active';
  const listing: ListingState = {
    id,
    sellerId,
    status,
    version: 1,
    reservedFor: null,
    listedAtMs: isListed ? nowMs : null,
    expiresAtMs: isListed ? nowMs + LISTING_LIFE_MS : null,
    soldAtMs: null,
    removedFrom: null,
    removedReason: null,
  };
  return {
    listing,
    event: 'listing.created',
    history: {
      listingId: id,
      version: 1,
      from: null,
      to: status,
      action: 'create',
      actorType: 'owner',
      actorId: sellerId,
      reason: null,
      atMs: nowMs,
    },
  };
}

const refusal = (action: ListingAction, status: ListingStatus): Failure =>
  failure('invalid_transition', `A listing that is ${status} cannot ${action.replace('_', ' ')}.`, {
    listing_status: status,
    action,
  });

/**
 * Takes one action. Refused with `forbidden` for a role that never may, `invalid_transition` from a state that does not
 * take it (one that is due counts as expired) and for another holder than the one it is promised to, and
 * `reason_required`.
 */
export function listingStep(
  listing: ListingState,
  action: Exclude<ListingAction, 'create'>,
  actor: ListingActor,
  input: ListingInput,
  nowMs: number,
): Result<ListingStep, Failure> {
  const refused = refusal(action, isDue(listing, nowMs) ? 'expired' : listing.status);
  if (isDue(listing, nowMs) && action !== 'expire') return err(refused);
  if (action === 'expire' && !isDue(listing, nowMs)) return err(refused);
  const rows = rowsFor(LISTING_TRANSITIONS, listing.status, action, [actor.role]);
  if (!rows.ok)
    return err(
      rows.error === 'forbidden'
        ? failure('forbidden', `Your role on this listing may not ${action.replace('_', ' ')} it.`)
        : refused,
    );
  const row = rows.value.find(({ to }) => action !== 'restore' || to === listing.removedFrom);
  if (!row || (row.forHolder && input.holder !== listing.reservedFor)) return err(refused);
  const reason = input.reason?.trim() || null;
  if (action === 'remove' && reason === null)
    return err(failure('reason_required', 'Say why the listing is removed.'));
  if (action === 'reserve' && input.holder === undefined) return err(refused);

  const { to } = row;
  // Its days ran out while it was paused: whoever brings it back puts it up anew, or it would be over at once.
  const isOver = action === 'resume' && listing.expiresAtMs !== null && listing.expiresAtMs <= nowMs;
  const renews = row.renews === true || isOver;
  const holds = to === 'reserved' || to === 'sold';
  const next: ListingState = {
    ...listing,
    status: to,
    version: listing.version + 1,
    reservedFor: holds ? (input.holder ?? null) : null,
    soldAtMs: to === 'sold' ? nowMs : null,
    removedFrom: to === 'removed' ? removableFrom(listing.status) : null,
    removedReason: to === 'removed' ? reason : null,
    ...(renews ? { listedAtMs: nowMs, expiresAtMs: nowMs + LISTING_LIFE_MS } : {}),
  };
  return ok({
    listing: next,
    event: isOver ? 'listing.relisted' : row.event,
    history: {
      listingId: listing.id,
      version: next.version,
      from: listing.status,
      to,
      action,
      actorType: actor.role,
      actorId: actor.id,
      reason,
      atMs: nowMs,
    },
  });
}

const removableFrom = (status: ListingStatus) =>
  REMOVABLE_STATUSES.find((removable) => removable === status) ?? null;

type PersonRole = Exclude<ListingRole, 'system'>;

/** What a person with this role can do to a listing now, in the order of the table. */
export function allowedActions(listing: ListingState, role: PersonRole, nowMs: number): ListingAction[] {
  const status = isDue(listing, nowMs) ? 'expired' : listing.status;
  return [...new Set(rowsFrom(LISTING_TRANSITIONS, status, [role]).map(({ action }) => action))];
}

/** How a buyer can get at an item. */
export const BUYING_WAYS = ['buy', 'make_offer', 'propose_swap'] as const;
export type BuyingWay = (typeof BUYING_WAYS)[number];

/** How somebody other than the owner can get at the item now: nothing unless it is on sale. */
export function buyingWays(
  listing: Pick<ListingState, 'status' | 'expiresAtMs'> & { isNegotiable: boolean; acceptsSwaps: boolean },
  nowMs: number,
): BuyingWay[] {
  if (listing.status !== 'active' || isDue(listing, nowMs)) return [];
  return [
    'buy',
    ...(listing.isNegotiable ? (['make_offer'] as const) : []),
    ...(listing.acceptsSwaps ? (['propose_swap'] as const) : []),
  ];
}
