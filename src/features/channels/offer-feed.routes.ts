import { createRoute, z } from '@hono/zod-openapi';
import { OFFER_FEEDS } from '../../domain/listings/listing.ts';
import { anyone, open } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems } from '../../http/openapi.ts';
import { FeedOffer } from '../../wire/channel-events.ts';
import { readUpgrade } from '../accounts/socket-upgrade.ts';
import { feedTopic, readOfferFeed } from './offer-feed.usecases.ts';
import { openChannel, SocketQuery } from './open-channel.ts';

const TAGS = ['Live'];
const ListingId = z.object({ listing_id: z.string().max(40) });
const OfferFeedAnswer = z
  .object({
    feed: z.enum(OFFER_FEEDS).meta({ description: 'What the lister lets everybody see' }),
    data: z.array(FeedOffer).meta({ description: 'The last 20 of the last hour, newest first' }),
    next_cursor: z.null(),
  })
  .meta({ id: 'OfferFeed' });

export const offerFeedRoutes = createRoutes();

offerFeedRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/listings/{listing_id}/offer-feed',
    operationId: 'getOfferFeed',
    tags: TAGS,
    summary: 'The offers of the last hour on a listing, without who made them (SL-29)',
    ...anyone,
    request: { params: ListingId },
    responses: { 200: json(OfferFeedAnswer, 'The feed'), ...problems(401, 404) },
  }),
  async (c) => {
    const { feed, offers } = await readOfferFeed(
      c.get('deps'),
      c.req.valid('param').listing_id,
      c.get('caller'),
    );
    return c.json({ feed, data: offers, next_cursor: null }, 200);
  },
);

offerFeedRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/listings/{listing_id}/feed',
    operationId: 'watchOfferFeed',
    tags: TAGS,
    summary: 'The same feed live: a WebSocket, described in /asyncapi.json',
    description: 'Anonymous, or signed in as for /ws.',
    ...open,
    request: { params: ListingId, query: SocketQuery },
    responses: { 101: { description: 'The socket is open' }, ...problems(401, 403, 404, 426, 503) },
  }),
  async (c) => {
    const query = c.req.valid('query');
    const upgrade = await readUpgrade(c, query.ticket);
    const topic = await feedTopic(c.get('deps'), c.req.valid('param').listing_id, upgrade.caller);
    return openChannel(c, topic, upgrade, query) as never;
  },
);
