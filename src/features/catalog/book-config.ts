import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm';
import { outboxStatement } from '../../db/outbox.ts';
import { feeSchedules, products, sizes } from '../../db/schema.ts';
import type { Deps, DomainEventHandler } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { STANDARD_TIER } from '../../domain/market/fees.ts';
import type { BookStatus } from '../../domain/market/order.ts';
import type { BookConfig } from '../../platform/books/books.ts';
import { isOn } from '../flags/is-on.ts';

/** The fee channel of order books (C.5). */
const MATCH_CHANNEL = 'match';
/** Books configured side by side, and pages of them in one request: what a request may call is bounded. */
const BOOKS_PER_PAGE = 100;
const PAGES_PER_REQUEST = 8;
export const BOOKS_SYNC_REQUESTED = 'books.sync_requested';

/** While trading is off for the whole house, no book takes orders; one that is halted stays so. */
const statusWhile = (isTrading: boolean, own: BookStatus): BookStatus =>
  isTrading || own === 'halted' ? own : 'cancel_only';

/** What the books of these sizes must know, as the database says now. Unknown ids are left out. */
export async function loadBookConfigs(deps: Deps, sizeIds: readonly string[]): Promise<BookConfig[]> {
  if (sizeIds.length === 0) return [];
  const rows = await deps.db
    .select({ size: sizes, product: products })
    .from(sizes)
    .innerJoin(products, eq(products.id, sizes.productId))
    .where(sql`${sizes.id} in (select value from json_each(${JSON.stringify(sizeIds)}))`);
  const currencies = [...new Set(rows.map((row) => row.product.currency))];
  const schedules = await deps.db
    .select()
    .from(feeSchedules)
    .where(
      and(
        eq(feeSchedules.channel, MATCH_CHANNEL),
        eq(feeSchedules.tier, STANDARD_TIER),
        inArray(feeSchedules.currency, currencies),
      ),
    )
    .orderBy(asc(feeSchedules.validFrom));
  const isTrading = await isOn(deps, 'trading_enabled');

  return rows.map(({ size, product }) => ({
    version: size.configVersion,
    sizeId: size.id,
    productId: product.id,
    productName: product.name,
    sizeLabel: size.label,
    currency: product.currency,
    retailCents: product.retailPriceCents,
    hidden: product.hidden,
    tickCents: size.tickCents,
    status: statusWhile(isTrading, size.bookStatus),
    priceRule: size.priceRule,
    selfTrade: size.selfTrade,
    collarFactor: size.collarFactor,
    maxOpenOrdersPerUser: deps.config.MAX_OPEN_ORDERS_PER_BOOK,
    fees: schedules
      .filter((row) => row.currency === product.currency)
      .map((row) => ({
        id: row.id,
        buyerBps: row.buyerBps,
        sellerBps: row.sellerBps,
        minimumCents: row.minimumCents,
        validFromMs: row.validFrom,
      })),
  }));
}

/**
 * Pushes their configuration to the books of these sizes and notes which version each now has; answers how many have it.
 * A book that cannot be reached keeps its row behind, and {@link syncStaleBooks} comes back to it.
 */
export async function syncBooks(deps: Deps, sizeIds: readonly string[]): Promise<number> {
  const configs = await loadBookConfigs(deps, sizeIds);
  const outcomes = await Promise.allSettled(configs.map((config) => deps.books.configure(config)));
  const synced: { id: string; version: number }[] = [];
  for (const [index, { sizeId, version }] of configs.entries()) {
    const outcome = outcomes[index]!;
    if (outcome.status === 'fulfilled') synced.push({ id: sizeId, version });
    else deps.log.warn('book_config_failed', { size_id: sizeId, version, error: String(outcome.reason) });
  }
  if (synced.length > 0) {
    await deps.db.run(sql`update sizes set config_synced = pushed.value ->> 'version'
      from json_each(${JSON.stringify(synced)}) as pushed
      where sizes.id = pushed.value ->> 'id' and sizes.config_synced < pushed.value ->> 'version'`);
  }
  return synced.length;
}

/** For the cron: brings up to `limit` books that missed a configuration up to date; answers how many now are. */
export async function syncStaleBooks(deps: Deps, limit: number): Promise<number> {
  const stale = await deps.db
    .select({ id: sizes.id })
    .from(sizes)
    .where(lt(sizes.configSynced, sizes.configVersion))
    .limit(limit);
  return syncBooks(
    deps,
    stale.map((row) => row.id),
  );
}

/**
 * Tells every book that is behind, after a change that concerns many: as many as one request can reach at once, the
 * rest from the queue. `cause` names the change.
 */
export async function syncManyBooks(deps: Deps, cause: string, page = 0): Promise<void> {
  for (let left = PAGES_PER_REQUEST; left > 0; left -= 1) {
    if ((await syncStaleBooks(deps, BOOKS_PER_PAGE)) < BOOKS_PER_PAGE) return;
  }
  const nowMs = deps.now();
  const more: EventEnvelope<string, { cause: string; page: number }> = {
    event_id: `${BOOKS_SYNC_REQUESTED}:${cause}:${page + 1}`,
    type: BOOKS_SYNC_REQUESTED,
    version: 1,
    aggregate: { type: 'books', id: cause },
    seq: page + 1,
    correlation_id: cause,
    occurred_at: new Date(nowMs).toISOString(),
    data: { cause, page: page + 1 },
  };
  await outboxStatement(deps.db, [more], nowMs);
  await deps.outbox.drain();
}

/** Handler of `books.sync_requested`. */
export const continueSync: DomainEventHandler = async (deps, event) => {
  const { cause, page } = event.data as { cause: string; page: number };
  await syncManyBooks(deps, cause, page);
};
