import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import { favourites } from '../../db/discovery-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import { type FavouriteState, favouriteNews } from '../../domain/discovery/watch.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { problem } from '../../http/problem.ts';
import type { ListingEventData } from '../listings/listing.statements.ts';
import { listingCards } from '../listings/listing-cards.usecases.ts';
import { interactionStatement } from './interactions.usecases.ts';

export const MAX_FAVOURITES = 1_000;
const TOLD_AT_ONCE = 500;

/** Likes a listing that everybody may see; it comes to the same however often it is said. */
export async function addFavourite(deps: Deps, userId: string, listingId: string): Promise<void> {
  const card = (await listingCards(deps, [listingId])).get(listingId);
  if (!card) throw problem('listing_not_found', 'There is no such listing.');
  const nowMs = deps.now();
  const told: FavouriteState = card.status === 'sold' ? 'gone' : 'there';
  const liked = sql`(select count(*) from favourites where user_id = ${userId} and listing_id <> ${listingId})`;
  const [written] = await deps.db.batch([
    deps.db
      .insert(favourites)
      .select(sql`select ${userId}, ${listingId}, ${told}, ${nowMs} where ${liked} < ${MAX_FAVOURITES}`)
      .onConflictDoUpdate({
        target: [favourites.userId, favourites.listingId],
        set: { createdAt: sql`${favourites.createdAt}` },
      })
      .returning({ userId: favourites.userId }),
    interactionStatement(deps, [{ viewer: userId, kind: 'favoured', target: listingId, atMs: nowMs }]),
  ]);
  if (written.length === 0)
    throw problem('too_many_watched', `You have ${MAX_FAVOURITES} favourites, which is the most.`);
}

export async function removeFavourite(deps: Deps, userId: string, listingId: string): Promise<void> {
  await deps.db
    .delete(favourites)
    .where(and(eq(favourites.userId, userId), eq(favourites.listingId, listingId)));
}

export function favouritesOf(
  deps: Deps,
  userId: string,
  after: readonly [number, string] | null,
  limit: number,
) {
  return deps.db
    .select()
    .from(favourites)
    .where(
      and(
        eq(favourites.userId, userId),
        after === null
          ? undefined
          : sql`(${favourites.createdAt}, ${favourites.listingId}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(favourites.createdAt), desc(favourites.listingId))
    .limit(limit);
}

/** Tells those who like a listing of a lower price, of its sale, and of its return; a page of them at a time. */
export async function tellFavourers(deps: Deps, event: EventEnvelope): Promise<void> {
  const data = event.data as ListingEventData;
  const nowMs = deps.now();
  let after = '';
  for (;;) {
    const page = await deps.db
      .select({ userId: favourites.userId, told: favourites.told })
      .from(favourites)
      .where(and(eq(favourites.listingId, data.listing_id), gt(favourites.userId, after)))
      .orderBy(asc(favourites.userId))
      .limit(TOLD_AT_ONCE);
    const steps = page.map(({ userId, told }) => ({
      userId,
      before: told,
      ...favouriteNews(told, {
        to: data.to,
        priceCents: data.price_cents,
        previousPriceCents: data.previous_price_cents,
      }),
    }));
    const events = steps.flatMap(({ userId, news }) =>
      news === null || userId === data.seller_id ? [] : [favouriteEvent(event, data, userId, news)],
    );
    const changed = steps
      .filter(({ before, told }) => before !== told)
      .map(({ userId, told }) => [userId, told]);
    // Both in one batch: whoever was told knows it, and a second delivery finds nothing new.
    await deps.db.batch([
      deps.db
        .update(favourites)
        .set({ told: sql`news.value ->> 1` })
        .from(sql`json_each(${JSON.stringify(changed)}) as news`)
        .where(and(eq(favourites.listingId, data.listing_id), sql`${favourites.userId} = news.value ->> 0`)),
      outboxStatement(deps.db, events, nowMs).onConflictDoNothing(),
    ]);
    const last = page.at(-1);
    if (page.length < TOLD_AT_ONCE || !last) return;
    after = last.userId;
  }
}

function favouriteEvent(
  cause: EventEnvelope,
  data: ListingEventData,
  userId: string,
  type: string,
): EventEnvelope {
  return {
    event_id: `${type}:${userId}:${cause.event_id}`,
    type,
    version: 1,
    aggregate: { type: 'favourite', id: `${userId}:${data.listing_id}` },
    seq: cause.seq,
    correlation_id: cause.correlation_id,
    occurred_at: cause.occurred_at,
    data: {
      user_id: userId,
      listing_id: data.listing_id,
      listing_title: data.title,
      price_cents: data.price_cents,
      previous_price_cents: data.previous_price_cents,
      currency: data.currency,
    },
  };
}
