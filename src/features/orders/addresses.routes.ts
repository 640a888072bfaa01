import { createRoute } from '@hono/zod-openapi';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { addAddress, changeAddress, deleteAddress, getAddress, listAddresses } from './addresses.usecases.ts';
import { presentAddress } from './orders.presenter.ts';
import { AddressAnswer, AddressChanges, AddressId, AddressList, NewAddress } from './orders.schemas.ts';

const TAGS = ['Addresses'];

export const addressesRoutes = createRoutes();

addressesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/addresses',
    operationId: 'listAddresses',
    tags: TAGS,
    summary: 'Your addresses, all on one page, the defaults first',
    responses: { 200: json(AddressList, 'Your addresses'), ...problems(401) },
  }),
  async (c) => {
    const mine = await listAddresses(c.get('deps'), callerIn(c).userId);
    return c.json({ data: mine.map(presentAddress), next_cursor: null }, 200);
  },
);

addressesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/addresses',
    operationId: 'addAddress',
    tags: TAGS,
    summary: 'Add an address; the first of its type is the default',
    request: { body: jsonBody(NewAddress) },
    responses: { 201: json(AddressAnswer, 'The address'), ...problems(400, 401, 409, 413, 415) },
  }),
  async (c) => {
    const row = await addAddress(c.get('deps'), callerIn(c).userId, c.req.valid('json'));
    return c.json(presentAddress(row), 201, { Location: `/api/v1/addresses/${row.id}` });
  },
);

addressesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/addresses/{address_id}',
    operationId: 'getAddress',
    tags: TAGS,
    summary: 'Read one of your addresses',
    request: { params: AddressId },
    responses: { 200: json(AddressAnswer, 'The address'), ...problems(401, 404) },
  }),
  async (c) => {
    const row = await getAddress(c.get('deps'), callerIn(c).userId, c.req.valid('param').address_id);
    return c.json(presentAddress(row), 200);
  },
);

addressesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'patch',
    path: '/addresses/{address_id}',
    operationId: 'changeAddress',
    tags: TAGS,
    summary: 'Change one of your addresses, or make it the default',
    request: { params: AddressId, body: jsonBody(AddressChanges) },
    responses: { 200: json(AddressAnswer, 'The address'), ...problems(400, 401, 404, 413, 415) },
  }),
  async (c) => {
    const { address_id: id } = c.req.valid('param');
    const row = await changeAddress(c.get('deps'), callerIn(c).userId, id, c.req.valid('json'));
    return c.json(presentAddress(row), 200);
  },
);

addressesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/addresses/{address_id}',
    operationId: 'deleteAddress',
    tags: TAGS,
    summary: 'Delete one of your addresses; orders keep their copy',
    request: { params: AddressId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404) },
  }),
  async (c) => {
    await deleteAddress(c.get('deps'), callerIn(c).userId, c.req.valid('param').address_id);
    return c.body(null, 204);
  },
);
