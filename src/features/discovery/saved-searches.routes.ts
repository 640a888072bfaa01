import { createRoute, z } from '@hono/zod-openapi';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import {
  NewSavedSearch,
  SavedSearch,
  SavedSearchChanges,
  SavedSearches,
  SavedSearchId,
} from './discovery.schemas.ts';
import {
  changeSavedSearch,
  criteriaOf,
  deleteSavedSearch,
  listSavedSearches,
  type SavedSearchRow,
  saveSearch,
} from './saved-searches.usecases.ts';

const TAGS = ['Discovery'];
const Position = z.tuple([z.number().int(), z.string()]);

const present = (row: SavedSearchRow) => ({
  id: row.id,
  name: row.name,
  criteria: criteriaOf(row),
  alerts: row.nextCheckAt !== null,
  created_at: rfc3339(row.createdAt),
});

export const savedSearchesRoutes = createRoutes();

savedSearchesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/me/saved-searches',
    operationId: 'saveSearch',
    tags: TAGS,
    summary: 'Save a search, and be told of what comes that matches it',
    request: { body: jsonBody(NewSavedSearch) },
    responses: { 201: json(SavedSearch, 'The saved search'), ...problems(400, 401, 409, 413, 415) },
  }),
  async (c) => c.json(present(await saveSearch(c.get('deps'), callerIn(c).userId, c.req.valid('json'))), 201),
);

savedSearchesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/saved-searches',
    operationId: 'listSavedSearches',
    tags: TAGS,
    summary: 'Your saved searches, newest first',
    request: { query: PageQuery },
    responses: { 200: json(SavedSearches, 'A page'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const rows = await listSavedSearches(
      c.get('deps'),
      callerIn(c).userId,
      decodeCursor(cursor, Position),
      limit + 1,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(present),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

savedSearchesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'patch',
    path: '/me/saved-searches/{saved_search_id}',
    operationId: 'changeSavedSearch',
    tags: TAGS,
    summary: 'Rename a saved search, or switch its alerts',
    request: { params: SavedSearchId, body: jsonBody(SavedSearchChanges) },
    responses: { 200: json(SavedSearch, 'As it is now'), ...problems(400, 401, 404, 413, 415) },
  }),
  async (c) =>
    c.json(
      present(
        await changeSavedSearch(
          c.get('deps'),
          callerIn(c).userId,
          c.req.valid('param').saved_search_id,
          c.req.valid('json'),
        ),
      ),
      200,
    ),
);

savedSearchesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/me/saved-searches/{saved_search_id}',
    operationId: 'deleteSavedSearch',
    tags: TAGS,
    summary: 'Forget a saved search',
    request: { params: SavedSearchId },
    responses: { 204: { description: 'Forgotten' }, ...problems(401, 404) },
  }),
  async (c) => {
    await deleteSavedSearch(c.get('deps'), callerIn(c).userId, c.req.valid('param').saved_search_id);
    return c.body(null, 204);
  },
);
