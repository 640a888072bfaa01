import { lt, sql } from 'drizzle-orm';
import { listingViews } from '../../db/listings-schema.ts';
import type { Deps } from '../../deps.ts';
import { dayStamp } from '../../domain/time.ts';
import type { ViewedListing } from './listings.usecases.ts';

/** Rows forgotten in one run of the cron; the rest follow in the next minute. */
const FORGOTTEN_PER_RUN = 2_000;

/** Views that this isolate has written or is about to: whoever reloads a page costs no write. The oldest go first. */
const MAX_REMEMBERED = 10_000;
const written = new Set<string>();

function isNew(view: string): boolean {
  if (written.has(view)) return false;
  if (written.size >= MAX_REMEMBERED) written.delete(written.values().next().value as string);
  written.add(view);
  return true;
}

/** What one viewer leaves behind on one day: it tells neither who it was nor where from. */
async function viewerHash(day: string, viewer: string): Promise<string> {
  const digest = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${day} ${viewer}`)),
  );
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Counts a view of a listing on sale by a user id or, of those who are not signed in, an address: once a UTC day,
 * whatever the number of requests. Its owner and its moderators do not count. It runs after the answer: a view that is
 * lost to a crash is a view too few, and nothing else.
 */
export async function countView(
  deps: Deps,
  { listing, viewpoint }: ViewedListing,
  viewer: string,
): Promise<void> {
  if (listing.status !== 'active' || viewpoint === 'owner' || viewpoint === 'moderator') return;
  const day = dayStamp(deps.now());
  const hash = await viewerHash(day, viewer);
  if (!isNew(`${listing.id} ${hash}`)) return;
  try {
    await deps.db
      .insert(listingViews)
      .values({ day, listingId: listing.id, viewerHash: hash })
      .onConflictDoNothing();
  } catch (error) {
    written.delete(`${listing.id} ${hash}`);
    deps.log.warn('view_not_counted', { listing_id: listing.id, error: String(error) });
  }
}

/** Forgets who saw what before today, so many at a time: the counts are in the listings. */
export async function forgetOldViews(deps: Deps): Promise<void> {
  const old = deps.db
    .select({ rowid: sql`rowid` })
    .from(listingViews)
    .where(lt(listingViews.day, dayStamp(deps.now())))
    .limit(FORGOTTEN_PER_RUN);
  await deps.db.delete(listingViews).where(sql`rowid in ${old}`);
}
