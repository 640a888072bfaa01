import { createRoute, z } from '@hono/zod-openapi';
import { LISTING_CHANNELS, LISTING_STATUSES, REMOVABLE_STATUSES } from '../../domain/listings/listing.ts';
import { mutation, permitted } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { moderateListing } from './listing-moderation.usecases.ts';
import { listAllListings } from './listing-oversight.usecases.ts';
import { presentItem, presentListing } from './listings.presenter.ts';
import { ListingAnswer, ListingId, ListingItem, ModerationReason } from './listings.schemas.ts';
import { listingTag } from './listings.usecases.ts';

const TAGS = ['Administration'];

const Query = PageQuery.extend({
  status: z.enum(LISTING_STATUSES).optional(),
  seller_id: z.string().max(40).optional(),
  channel: z.enum(LISTING_CHANNELS).optional(),
});

const OverseenListing = ListingItem.extend({
  removed_from: z
    .enum(REMOVABLE_STATUSES)
    .nullable()
    .meta({ description: 'Where a restored one goes back to' }),
  removed_reason: z.string().nullable(),
}).meta({ id: 'OverseenListing' });

export const listingsAdminRoutes = createRoutes();

listingsAdminRoutes.openapi(
  createRoute({
    ...permitted('content.moderate'),
    method: 'get',
    path: '/admin/listings',
    operationId: 'listAllListings',
    tags: TAGS,
    summary: 'The listings of everybody in every state, newest first',
    request: { query: Query },
    responses: {
      200: json(pageOf(OverseenListing).meta({ id: 'OverseenListingPage' }), 'A page of listings'),
      ...problems(401, 403),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { status, seller_id: sellerId, channel, ...page } = c.req.valid('query');
    const { rows, nextCursor } = await listAllListings(deps, { status, sellerId, channel }, page);
    const data = rows.map((row) => ({
      ...presentItem(row, callerIn(c).userId, deps.now(), 'moderator'),
      removed_from: row.listing.removedFrom,
      removed_reason: row.listing.removedReason,
    }));
    return c.json({ data, next_cursor: nextCursor }, 200);
  },
);

const MODERATIONS = {
  remove: 'Take a listing out of sight; its owner is told why',
  restore: 'Put a removed listing back to where it was',
} as const;

for (const action of ['remove', 'restore'] as const)
  listingsAdminRoutes.openapi(
    createRoute({
      ...mutation(permitted('content.moderate')),
      method: 'post',
      path: `/admin/listings/{listing_id}/${action}`,
      operationId: `${action}Listing`,
      tags: TAGS,
      summary: MODERATIONS[action],
      request: { params: ListingId, body: jsonBody(ModerationReason) },
      responses: {
        200: json(ListingAnswer, 'The listing as it is now'),
        ...problems(400, 401, 403, 404, 409, 413, 415),
      },
    }),
    async (c) => {
      const deps = c.get('deps');
      const whole = await moderateListing(
        deps,
        c.req.valid('param').listing_id,
        callerIn(c),
        action,
        c.req.valid('json').reason,
        auditedActor(c),
      );
      return c.json(presentListing(whole, deps.now()), 200, { ETag: listingTag(whole.listing) });
    },
  );
