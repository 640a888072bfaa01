import { createRoute, z } from '@hono/zod-openapi';
import { mutation, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { productCards } from '../catalog/product-cards.usecases.ts';
import { SizeId, WatchBody, WatchedSizes } from './discovery.schemas.ts';
import { stopWatching, watchedSizes, watchSize } from './watchlist.usecases.ts';

const TAGS = ['Discovery'];
const WatchAnswer = z
  .object({ size_id: z.string(), watched: z.boolean(), threshold_cents: z.number().int().nullable() })
  .meta({ id: 'WatchState' });
const Position = z.tuple([z.number().int(), z.string()]);

export const watchlistRoutes = createRoutes();

watchlistRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'put',
    path: '/watchlist/{size_id}',
    operationId: 'watchSize',
    tags: TAGS,
    summary: 'Watch a size, and be told once its lowest ask is at or below a threshold',
    description: 'Told once; again after the lowest ask has been above the threshold, or it has changed.',
    request: { params: SizeId, body: jsonBody(WatchBody) },
    responses: { 200: json(WatchAnswer, 'Watched'), ...problems(400, 401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const { size_id } = c.req.valid('param');
    const { threshold_cents } = c.req.valid('json');
    await watchSize(c.get('deps'), callerIn(c).userId, size_id, threshold_cents);
    return c.json({ size_id, watched: true, threshold_cents }, 200);
  },
);

watchlistRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'delete',
    path: '/watchlist/{size_id}',
    operationId: 'stopWatching',
    tags: TAGS,
    summary: 'Watch a size no longer',
    request: { params: SizeId },
    responses: { 200: json(WatchAnswer, 'Not watched, whether it was or not'), ...problems(401) },
  }),
  async (c) => {
    const { size_id } = c.req.valid('param');
    await stopWatching(c.get('deps'), callerIn(c).userId, size_id);
    return c.json({ size_id, watched: false, threshold_cents: null }, 200);
  },
);

watchlistRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/watchlist',
    operationId: 'listWatchlist',
    tags: TAGS,
    summary: 'What you watch, newest first, with each market as it is',
    request: { query: PageQuery },
    responses: { 200: json(WatchedSizes, 'A page'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { limit, cursor } = c.req.valid('query');
    const rows = await watchedSizes(deps, callerIn(c).userId, decodeCursor(cursor, Position), limit + 1);
    const page = rows.slice(0, limit);
    const cards = await productCards(deps, [...new Set(page.map(({ productId }) => productId))]);
    const last = page.at(-1);
    return c.json(
      {
        // A product that was hidden since is not shown, and is there again once it is.
        data: page.flatMap((row) => {
          const product = cards.get(row.productId);
          if (!product) return [];
          return {
            size_id: row.sizeId,
            size_label: row.label,
            product,
            threshold_cents: row.thresholdCents,
            lowest_ask_cents: row.lowestAskCents,
            highest_bid_cents: row.highestBidCents,
            last_sale_cents: row.lastSaleCents,
            is_reached:
              row.thresholdCents !== null &&
              row.lowestAskCents !== null &&
              row.lowestAskCents <= row.thresholdCents,
            created_at: rfc3339(row.createdAt),
          };
        }),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.sizeId]) : null,
      },
      200,
    );
  },
);
