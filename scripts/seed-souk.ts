/**
 * Fills the souk of a server with the demo's listings through its public API, as their sellers would. A listing is a
 * draft until it has its photos, so one that is on sale is whole; a second run, or one that resumes, finds by its title
 * what a seller has and adds nothing twice.
 */
import { renderPng } from './demo/artwork.ts';
import { drawSoukItem } from './demo/souk-artwork.ts';
import { SOUK_ITEMS, SOUK_PLACES, type SoukItem } from './demo/souk-items.ts';
import { DEMO_TRADERS } from './demo/traders.ts';
import {
  type ApiClient,
  createApiClient,
  registerOrLogin,
  type Session,
  sendExpecting,
} from './support/api-client.ts';
import { forEachLimited } from './support/concurrency.ts';
import { DEMO_ACCOUNTS } from './support/demo-accounts.ts';
import { type ProgressStream, startProgress } from './support/progress.ts';

/** Requests in flight: pictures are decoded one at a time anyway. */
const CONCURRENCY = 4;
const PAGE = 100;
const VIEWS = ['room', 'close'] as const;

export type SoukSeedOptions = {
  readonly url: string;
  /** How many things, from the front of the list. */
  readonly items: number;
  readonly password: string;
  readonly output: ProgressStream;
};
export type SoukSeedReport = { readonly listings: number; readonly photos: number };

type Known = { readonly id: string; readonly title: string; readonly status: string };
type Stall = { readonly session: Session; readonly known: ReadonlyMap<string, Known> };

export async function seedSouk(options: SoukSeedOptions): Promise<SoukSeedReport> {
  const client = createApiClient(options.url, CONCURRENCY);
  try {
    const items = SOUK_ITEMS.slice(0, options.items);
    const stalls = new Map<number, Promise<Stall>>();
    const stallOf = (seller: number): Promise<Stall> => {
      const open = stalls.get(seller) ?? openStall(client, seller, options.password);
      stalls.set(seller, open);
      return open;
    };
    const report = { listings: 0, photos: 0 };
    const progress = startProgress('listings', items.length, options.output);
    await forEachLimited(items, CONCURRENCY, async (item) => {
      const added = await ensureListing(client, await stallOf(item.seller), item);
      if (added !== null) {
        report.listings += 1;
        report.photos += added;
      }
      progress.advance(1, item.title);
    });
    progress.finish(
      `${report.listings} put up with ${report.photos} photos, ${items.length - report.listings} already there`,
    );
    return report;
  } finally {
    client.close();
  }
}

/** The demo's users, then the traders of its market. */
const SELLERS = [...DEMO_ACCOUNTS.filter(({ role }) => role === 'user'), ...DEMO_TRADERS];

/** Signs a seller in and looks what is on the stall already. */
async function openStall(client: ApiClient, seller: number, password: string): Promise<Stall> {
  const { email, username, displayName } = SELLERS[seller]!;
  const session = await registerOrLogin(client, { email, username, password, display_name: displayName });
  const known = new Map<string, Known>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/me/listings?limit=${PAGE}${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const answer = await sendExpecting(client, { method: 'GET', path, token: await session.token() }, [200]);
    const page = answer.body as { data: Known[]; next_cursor: string | null };
    for (const listing of page.data) known.set(listing.title, listing);
    cursor = page.next_cursor;
  }
  return { session, known };
}

/** Puts the thing up unless it is there. Answers how many photos were added, or null when it was whole already. */
async function ensureListing(
  client: ApiClient,
  { session, known }: Stall,
  item: SoukItem,
): Promise<number | null> {
  const found = known.get(item.title);
  if (found && found.status !== 'draft') return null;
  const id = found?.id ?? (await createDraft(client, session, item));
  const photos = await addPhotos(client, session, id, item);
  if (photos === null) return null;
  await sendExpecting(
    client,
    {
      method: 'POST',
      path: `/listings/${id}/publish`,
      token: await session.token(),
      idempotencyKey: `souk:${id}:publish`,
    },
    [200],
  );
  return photos;
}

async function createDraft(client: ApiClient, session: Session, item: SoukItem): Promise<string> {
  const { title, description, price, category, condition, tags, at, acceptsFromPct } = item;
  const answer = await sendExpecting(
    client,
    {
      method: 'POST',
      path: '/listings',
      token: await session.token(),
      idempotencyKey: `souk:${title.replaceAll(/[^A-Za-z0-9]+/g, '-')}`,
      body: {
        title,
        brand: item.brand ?? '',
        description,
        price_cents: price,
        currency: item.currency ?? 'AED',
        category_id: category,
        condition,
        tags,
        channel: at === undefined ? 'discover' : 'community',
        location: at === undefined ? null : SOUK_PLACES[at],
        is_negotiable: item.isFirm !== true,
        auto_accept_cents: acceptsFromPct === undefined ? null : Math.round((price * acceptsFromPct) / 100),
        offer_feed: 'first_name',
        status: 'draft',
      },
    },
    [201],
  );
  return (answer.body as { id: string }).id;
}

/** Adds the photos that an interrupted run left out; null when the seller has deleted the listing since. */
async function addPhotos(
  client: ApiClient,
  session: Session,
  id: string,
  item: SoukItem,
): Promise<number | null> {
  const whole = await sendExpecting(
    client,
    { method: 'GET', path: `/listings/${id}`, token: await session.token() },
    [200, 404],
  );
  if (whole.status === 404) return null;
  const missing = VIEWS.slice((whole.body as { photos: unknown[] }).photos.length);
  for (const view of missing) {
    const alt = `${item.title}, ${view === 'room' ? 'as it stands' : 'from near'}`;
    await sendExpecting(
      client,
      {
        method: 'POST',
        path: `/listings/${id}/photos?${new URLSearchParams({ alt })}`,
        token: await session.token(),
        body: await renderPng(drawSoukItem(item.kind, item.colors, view)),
        contentType: 'image/png',
        idempotencyKey: `souk:${id}:photo:${view}`,
      },
      [201],
    );
  }
  return missing.length;
}
