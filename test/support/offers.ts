import { listings } from '../../src/db/listings-schema.ts';
import { newId } from '../../src/domain/ids.ts';
import { createListing } from '../../src/domain/listings/listing-machine.ts';
import {
  type ListingRow,
  listingTraces,
  loadListings,
  type NewListingRow,
  stateColumns,
} from '../../src/features/listings/listing.statements.ts';
import { bodyOf, request, type TestUser } from './accounts.ts';
import { deps } from './book-object.ts';

/** The parts of an offer's answer that tests look at. */
export interface TestOffer {
  id: string;
  current_offer_id: string;
  parent_offer_id: string | null;
  type: string;
  status: string;
  role: string;
  awaiting: string | null;
  round: number;
  listing_id: string;
  listing: { title: string; status: string };
  buyer_id: string;
  seller_id: string;
  other_party: { id: string };
  amount_cents: number;
  cash_adjust_cents: number;
  message: string | null;
  expires_at: string | null;
  is_frozen: boolean;
  auto: boolean;
  conversation_id: string;
  order_id: string | null;
  return_order_id: string | null;
  swap_id: string | null;
  version: number;
  allowed_actions: string[];
  offers_left: number;
  moves: { id: string; round: number; by: string; amount_cents: number; message: string | null }[];
  history: { from: string | null; to: string; action: string; actor_id: string }[];
}
export interface OfferList {
  data: TestOffer[];
  next_cursor: string | null;
}

/** A listing on sale, written straight into the database: 500.00, open to offers and swaps. */
export async function listed(seller: TestUser, changes: Partial<NewListingRow> = {}): Promise<ListingRow> {
  const nowMs = deps.now();
  const id = newId('lst', deps.random);
  const step = createListing({ id, sellerId: seller.userId, status: 'active' }, nowMs);
  const [category] = await deps.db.query.categories.findMany({ limit: 1 });
  const row: NewListingRow = {
    id,
    sellerId: seller.userId,
    title: 'A bicycle',
    brand: '',
    description: 'Rides well.',
    tags: '[]',
    priceCents: 50_000,
    currency: 'AED',
    categoryId: category!.id,
    condition: 'good',
    channel: 'community',
    isNegotiable: true,
    acceptsSwaps: true,
    autoAcceptCents: null,
    autoDeclineCents: null,
    minOfferPct: 0,
    offerFeed: 'first_name',
    lat: null,
    lon: null,
    publicLat: null,
    publicLon: null,
    latBand: null,
    neighborhood: null,
    city: null,
    views: 0,
    ...stateColumns(step.listing),
    createdAt: nowMs,
    updatedAt: nowMs,
    ...changes,
  };
  await deps.db.batch([
    deps.db.insert(listings).values(row),
    ...listingTraces(deps.db, null, row, step, 'test'),
  ]);
  return readListing(id);
}

export async function readListing(id: string): Promise<ListingRow> {
  const [row] = await loadListings(deps.db, [id]);
  return row!;
}

/** An offer over HTTP, whatever comes of it. */
export const offer = (
  buyer: TestUser | undefined,
  listing: { id: string },
  json: Record<string, unknown> = { price_cents: 40_000 },
): Promise<Response> =>
  request('/api/v1/offers', { token: buyer?.token, json: { listing_id: listing.id, ...json } });

async function taken(response: Response, status: number): Promise<TestOffer> {
  const body = await bodyOf<TestOffer>(response);
  if (response.status !== status) throw new Error(`refused: ${JSON.stringify(body)}`);
  return body;
}

/** An offer over HTTP that must be taken. */
export const offered = async (
  buyer: TestUser,
  listing: { id: string },
  json?: Record<string, unknown>,
): Promise<TestOffer> => taken(await offer(buyer, listing, json), 201);

export const answer = (
  { id }: { id: string },
  action: string,
  user: TestUser | undefined,
  json?: Record<string, unknown>,
  method = 'POST',
): Promise<Response> =>
  request(`/api/v1/offers/${id}/${action}`, {
    token: user?.token,
    method,
    ...(json === undefined ? {} : { json }),
  });

export const answered = async (
  of: { id: string },
  action: string,
  user: TestUser,
  json?: Record<string, unknown>,
  method = 'POST',
): Promise<TestOffer> => taken(await answer(of, action, user, json, method), 200);

export const readOffer = async ({ id }: { id: string }, user: TestUser): Promise<TestOffer> =>
  taken(await request(`/api/v1/offers/${id}`, { token: user.token }), 200);

export const offersOf = async (user: TestUser, query = ''): Promise<OfferList> =>
  bodyOf<OfferList>(await request(`/api/v1/offers${query}`, { token: user.token }));
