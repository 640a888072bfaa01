import { createRoute } from '@hono/zod-openapi';
import { anyone, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems } from '../../http/openapi.ts';
import {
  CommunityQuery,
  DiscoverQuery,
  ListingSearchPage,
  ListingsQuery,
  OwnListingsQuery,
  SellerListingsQuery,
} from './listing-search.schemas.ts';
import {
  communityFeed,
  discoverFeed,
  ownListings,
  type ListingPage as Page,
  searchListings,
  sellerListings,
} from './listing-search.usecases.ts';
import { presentItem } from './listings.presenter.ts';
import { ListingPage, SellerId } from './listings.schemas.ts';

const TAGS = ['Listings'];

const presentPage = ({ rows, nextCursor }: Page, callerId: string | null, nowMs: number) => ({
  data: rows.map((row) => presentItem(row, callerId, nowMs)),
  next_cursor: nextCursor,
});

export const feedsRoutes = createRoutes();

feedsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/listings',
    operationId: 'listListings',
    tags: TAGS,
    summary: 'Search and browse listings (SW-27)',
    description:
      'Words match title, brand, tags and description, whatever their case or accents. Distances are to about where a thing is.',
    request: { query: ListingsQuery },
    responses: { 200: json(ListingSearchPage, 'One page'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = c.get('caller');
    const page = await searchListings(deps, c.req.valid('query'), caller);
    return c.json({ ...presentPage(page, caller?.userId ?? null, deps.now()), facets: page.facets }, 200);
  },
);

feedsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/feed/discover',
    operationId: 'getDiscoverFeed',
    tags: TAGS,
    summary: 'What sellers with a shop have put up, newest or most seen first (SL-32)',
    request: { query: DiscoverQuery },
    responses: { 200: json(ListingPage, 'One page'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const page = await discoverFeed(deps, c.req.valid('query'));
    return c.json(presentPage(page, c.get('caller')?.userId ?? null, deps.now()), 200);
  },
);

feedsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/feed/community',
    operationId: 'getCommunityFeed',
    tags: TAGS,
    summary: 'What neighbours have put up, nearest first (SL-32)',
    request: { query: CommunityQuery },
    responses: { 200: json(ListingPage, 'One page'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const page = await communityFeed(deps, c.req.valid('query'));
    return c.json(presentPage(page, c.get('caller')?.userId ?? null, deps.now()), 200);
  },
);

feedsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/listings',
    operationId: 'listOwnListings',
    tags: TAGS,
    summary: 'Your listings in every state, newest first',
    request: { query: OwnListingsQuery },
    responses: { 200: json(ListingPage, 'One page'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const page = await ownListings(deps, caller, c.req.valid('query'));
    return c.json(presentPage(page, caller.userId, deps.now()), 200);
  },
);

feedsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/users/{user_id}/listings',
    operationId: 'listSellerListings',
    tags: TAGS,
    summary: 'What a seller has on sale, has promised or has sold',
    request: { params: SellerId, query: SellerListingsQuery },
    responses: { 200: json(ListingPage, 'One page'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const page = await sellerListings(deps, c.req.valid('param').user_id, c.req.valid('query'));
    return c.json(presentPage(page, c.get('caller')?.userId ?? null, deps.now()), 200);
  },
);
