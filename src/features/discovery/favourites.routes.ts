import { createRoute, z } from '@hono/zod-openapi';
import { mutation, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339 } from '../../http/openapi.ts';
import { listingCards } from '../listings/listing-cards.usecases.ts';
import { FavouriteAnswer, Favourites, ListingId } from './discovery.schemas.ts';
import { addFavourite, favouritesOf, removeFavourite } from './favourites.usecases.ts';

const TAGS = ['Discovery'];
const Position = z.tuple([z.number().int(), z.string()]);

export const favouritesRoutes = createRoutes();

favouritesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'put',
    path: '/listings/{listing_id}/favourite',
    operationId: 'addFavourite',
    tags: TAGS,
    summary: 'Keep a listing among your favourites, and hear of a lower price, its sale and its return',
    request: { params: ListingId },
    responses: { 200: json(FavouriteAnswer, 'A favourite'), ...problems(401, 404, 409) },
  }),
  async (c) => {
    const { listing_id } = c.req.valid('param');
    await addFavourite(c.get('deps'), callerIn(c).userId, listing_id);
    return c.json({ listing_id, favourite: true }, 200);
  },
);

favouritesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'delete',
    path: '/listings/{listing_id}/favourite',
    operationId: 'removeFavourite',
    tags: TAGS,
    summary: 'Keep it no longer',
    request: { params: ListingId },
    responses: { 200: json(FavouriteAnswer, 'Not a favourite, whether it was or not'), ...problems(401) },
  }),
  async (c) => {
    const { listing_id } = c.req.valid('param');
    await removeFavourite(c.get('deps'), callerIn(c).userId, listing_id);
    return c.json({ listing_id, favourite: false }, 200);
  },
);

favouritesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/favourites',
    operationId: 'listFavourites',
    tags: TAGS,
    summary: 'Your favourites, newest first',
    request: { query: PageQuery },
    responses: { 200: json(Favourites, 'A page'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { limit, cursor } = c.req.valid('query');
    const rows = await favouritesOf(deps, callerIn(c).userId, decodeCursor(cursor, Position), limit + 1);
    const page = rows.slice(0, limit);
    const cards = await listingCards(
      deps,
      page.map(({ listingId }) => listingId),
    );
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(({ listingId, createdAt }) => ({
          listing_id: listingId,
          listing: cards.get(listingId) ?? null,
          created_at: rfc3339(createdAt),
        })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.listingId]) : null,
      },
      200,
    );
  },
);
