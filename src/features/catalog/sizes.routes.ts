import { createRoute } from '@hono/zod-openapi';
import { anyone, mutation, permitted } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { PageQuery } from '../../http/cursor.ts';
import { isUnchanged, versionTag } from '../../http/etag.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { presentMovement, presentSize } from './catalog.presenter.ts';
import {
  IfMatch,
  IfNoneMatch,
  MovementAnswer,
  MovementPage,
  NewMovement,
  NewSize,
  ProductId,
  SizeAnswer,
  SizeChanges,
  SizeId,
  SizeList,
  SizesQuery,
} from './catalog.schemas.ts';
import {
  changeSize,
  createSize,
  getSize,
  listInventory,
  listSizes,
  moveInventory,
} from './sizes.usecases.ts';

export const sizesRoutes = createRoutes();

sizesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'post',
    path: '/products/{product_id}/sizes',
    operationId: 'createSize',
    tags: ['Catalogue'],
    summary: 'Add a size and open its order book',
    request: { params: ProductId, body: jsonBody(NewSize) },
    responses: { 201: json(SizeAnswer, 'The size'), ...problems(400, 401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const { size, currency } = await createSize(
      c.get('deps'),
      c.req.valid('param').product_id,
      c.req.valid('json'),
      callerIn(c),
      auditedActor(c),
    );
    return c.json(presentSize(size, currency), 201, {
      ETag: versionTag(size.version),
      Location: `/api/v1/sizes/${size.id}`,
    });
  },
);

sizesRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/products/{product_id}/sizes',
    operationId: 'listSizes',
    tags: ['Catalogue'],
    summary: 'The sizes of a product, all of them on one page',
    request: { params: ProductId, query: SizesQuery },
    responses: { 200: json(SizeList, 'The sizes in their order'), ...problems(401, 404) },
  }),
  async (c) => {
    const { sizes, currency } = await listSizes(
      c.get('deps'),
      c.req.valid('param').product_id,
      c.req.valid('query').available === 'true',
      c.get('caller'),
    );
    return c.json({ data: sizes.map((size) => presentSize(size, currency)), next_cursor: null }, 200);
  },
);

sizesRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/sizes/{size_id}',
    operationId: 'getSize',
    tags: ['Catalogue'],
    summary: 'Read a size',
    request: { params: SizeId, headers: IfNoneMatch },
    responses: {
      200: json(SizeAnswer, 'The size'),
      304: { description: 'The copy you have is current' },
      ...problems(401, 404),
    },
  }),
  async (c) => {
    const { size, currency } = await getSize(c.get('deps'), c.req.valid('param').size_id, c.get('caller'));
    const headers = { ETag: versionTag(size.version), 'Cache-Control': 'no-cache' };
    if (isUnchanged(c.req.valid('header')['if-none-match'], headers.ETag)) return c.body(null, 304, headers);
    return c.json(presentSize(size, currency), 200, headers);
  },
);

sizesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'patch',
    path: '/sizes/{size_id}',
    operationId: 'changeSize',
    tags: ['Catalogue'],
    summary: 'Change the tick or the place of a size',
    request: {
      params: SizeId,
      headers: IfMatch,
      body: jsonBody(SizeChanges),
    },
    responses: {
      200: json(SizeAnswer, 'The size as changed'),
      ...problems(400, 401, 403, 404, 409, 412, 413, 415, 428),
    },
  }),
  async (c) => {
    const { size, currency } = await changeSize(
      c.get('deps'),
      c.req.valid('param').size_id,
      c.req.valid('header')['if-match'],
      c.req.valid('json'),
      auditedActor(c),
    );
    return c.json(presentSize(size, currency), 200, { ETag: versionTag(size.version) });
  },
);

sizesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'post',
    path: '/sizes/{size_id}/inventory',
    operationId: 'moveInventory',
    tags: ['Catalogue'],
    summary: 'Add, remove, reserve or release units',
    description: 'Never below zero and never reserved above stock, whatever arrives at once.',
    request: { params: SizeId, body: jsonBody(NewMovement) },
    responses: {
      201: json(MovementAnswer, 'The entry of the audit trail'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { kind, quantity, reference, reason } = c.req.valid('json');
    const movement = await moveInventory(c.get('deps'), {
      sizeId: c.req.valid('param').size_id,
      kind,
      quantity,
      reference: reference ?? null,
      reason,
      actorId: callerIn(c).userId,
    });
    return c.json(presentMovement(movement), 201);
  },
);

sizesRoutes.openapi(
  createRoute({
    ...permitted('catalog.manage'),
    method: 'get',
    path: '/sizes/{size_id}/inventory',
    operationId: 'listInventory',
    tags: ['Catalogue'],
    summary: 'The audit trail of the stock of a size, newest first',
    request: { params: SizeId, query: PageQuery },
    responses: { 200: json(MovementPage, 'One page'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const { movements, nextCursor } = await listInventory(
      c.get('deps'),
      c.req.valid('param').size_id,
      c.req.valid('query'),
    );
    return c.json({ data: movements.map(presentMovement), next_cursor: nextCursor }, 200);
  },
);
