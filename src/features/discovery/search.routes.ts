import { createRoute, z } from '@hono/zod-openapi';
import { anyone, mutation, open, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339 } from '../../http/openapi.ts';
import {
  SearchHistory,
  Suggestions,
  SuggestionsQuery,
  Trending,
  UnifiedAnswer,
  UnifiedQuery,
} from './discovery.schemas.ts';
import { viewerOf } from './interactions.usecases.ts';
import { clearHistory, readHistory, readTrending, rememberSearch } from './search.repository.ts';
import { searchEverything, suggest, wordsOf } from './search.usecases.ts';

const TAGS = ['Discovery'];
const MAX_TRENDING = 20;
const Position = z.tuple([z.number().int(), z.string()]);

export const searchRoutes = createRoutes();

searchRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/search',
    operationId: 'searchEverything',
    tags: TAGS,
    summary: 'Search products and listings at once, with facets',
    description:
      'The best hits of both. When nothing has the words as typed, `corrected_query` says what was searched for instead. For more pages: `/products/search` and `/listings?q=`.',
    request: { query: UnifiedQuery },
    responses: { 200: json(UnifiedAnswer, 'Best hits first'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const query = c.req.valid('query');
    const { correctedQuery, products, listings } = await searchEverything(deps, query);
    const remember = async () => {
      try {
        await rememberSearch(deps, {
          viewer: await viewerOf(c),
          userId: c.get('caller')?.userId ?? null,
          query: correctedQuery ?? query.q.trim(),
          queryKey: wordsOf(correctedQuery ?? query.q).join(' '),
          hits: products.data.length + listings.data.length,
          atMs: deps.now(),
        });
      } catch (error) {
        deps.log.warn('search_not_remembered', { error: String(error) });
      }
    };
    c.executionCtx.waitUntil(remember());
    return c.json({ query: query.q, corrected_query: correctedQuery, products, listings }, 200);
  },
);

searchRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/search/suggestions',
    operationId: 'suggestSearches',
    tags: TAGS,
    summary: 'What you may be typing: searches, brands, products and listings',
    request: { query: SuggestionsQuery },
    responses: { 200: json(Suggestions, 'At most ten'), ...problems() },
  }),
  async (c) => c.json({ data: await suggest(c.get('deps'), c.req.valid('query').q) }, 200),
);

searchRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/search/trending',
    operationId: 'trendingSearches',
    tags: TAGS,
    summary: 'What the most people searched for in the last seven days',
    responses: { 200: json(Trending, 'The most searched first'), ...problems() },
  }),
  async (c) => {
    const deps = c.get('deps');
    return c.json({ data: await readTrending(deps, deps.now(), MAX_TRENDING) }, 200);
  },
);

searchRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/searches',
    operationId: 'listMySearches',
    tags: TAGS,
    summary: 'What you searched for, newest first',
    request: { query: PageQuery },
    responses: { 200: json(SearchHistory, 'A page'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const rows = await readHistory(
      c.get('deps'),
      callerIn(c).userId,
      decodeCursor(cursor, Position),
      limit + 1,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(({ query, hits, at }) => ({ query, hits, at: rfc3339(at) })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.at, last.queryKey]) : null,
      },
      200,
    );
  },
);

searchRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'delete',
    path: '/me/searches',
    operationId: 'clearMySearches',
    tags: TAGS,
    summary: 'Forget what you searched for',
    responses: { 204: { description: 'Forgotten' }, ...problems(401) },
  }),
  async (c) => {
    await clearHistory(c.get('deps'), callerIn(c).userId);
    return c.body(null, 204);
  },
);
