/**
 * A house in which everything has happened at least twice: two people who trade in every way there is, and staff who
 * look after them. For tests that ask every operation for what is really there.
 */
import { deadLetters, sessions } from '../../src/db/schema.ts';
import { refreshInterests } from '../../src/features/discovery/interests.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from './accounts.ts';
import { deps } from './book-object.ts';
import { createBook, placed, type TestBook } from './books.ts';
import { allDone } from './domain-events.ts';
import { createListing } from './listings.ts';
import { greyPng } from './pictures.ts';
import { acted, matchedOrder, type Purchase } from './purchases.ts';

export interface House {
  ann: TestUser;
  ben: TestUser;
  admin: TestUser;
  /** What stands for each parameter of a path. */
  ids: Record<string, string>;
}

type Body = Record<string, unknown>;

async function sent(
  user: TestUser,
  method: string,
  path: string,
  json?: Body,
): Promise<Record<string, unknown>> {
  const response = await request(`/api/v1${path}`, {
    method,
    token: user.token,
    headers: { 'If-Match': '*' },
    ...(json === undefined ? {} : { json }),
  });
  const text = await response.text();
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
const idOf = async (sending: Promise<Record<string, unknown>>): Promise<string> => String((await sending).id);

const NEARBY = {
  channel: 'community',
  location: { lat: 25, lng: 55, neighborhood: 'Marina', city: 'Dubai' },
};

const ADDRESS = {
  first_name: 'Ann',
  last_name: 'Buyer',
  line1: '1 Main Street',
  city: 'Portland',
  postal_code: '97201',
  country: 'US',
};

const times = async <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> => {
  const made: T[] = [];
  for (let index = 0; index < count; index += 1) made.push(await make(index));
  return made;
};

/** An order paid from a card on file, the way the processor and its webhooks do it. */
async function paidOrder(ann: TestUser, ben: TestUser, book: TestBook): Promise<Purchase> {
  const { order } = await matchedOrder(ann, ben, book);
  await allDone();
  await acted(order.id, 'ship', ben, { carrier: 'DHL', tracking_number: `T${order.id}` });
  return acted(order.id, 'deliver', ann);
}

async function trade({ ann, ben, admin, ids }: House, book: TestBook): Promise<void> {
  await times(2, async () => {
    ids.address_id = await idOf(sent(ann, 'POST', '/addresses', ADDRESS));
    ids.payment_method_id = await idOf(sent(ann, 'POST', '/payment-methods', { token: 'pm_card_visa' }));
  });
  await sent(ben, 'POST', '/seller/account', { country: 'US' });
  await sent(ben, 'POST', '/demo/seller/onboard', {});
  await times(2, async () => {
    const { id, match_id } = await paidOrder(ann, ben, book);
    await acted(id, 'complete', ann);
    ids.match_id = match_id!;
    const payments = await sent(ann, 'GET', `/payments?order_id=${id}`);
    ids.payment_id = (payments.data as { id: string }[])[0]!.id;
    await sent(admin, 'POST', `/payments/${ids.payment_id}/refunds`, {
      amount_cents: 100,
      reason: 'A scratch',
    });
    const review = { rating: 5, comment: 'Fast' };
    ids.review_id = await idOf(sent(ann, 'POST', `/orders/${id}/reviews`, review));
    await sent(ben, 'POST', `/orders/${id}/reviews`, review);
    await allDone();
  });
  await times(2, async (index) => {
    const { id } = await paidOrder(ann, ben, book);
    await acted(id, 'dispute', ann, { reason: `Scuff ${index}` });
    ids.order_id = id;
    ids.dispute_id = `dsp_${id.slice(4)}`;
  });
  await times(2, (index) =>
    sent(ann, 'POST', `/disputes/${ids.dispute_id}/entries`, { body: `See photo ${index}` }),
  );
  const payouts = await sent(ben, 'GET', '/payouts');
  ids.payout_id = (payouts.data as { id: string }[])[0]!.id;
  const [bid] = await times(2, () => placed(book, ann, 'bid', { price_cents: 19_000 }));
  const [ask] = await times(2, () => placed(book, ben, 'ask', { price_cents: 23_000 }));
  ids.bid_id = bid!.id;
  ids.ask_id = ask!.id;
}

async function haggle(ann: TestUser, ben: TestUser, ids: Record<string, string>): Promise<void> {
  await times(2, async (index) => {
    const listing = await createListing(ben, { title: `Lamp ${index}`, price_cents: 50_000, tags: ['lamp'] });
    ids.listing_id = listing.id;
    const photo = await request(`/api/v1/listings/${listing.id}/photos`, {
      token: ben.token,
      method: 'POST',
      body: greyPng(64, 64),
      headers: { 'Content-Type': 'image/png' },
    });
    if (photo.status >= 300) throw new Error(await photo.text());
    ids.photo_id = (await bodyOf<{ id: string; photos?: { id: string }[] }>(photo)).id;
    ids.offer_id = await idOf(sent(ann, 'POST', '/offers', { listing_id: listing.id, price_cents: 40_000 }));
    await sent(ann, 'PUT', `/listings/${listing.id}/favourite`);
    const conversation = await sent(ann, 'POST', '/conversations', {
      other_user_id: ben.userId,
      listing_id: listing.id,
      initial_message: 'Is the lamp still there?',
    });
    ids.conversation_id = String(conversation.id);
    const message = await sent(ben, 'POST', `/conversations/${ids.conversation_id}/messages`, {
      content: 'It is, and the lamp works',
    });
    ids.message_id = String(message.id);
  });
}

async function look(ann: TestUser, ben: TestUser, sizes: readonly string[], ids: Record<string, string>) {
  for (const size of sizes) await sent(ann, 'PUT', `/watchlist/${size}`, { threshold_cents: 1_000 });
  await times(2, async (index) => {
    ids.saved_search_id = await idOf(
      sent(ann, 'POST', '/me/saved-searches', { name: `Lamps ${index}`, criteria: { q: 'lamp' } }),
    );
    await sent(ann, 'GET', `/search?q=lamp%20${index}`);
    await sent(ann, 'GET', `/listings/${ids.listing_id}`);
  });
  await times(2, async (index) => {
    const other = await signUp(`house-other-${index}`);
    await sent(ann, 'PUT', `/users/${other.userId}/follow`);
    await sent(ben, 'PUT', `/users/${other.userId}/follow`);
    await sent(other, 'PUT', `/users/${ben.userId}/follow`);
    await sent(other, 'POST', '/offers', { listing_id: ids.listing_id, price_cents: 41_000 });
    await sent(other, 'PUT', `/users/${ann.userId}/follow`);
    await sent(ann, 'PUT', `/users/${other.userId}/block`);
    await sent(ann, 'POST', '/reports', { target_type: 'user', target_id: other.userId, reason: 'spam' });
  });
  await sent(ann, 'PUT', `/users/${ben.userId}/follow`);
}

async function goLive(host: TestUser, ids: Record<string, string>, listingId: string): Promise<void> {
  ids.stream_id = await idOf(
    sent(host, 'POST', '/streams', {
      title: 'Friday drop',
      tags: [{ type: 'listing', id: listingId }],
      media_url: 'https://video.example/live',
    }),
  );
  await sent(host, 'POST', `/streams/${ids.stream_id}/go-live`, {});
  await sent(host, 'POST', '/streams', { title: 'The one after' });
}

/** People who ask to be verified, goods that are authenticated, and words to everybody. */
async function staffWork({ ann, ben, admin, ids }: House): Promise<void> {
  const dear = await createBook();
  await sent(admin, 'PATCH', `/products/${dear.productId}`, { requires_verification: true });
  await times(2, async (index) => {
    const applicant = await signUp(`house-applicant-${index}`);
    const document = await request('/api/v1/me/verification/documents?kind=passport', {
      method: 'POST',
      token: applicant.token,
      body: new TextEncoder().encode('%PDF-1.7 a passport'),
      headers: { 'Content-Type': 'application/pdf' },
    });
    if (document.status >= 300) throw new Error(await document.text());
    await sent(applicant, 'POST', '/me/verification', {
      legal_name: 'Ada von Example',
      birth_date: '1990-02-28',
      country: 'DE',
    });
    ids.announcement_id = await idOf(
      sent(admin, 'POST', '/admin/notifications/announcements', { title: `News ${index}`, body: 'Hello' }),
    );
    const { order } = await matchedOrder(ann, ben, dear);
    await allDone();
    await acted(order.id, 'ship', ben, { carrier: 'DHL', tracking_number: `V${order.id}` });
  });
  const applications = await sent(admin, 'GET', '/admin/verifications');
  ids.verification_id = (applications.data as { id: string }[])[0]!.id;
  const notices = await sent(ann, 'GET', '/notifications');
  ids.notification_id = (notices.data as { id: string }[])[0]!.id;
}

async function picture({ admin, ids }: House): Promise<void> {
  const image = await request(`/api/v1/products/${ids.product_id}/images?alt=Side`, {
    method: 'POST',
    token: admin.token,
    body: greyPng(64, 64),
    headers: { 'Content-Type': 'image/png' },
  });
  if (image.status !== 201) throw new Error(await image.text());
  ids.image_id = (await bodyOf<{ id: string }>(image)).id;
}

async function lookAfter({ ann, ben, admin, ids }: House): Promise<void> {
  await times(2, async (index) => {
    await sent(admin, 'POST', `/admin/users/${ben.userId}/moderation`, {
      action: 'warning',
      severity: 1,
      reason: `Be kind, ${index}`,
    });
    await sent(admin, 'POST', `/sizes/${ids.size_id}/inventory`, { kind: 'addition', quantity: 1 });
    await deps.db.insert(deadLetters).values({
      id: `house-${index}`,
      queue: 'bourse-events',
      body: '{}',
      reason: 'test',
      attempts: 3,
      createdAt: index,
    });
  });
  const nowMs = deps.now();
  await deps.db.insert(sessions).values({
    id: 'ses_house00000000000',
    userId: ann.userId,
    userAgent: 'another device',
    address: 'local',
    createdAt: nowMs,
    lastUsedAt: nowMs,
    expiresAt: nowMs + 3_600_000,
  });
  const measures = await sent(admin, 'GET', `/admin/users/${ben.userId}/moderation`);
  ids.action_id = (measures.data as { id: string }[])[0]!.id;
  await times(2, (index) => sent(ann, 'PATCH', '/me', { bio: `Likes lamps, ${index}` }));
  const reports = await sent(ann, 'GET', '/me/reports');
  ids.report_id = (reports.data as { id: string }[])[0]!.id;
}

/** Builds the house; it takes a few seconds, once for a test file. */
export async function buildHouse(): Promise<House> {
  const [ann, ben, admin] = await Promise.all([
    signUp('house-ann'),
    signUp('house-ben'),
    signUp('house-admin', 'superadmin'),
  ]);
  const books = [await createBook(), await createBook(), await createBook()];
  const [book] = books as [TestBook];
  const ids: Record<string, string> = {
    product_id: book.productId,
    size_id: book.sizeId,
    user_id: ben.userId,
    session_id: 'ses_house00000000000',
  };
  const house: House = { ann, ben, admin, ids };
  await trade(house, book);
  for (const other of books.slice(1)) await placed(other, ben, 'ask', { price_cents: 23_000 });
  await haggle(ann, ben, ids);
  await look(
    ann,
    ben,
    books.map(({ sizeId }) => sizeId),
    ids,
  );
  await times(2, (index) => createListing(ben, { title: `Followed ${index}`, ...NEARBY }));
  const mine = await createListing(ann, { title: 'Of Ann' });
  await goLive(ann, ids, mine.id);
  await goLive(ben, ids, ids.listing_id!);
  await picture(house);
  await lookAfter(house);
  await staffWork(house);
  await allDone();
  await refreshInterests(deps);
  return house;
}

/** Parts of paths that are no ids. */
const PARTS: Record<string, string> = {
  seq: '1',
  name: 'order_paid',
  channel: 'email',
  language: 'en',
  kind: 'daily',
};

/** The path with what is in the house for its parameters; `{user_id}` of one's own orders is the caller. */
export function pathIn({ ids }: House, path: string, caller: TestUser): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'id') {
      if (path.includes('/product/')) return ids.product_id!;
      const [, noun] =
        /\/(bid|ask|match|user|verification|notification|announcement|dead-letter)(?:e?s)\/\{id\}/.exec(
          path,
        ) ?? [];
      return noun === 'dead-letter' ? 'house-0' : ids[`${noun}_id`]!;
    }
    if (name === 'user_id' && path.includes('/orders/')) return caller.userId;
    if (path.includes('/products/{product_id}/offers')) return ids.listing_id!;
    if (PARTS[name]) return PARTS[name];
    if (name === 'hash') return '0'.repeat(64);
    if (name === 'file') return '640.webp';
    return ids[name] ?? `${name}_0000000000000000`;
  });
}
