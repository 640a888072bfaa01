import { createRoute, type z } from '@hono/zod-openapi';
import { mutation, open, permitted } from '../../http/access.ts';
import { versionTag } from '../../http/etag.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import {
  CategoryAnswer,
  CategoryChanges,
  CategoryId,
  CategoryTree,
  NewCategory,
} from './categories.schemas.ts';
import {
  type CategoryRow,
  changeCategory,
  createCategory,
  deleteCategory,
  readTree,
} from './categories.usecases.ts';
import { IfMatch } from './listings.schemas.ts';

const TAGS = ['Listings'];
/** The tree changes rarely, and a listing in a category that moved is found all the same. */
const CACHEABLE = { 'Cache-Control': 'public, max-age=30' };

const present = (row: CategoryRow): z.infer<typeof CategoryAnswer> => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  parent_id: row.parentId,
  position: row.position,
  version: row.version,
});

export const categoriesRoutes = createRoutes();

categoriesRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/categories',
    operationId: 'listCategories',
    tags: TAGS,
    summary: 'The tree of categories (SW-08)',
    responses: { 200: json(CategoryTree, 'The whole tree'), ...problems() },
  }),
  async (c) => {
    const tree = await readTree(c.get('deps'));
    return c.json({ data: tree.map(({ node, depth }) => ({ ...present(node), depth })) }, 200, CACHEABLE);
  },
);

categoriesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'post',
    path: '/categories',
    operationId: 'createCategory',
    tags: TAGS,
    summary: 'Add a category',
    request: { body: jsonBody(NewCategory) },
    responses: { 201: json(CategoryAnswer, 'The category'), ...problems(400, 401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const row = await createCategory(c.get('deps'), c.req.valid('json'), auditedActor(c));
    return c.json(present(row), 201, { ETag: versionTag(row.version) });
  },
);

categoriesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'patch',
    path: '/categories/{category_id}',
    operationId: 'changeCategory',
    tags: TAGS,
    summary: 'Rename a category or move it in the tree',
    request: { params: CategoryId, headers: IfMatch, body: jsonBody(CategoryChanges) },
    responses: {
      200: json(CategoryAnswer, 'The category as changed'),
      ...problems(400, 401, 403, 404, 409, 412, 413, 415, 428),
    },
  }),
  async (c) => {
    const row = await changeCategory(
      c.get('deps'),
      c.req.valid('param').category_id,
      c.req.valid('header')['if-match'],
      c.req.valid('json'),
      auditedActor(c),
    );
    return c.json(present(row), 200, { ETag: versionTag(row.version) });
  },
);

categoriesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'delete',
    path: '/categories/{category_id}',
    operationId: 'deleteCategory',
    tags: TAGS,
    summary: 'Delete a category that holds nothing',
    request: { params: CategoryId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    await deleteCategory(c.get('deps'), c.req.valid('param').category_id, auditedActor(c));
    return c.body(null, 204);
  },
);
