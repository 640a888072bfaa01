/** What happens elsewhere and concerns a stream: offers on what it shows, and blocks of its host. */
import { z } from 'zod';
import type { DomainEventHandler, DomainEventHandlers } from '../../deps.ts';
import { feedOffer } from '../channels/offer-feed.usecases.ts';
import { liveStreamsOf, liveStreamsShowing } from './streams.repository.ts';
import { closeRoom, roomOf } from './streams.usecases.ts';

/** A listing is shown in one stream of its seller's, or in a few. */
const MAX_ROOMS = 10;

const OfferFacts = z.object({
  listing_id: z.string(),
  buyer_id: z.string(),
  actor_id: z.string().nullable(),
  offer_type: z.string(),
  amount_cents: z.int(),
  currency: z.string(),
});
const BlockFacts = z.object({ blocker_id: z.string(), blocked_id: z.string() });

/** A live offer: whoever watches sees that somebody bids, by the name that the lister lets be seen. */
const showOffer: DomainEventHandler = async (deps, event) => {
  const offer = OfferFacts.safeParse(event.data);
  if (!offer.success || offer.data.actor_id !== offer.data.buyer_id) return;
  const rooms = await liveStreamsShowing(deps.db, offer.data.listing_id, MAX_ROOMS);
  if (rooms.length === 0) return;
  const data = await feedOffer(deps, event, offer.data);
  if (data === null) return;
  await Promise.all(
    rooms.map((room) =>
      deps.channels.publish(roomOf(room), [{ type: 'offer:feed:new', id: event.event_id, data }]),
    ),
  );
};

/** A block works both ways, also on somebody who is already in. */
const showOut: DomainEventHandler = async (deps, event) => {
  const block = BlockFacts.safeParse(event.data);
  if (!block.success) return;
  const { blocker_id, blocked_id } = block.data;
  for (const [hostId, viewerId] of [
    [blocker_id, blocked_id],
    [blocked_id, blocker_id],
  ] as const)
    for (const room of await liveStreamsOf(deps.db, hostId))
      await deps.channels.expel(roomOf(room), viewerId);
};

export const STREAM_HANDLERS: DomainEventHandlers = {
  'offer.created': showOffer,
  'user.blocked': showOut,
  'stream.ended': (deps, { aggregate }) => closeRoom(deps, aggregate.id),
};
