import { createRoute } from '@hono/zod-openapi';
import { anyone, mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { isUnchanged } from '../../http/etag.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { clientAddress } from '../../http/request-context.ts';
import { rememberView } from '../discovery/interactions.usecases.ts';
import { countView } from './listing-views.usecases.ts';
import { presentListing } from './listings.presenter.ts';
import {
  IfMatch,
  IfNoneMatch,
  ListingAnswer,
  ListingChanges,
  ListingId,
  NewListing,
} from './listings.schemas.ts';
import {
  changeListing,
  createListing,
  deleteListing,
  getListing,
  listingTag,
  moveListing,
} from './listings.usecases.ts';

const TAGS = ['Listings'];

export const listingsRoutes = createRoutes();

listingsRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/listings',
    operationId: 'createListing',
    tags: TAGS,
    summary: 'Put an item up, or save it as a draft (SW-07)',
    request: { body: jsonBody(NewListing) },
    responses: { 201: json(ListingAnswer, 'The listing'), ...problems(400, 401, 403, 409, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const whole = await createListing(deps, callerIn(c), c.req.valid('json'), c.get('requestId'));
    return c.json(presentListing(whole, deps.now()), 201, {
      ETag: listingTag(whole.listing),
      Location: `/api/v1/listings/${whole.listing.id}`,
    });
  },
);

listingsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/listings/{listing_id}',
    operationId: 'getListing',
    tags: TAGS,
    summary: 'Read a listing with its photos',
    description:
      'Everybody sees what is on sale, promised or sold; the rest is for its owner. A reader counts as a view once a day.',
    request: { params: ListingId, headers: IfNoneMatch },
    responses: {
      200: json(ListingAnswer, 'The listing'),
      304: { description: 'The copy you have is current' },
      ...problems(401, 404),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = c.get('caller');
    const whole = await getListing(deps, c.req.valid('param').listing_id, caller);
    if (caller !== null) rememberView(c, whole.listing.id);
    c.executionCtx.waitUntil(countView(deps, whole, caller?.userId ?? clientAddress(c.req.raw.headers)));
    const headers = { ETag: listingTag(whole.listing), 'Cache-Control': 'private, no-cache' };
    if (isUnchanged(c.req.valid('header')['if-none-match'], headers.ETag)) return c.body(null, 304, headers);
    return c.json(presentListing(whole, deps.now()), 200, headers);
  },
);

listingsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'patch',
    path: '/listings/{listing_id}',
    operationId: 'changeListing',
    tags: TAGS,
    summary: 'Edit a listing of yours',
    description: 'Of two devices that edit the same version, one is refused with 412.',
    request: { params: ListingId, headers: IfMatch, body: jsonBody(ListingChanges) },
    responses: {
      200: json(ListingAnswer, 'The listing as changed'),
      ...problems(400, 401, 404, 409, 412, 413, 415, 428),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const whole = await changeListing(
      deps,
      c.req.valid('param').listing_id,
      callerIn(c),
      c.req.valid('header')['if-match'],
      c.req.valid('json'),
      c.get('requestId'),
    );
    return c.json(presentListing(whole, deps.now()), 200, { ETag: listingTag(whole.listing) });
  },
);

listingsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/listings/{listing_id}',
    operationId: 'deleteListing',
    tags: TAGS,
    summary: 'Take a listing of yours away for good',
    description: 'Not while it is promised to somebody, and not once it is sold.',
    request: { params: ListingId, headers: IfMatch },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404, 409, 412) },
  }),
  async (c) => {
    await deleteListing(
      c.get('deps'),
      c.req.valid('param').listing_id,
      callerIn(c),
      c.req.valid('header')['if-match'],
      c.get('requestId'),
    );
    return c.body(null, 204);
  },
);

const MOVES = {
  publish: 'Put a draft on sale',
  pause: 'Take a listing off sale for a while',
  resume: 'Put a paused listing on sale again',
  relist: 'Put an expired listing up anew, for another 90 days',
} as const;

for (const action of ['publish', 'pause', 'resume', 'relist'] as const)
  listingsRoutes.openapi(
    createRoute({
      ...mutation(party),
      method: 'post',
      path: `/listings/{listing_id}/${action}`,
      operationId: `${action}Listing`,
      tags: TAGS,
      summary: MOVES[action],
      request: { params: ListingId },
      responses: {
        200: json(ListingAnswer, 'The listing as it is now'),
        ...problems(401, 403, 404, 409),
      },
    }),
    async (c) => {
      const deps = c.get('deps');
      const whole = await moveListing(
        deps,
        c.req.valid('param').listing_id,
        callerIn(c),
        action,
        c.get('requestId'),
      );
      return c.json(presentListing(whole, deps.now()), 200, { ETag: listingTag(whole.listing) });
    },
  );
