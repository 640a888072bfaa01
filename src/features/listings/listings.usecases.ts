import { isStale } from '../../db/client.ts';
import { listingPriceChanges, listings } from '../../db/listings-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { blurred, latBand } from '../../domain/listings/distance.ts';
import { type ListingAction, PUBLIC_STATUSES } from '../../domain/listings/listing.ts';
import {
  createListing as createStep,
  isDue,
  type ListingStep,
  listingStep,
} from '../../domain/listings/listing-machine.ts';
import { contradictionsOf } from '../../domain/listings/listing-terms.ts';
import { permissionsOf } from '../../http/auth.ts';
import { requiredVersion } from '../../http/etag.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { findCategory } from './categories.usecases.ts';
import { commit, listingNotFound, withFreshListing } from './fresh-listing.ts';
import {
  type ListingFacts,
  type ListingRow,
  listingEvent,
  listingState,
  listingStepStatements,
  listingTraces,
  type NewListingRow,
  stateColumns,
} from './listing.statements.ts';
import { findWhole, listingLimitGuard, type WholeListing } from './listings.repository.ts';
import type { ListingChanges, NewListing } from './listings.schemas.ts';
import { checkRoomOnSale, type SellingRights, sellingRights } from './selling.ts';

/** What somebody who reads a listing is to it. */
export type Viewpoint = 'owner' | 'moderator' | 'user' | 'stranger';

export interface ViewedListing extends WholeListing {
  viewpoint: Viewpoint;
}

const PUBLIC: ReadonlySet<string> = new Set(PUBLIC_STATUSES);

/** On sale, promised or sold: what everybody may see. One that is due is not. */
export const isPublic = (row: ListingRow, nowMs: number): boolean =>
  PUBLIC.has(row.status) && !isDue(listingState(row), nowMs);

async function viewpointOf(deps: Deps, row: ListingRow, caller: Caller | null): Promise<Viewpoint> {
  if (caller === null) return 'stranger';
  if (caller.userId === row.sellerId) return 'owner';
  // A plain user's token says so; what a role may do is asked of the database.
  if (caller.roles.every((role) => role === 'user')) return 'user';
  const permissions = await permissionsOf(deps.db, caller.userId);
  return permissions.includes('content.moderate') ? 'moderator' : 'user';
}

/** A listing as this caller may see it; what is not for their eyes does not exist: 404. */
export async function getListing(deps: Deps, id: string, caller: Caller | null): Promise<ViewedListing> {
  const whole = await findWhole(deps.db, id);
  if (!whole || whole.listing.status === 'deleted') throw listingNotFound();
  const viewpoint = await viewpointOf(deps, whole.listing, caller);
  const isInside = viewpoint === 'owner' || viewpoint === 'moderator';
  if (!isInside && !isPublic(whole.listing, deps.now())) throw listingNotFound();
  return { ...whole, viewpoint };
}

/** Entity tag of a listing as it is shown: its version, then its views. Edits go by the version alone. */
export const listingTag = ({ version, views }: Pick<ListingRow, 'version' | 'views'>): string =>
  `"v${version}.${views}"`;
const editedVersion = (ifMatch: string | undefined, current: number): number =>
  requiredVersion(ifMatch?.replaceAll(/\.\d+"/g, '"'), current);

async function categoryIdOf(deps: Deps, idOrSlug: string): Promise<string> {
  const row = await findCategory(deps.db, idOrSlug);
  if (row) return row.id;
  const detail = 'There is no such category.';
  throw new Problem({
    code: 'validation_failed',
    detail,
    errors: [{ pointer: '/category_id', detail }],
  });
}

function placeColumns(location: NewListing['location']) {
  if (location === null)
    return {
      lat: null,
      lon: null,
      publicLat: null,
      publicLon: null,
      latBand: null,
      neighborhood: null,
      city: null,
    };
  const shown = blurred({ lat: location.lat, lon: location.lng });
  return {
    lat: location.lat,
    lon: location.lng,
    publicLat: shown.lat,
    publicLon: shown.lon,
    latBand: latBand(shown.lat),
    neighborhood: location.neighborhood || null,
    city: location.city || null,
  };
}

/** Refuses what contradicts itself; a listing between neighbours must say where it is before it goes on sale. */
function checkTerms(facts: ListingFacts, isOnSale: boolean): void {
  const errors = contradictionsOf(facts);
  if (isOnSale && facts.channel === 'community' && facts.lat === null)
    errors.push({ pointer: '/location', detail: 'a community listing needs a location' });
  if (errors.length > 0)
    throw new Problem({ code: 'validation_failed', detail: 'The terms do not fit together.', errors });
}

/** The guard of the seller's limit, as the end of a batch that puts a listing on sale. */
const limitGuard = (deps: Deps, { sellerId, maxOnSale }: SellingRights): Statement[] =>
  maxOnSale === Number.POSITIVE_INFINITY ? [] : [listingLimitGuard(deps.db, sellerId, maxOnSale)];

const limitLost = () => problem('listing_limit_reached', 'You have as many listings on sale as you may.');

/** Makes a listing of the caller's, as a draft or on sale at once. */
export async function createListing(
  deps: Deps,
  caller: Caller,
  input: NewListing,
  correlationId: string,
): Promise<ViewedListing> {
  const rights = await sellingRights(deps, caller.userId);
  const isOnSale = input.status === 'active';
  if (isOnSale) await checkRoomOnSale(deps, rights);
  const nowMs = deps.now();
  const id = newId('lst', deps.random);
  const step = createStep({ id, sellerId: caller.userId, status: input.status }, nowMs);
  const row: NewListingRow = {
    id,
    sellerId: caller.userId,
    ...(await newFacts(deps, input)),
    ...stateColumns(step.listing),
    views: 0,
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  checkTerms(row, isOnSale);
  try {
    await commit(deps, [
      deps.db.insert(listings).values(row),
      ...listingTraces(deps.db, null, row, step, correlationId),
      ...(isOnSale ? limitGuard(deps, rights) : []),
    ]);
  } catch (error) {
    throw isStale(error) ? limitLost() : error;
  }
  await deps.outbox.drain();
  return { ...(await findWhole(deps.db, id))!, viewpoint: 'owner' };
}

async function newFacts(deps: Deps, input: NewListing): Promise<ListingFacts> {
  return {
    title: input.title,
    brand: input.brand,
    description: input.description,
    tags: JSON.stringify(input.tags),
    priceCents: input.price_cents,
    currency: input.currency,
    categoryId: await categoryIdOf(deps, input.category_id),
    condition: input.condition,
    channel: input.channel,
    isNegotiable: input.is_negotiable,
    acceptsSwaps: input.accepts_swaps,
    autoAcceptCents: input.auto_accept_cents,
    autoDeclineCents: input.auto_decline_cents,
    minOfferPct: input.min_offer_pct,
    offerFeed: input.offer_feed,
    ...placeColumns(input.location),
  };
}

/** The named columns of an edit; what it leaves out stays out. */
async function changedFacts(deps: Deps, changes: ListingChanges): Promise<Partial<ListingFacts>> {
  const columns: { [K in keyof ListingFacts]?: ListingFacts[K] | undefined } = {
    title: changes.title,
    brand: changes.brand,
    description: changes.description,
    tags: changes.tags && JSON.stringify(changes.tags),
    priceCents: changes.price_cents,
    categoryId: changes.category_id && (await categoryIdOf(deps, changes.category_id)),
    condition: changes.condition,
    channel: changes.channel,
    isNegotiable: changes.is_negotiable,
    acceptsSwaps: changes.accepts_swaps,
    autoAcceptCents: changes.auto_accept_cents,
    autoDeclineCents: changes.auto_decline_cents,
    minOfferPct: changes.min_offer_pct,
    offerFeed: changes.offer_feed,
    ...(changes.location === undefined ? {} : placeColumns(changes.location)),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/** Edits a listing of the caller's that is still at the version of `ifMatch`. */
export async function changeListing(
  deps: Deps,
  id: string,
  caller: Caller,
  ifMatch: string | undefined,
  changes: ListingChanges,
  correlationId: string,
): Promise<ViewedListing> {
  const facts = await changedFacts(deps, changes);
  await withFreshListing(deps, id, correlationId, ownedBy(caller), async (row) => {
    editedVersion(ifMatch, row.version);
    const step = ownerStep(deps, row, 'edit');
    const after = { ...row, ...facts };
    checkTerms(after, row.status === 'active');
    await commit(deps, [
      ...listingStepStatements(deps.db, row, step, correlationId, facts),
      ...priceStatements(deps, row, after, step, correlationId),
    ]);
  });
  await deps.outbox.drain();
  return getListing(deps, id, caller);
}

/** An edit of the price is written down, and told apart from other edits: buyers wait for it. */
function priceStatements(
  deps: Deps,
  before: ListingRow,
  after: ListingRow,
  step: ListingStep,
  correlationId: string,
): Statement[] {
  if (before.priceCents === after.priceCents) return [];
  const { version, atMs } = step.history;
  const told = listingEvent(before, { ...after, ...stateColumns(step.listing) }, step, correlationId);
  const event = { ...told, event_id: `${told.event_id}:price`, type: 'listing.price_changed' };
  return [
    deps.db.insert(listingPriceChanges).values({
      listingId: before.id,
      version,
      fromCents: before.priceCents,
      toCents: after.priceCents,
      at: atMs,
    }),
    outboxStatement(deps.db, [event], atMs),
  ];
}

export const ownedBy =
  (caller: Caller) =>
  (row: ListingRow): boolean =>
    row.sellerId === caller.userId;

/** One action of the owner; throws the refusal of the machine. */
export function ownerStep(
  deps: Deps,
  row: ListingRow,
  action: Exclude<ListingAction, 'create'>,
): ListingStep {
  const step = listingStep(listingState(row), action, { id: row.sellerId, role: 'owner' }, {}, deps.now());
  if (!step.ok) throw new Problem(step.error);
  return step.value;
}

/** Publishes, pauses, resumes or relists a listing of the caller's. */
export async function moveListing(
  deps: Deps,
  id: string,
  caller: Caller,
  action: 'publish' | 'pause' | 'resume' | 'relist',
  correlationId: string,
): Promise<ViewedListing> {
  await withFreshListing(deps, id, correlationId, ownedBy(caller), async (row) => {
    const step = ownerStep(deps, row, action);
    if (action === 'pause') return commit(deps, listingStepStatements(deps.db, row, step, correlationId));
    const rights = await sellingRights(deps, caller.userId);
    await checkRoomOnSale(deps, rights);
    checkTerms(row, true);
    await commit(deps, [
      ...listingStepStatements(deps.db, row, step, correlationId),
      ...limitGuard(deps, rights),
    ]);
  });
  await deps.outbox.drain();
  return getListing(deps, id, caller);
}

/** Takes a listing of the caller's away for good; its orders and history stay. */
export async function deleteListing(
  deps: Deps,
  id: string,
  caller: Caller,
  ifMatch: string | undefined,
  correlationId: string,
): Promise<void> {
  await withFreshListing(deps, id, correlationId, ownedBy(caller), async (row) => {
    if (ifMatch !== undefined) editedVersion(ifMatch, row.version);
    await commit(deps, listingStepStatements(deps.db, row, ownerStep(deps, row, 'delete'), correlationId));
  });
  await deps.outbox.drain();
}
