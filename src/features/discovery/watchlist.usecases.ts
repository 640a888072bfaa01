import { and, eq, sql } from 'drizzle-orm';
import { watchlist } from '../../db/discovery-schema.ts';
import { outboxStatement } from '../../db/outbox.ts';
import { sizes } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { problem } from '../../http/problem.ts';
import { interactionStatement } from './interactions.usecases.ts';

/** Sizes that one user can watch. */
export const MAX_WATCHED = 200;
/** Alerts of one batch; a size that more people wait for goes on in the next round. */
const ALERTS_AT_ONCE = 500;
const REARMED_AT_ONCE = 1_000;

/** Watches a size, or changes the threshold; a new threshold alerts anew. 409 `too_many_watched` at the limit. */
export async function watchSize(
  deps: Deps,
  userId: string,
  sizeId: string,
  thresholdCents: number | null,
): Promise<void> {
  const [size] = await deps.db
    .select({ productId: sizes.productId })
    .from(sizes)
    .innerJoin(sql`products`, sql`products.id = ${sizes.productId} and products.hidden = 0`)
    .where(eq(sizes.id, sizeId));
  if (!size) throw problem('size_not_found', 'There is no such size.');
  const nowMs = deps.now();
  const watched = sql`(select count(*) from watchlist where user_id = ${userId} and size_id <> ${sizeId})`;
  const [written] = await deps.db.batch([
    deps.db
      .insert(watchlist)
      .select(
        sql`select ${userId}, ${sizeId}, ${size.productId}, ${thresholdCents}, 1, 0, ${nowMs} where ${watched} < ${MAX_WATCHED}`,
      )
      .onConflictDoUpdate({
        target: [watchlist.userId, watchlist.sizeId],
        set: {
          armed: sql`case when ${watchlist.thresholdCents} is excluded.threshold_cents then ${watchlist.armed} else 1 end`,
          thresholdCents: sql`excluded.threshold_cents`,
        },
      })
      .returning({ userId: watchlist.userId }),
    interactionStatement(deps, [{ viewer: userId, kind: 'watched', target: size.productId, atMs: nowMs }]),
  ]);
  if (written.length === 0)
    throw problem(
      'too_many_watched',
      `You watch ${MAX_WATCHED} sizes, which is the most; stop watching one.`,
    );
  await alertWatchers(deps, [sizeId]);
}

export async function stopWatching(deps: Deps, userId: string, sizeId: string): Promise<void> {
  await deps.db.delete(watchlist).where(and(eq(watchlist.userId, userId), eq(watchlist.sizeId, sizeId)));
}

export interface WatchedRow {
  sizeId: string;
  productId: string;
  label: string;
  thresholdCents: number | null;
  lowestAskCents: number | null;
  highestBidCents: number | null;
  lastSaleCents: number | null;
  createdAt: number;
}

/** What a user watches, newest first, with each market as the projection has it: one query for the page. */
export function watchedSizes(
  deps: Deps,
  userId: string,
  after: readonly [number, string] | null,
  limit: number,
): Promise<WatchedRow[]> {
  const best = (side: 'ask' | 'bid', pick: 'min' | 'max') =>
    sql`(select ${sql.raw(pick)}(b.price_cents) from book_orders b where b.size_id = w.size_id and b.side = ${side} and b.status = 'active')`;
  return deps.db.all<WatchedRow>(sql`
    select w.size_id as sizeId, w.product_id as productId, s.label as label, w.threshold_cents as thresholdCents,
      ${best('ask', 'min')} as lowestAskCents, ${best('bid', 'max')} as highestBidCents,
      (select t.price_cents from trades t where t.size_id = w.size_id order by t.at desc, t.id desc limit 1) as lastSaleCents,
      w.created_at as createdAt
    from watchlist w join sizes s on s.id = w.size_id
    where w.user_id = ${userId} ${after === null ? sql`` : sql`and (w.created_at, w.size_id) < (${after[0]}, ${after[1]})`}
    order by w.created_at desc, w.size_id desc limit ${limit}`);
}

interface Reached {
  userId: string;
  sizeId: string;
  productId: string;
  thresholdCents: number;
  alerts: number;
  priceCents: number;
  currency: string;
}

/**
 * Tells everybody whose threshold one of these sizes has reached, once until the price has left it again. The alert and
 * the disarming are one batch, and an alert is named by its number: whoever comes second finds nothing to tell.
 */
export async function alertWatchers(deps: Deps, sizeIds: readonly string[]): Promise<void> {
  if (sizeIds.length === 0) return;
  const reached = await deps.db.all<Reached>(sql`
    select w.user_id as userId, w.size_id as sizeId, w.product_id as productId, w.threshold_cents as thresholdCents,
      w.alerts as alerts, lowest.price as priceCents, p.currency as currency
    from (
      select value as size_id, (
        select min(b.price_cents) from book_orders b where b.size_id = value and b.side = 'ask' and b.status = 'active'
      ) as price
      from json_each(${JSON.stringify(sizeIds)})
    ) as lowest
    join watchlist w on w.size_id = lowest.size_id and w.armed = 1 and w.threshold_cents is not null
      and w.threshold_cents >= lowest.price
    join products p on p.id = w.product_id
    limit ${ALERTS_AT_ONCE}`);
  if (reached.length === 0) return;
  const nowMs = deps.now();
  const disarmed = deps.db
    .update(watchlist)
    .set({ armed: false, alerts: sql`${watchlist.alerts} + 1` })
    .where(
      sql`(${watchlist.userId}, ${watchlist.sizeId}, ${watchlist.alerts}) in (
        select value ->> 0, value ->> 1, value ->> 2
        from json_each(${JSON.stringify(reached.map(({ userId, sizeId, alerts }) => [userId, sizeId, alerts]))})
      ) and ${watchlist.armed} = 1`,
    );
  const tell = outboxStatement(
    deps.db,
    reached.map((alert) => priceAlert(alert, nowMs)),
    nowMs,
  ).onConflictDoNothing();
  await deps.db.batch([disarmed, tell]);
  if (reached.length === ALERTS_AT_ONCE) await alertWatchers(deps, sizeIds);
}

function priceAlert(alert: Reached, nowMs: number): EventEnvelope {
  const { userId, sizeId, productId, thresholdCents, alerts, priceCents, currency } = alert;
  return {
    event_id: `price_alert:${userId}:${sizeId}:${alerts + 1}`,
    type: 'price.alert',
    version: 1,
    aggregate: { type: 'watch', id: `${userId}:${sizeId}` },
    seq: alerts + 1,
    correlation_id: `watch:${sizeId}`,
    occurred_at: new Date(nowMs).toISOString(),
    data: {
      user_id: userId,
      product_id: productId,
      size_id: sizeId,
      price_cents: priceCents,
      threshold_cents: thresholdCents,
      currency,
    },
  };
}

/** Arms the alerts whose price has left the threshold again, so that the next time is told of as well. */
export async function rearmAlerts(deps: Deps): Promise<void> {
  await deps.db.run(sql`
    update watchlist set armed = 1 where rowid in (
      select w.rowid from watchlist w
      where w.armed = 0 and w.threshold_cents is not null and not exists (
        select 1 from book_orders b
        where b.size_id = w.size_id and b.side = 'ask' and b.status = 'active' and b.price_cents <= w.threshold_cents
      )
      limit ${REARMED_AT_ONCE}
    )`);
}
