import { eq } from 'drizzle-orm';
import { orderLines, orders } from '../../db/orders-schema.ts';
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { ListingEventData } from '../listings/listing.statements.ts';
import { tellFavourers } from './favourites.usecases.ts';
import { fanOut, partWays } from './follows.usecases.ts';
import { interactionStatement } from './interactions.usecases.ts';

/** What somebody paid for tells most of what they like. */
async function rememberPurchase(deps: Deps, event: EventEnvelope): Promise<void> {
  const lines = await deps.db
    .select({ buyerId: orders.buyerId, listingId: orders.listingId, productId: orderLines.productId })
    .from(orders)
    .innerJoin(orderLines, eq(orderLines.orderId, orders.id))
    .where(eq(orders.id, event.aggregate.id));
  await interactionStatement(
    deps,
    lines.map(({ buyerId, listingId, productId }) => ({
      viewer: buyerId,
      kind: 'bought',
      target: listingId ?? productId,
      atMs: Date.parse(event.occurred_at),
    })),
  );
}

async function listingChanged(deps: Deps, event: EventEnvelope): Promise<void> {
  await tellFavourers(deps, event);
  const data = event.data as ListingEventData;
  if (data.to !== 'active') return;
  const isCheaper = data.from === 'active' && data.price_cents < data.previous_price_cents;
  const isNew = data.action === 'publish' || (data.action === 'create' && data.from === null);
  if (!isCheaper && !isNew) return;
  await fanOut(deps, event, {
    kind: isCheaper ? 'price_dropped' : 'listed',
    actorId: data.seller_id,
    targetId: data.listing_id,
    data: {
      title: data.title,
      price_cents: data.price_cents,
      previous_price_cents: data.previous_price_cents,
      currency: data.currency,
      channel: data.channel,
    },
  });
}

interface StreamData {
  stream_id: string;
  host_id: string;
  title: string;
  audience: string;
}

/** Only what everybody, or every follower, may enter is told in the feed. */
async function streamStarted(deps: Deps, event: EventEnvelope): Promise<void> {
  const { stream_id, host_id, title, audience } = event.data as StreamData;
  if (audience === 'neighborhood') return;
  await fanOut(deps, event, {
    kind: 'stream_started',
    actorId: host_id,
    targetId: stream_id,
    data: { title },
  });
}

export const DISCOVERY_HANDLERS: DomainEventHandlers = {
  'order.paid': rememberPurchase,
  'listing.created': listingChanged,
  'listing.updated': listingChanged,
  'listing.published': listingChanged,
  'listing.relisted': listingChanged,
  'listing.released': listingChanged,
  'listing.sold': listingChanged,
  'listing.paused': listingChanged,
  'listing.resumed': listingChanged,
  'listing.expired': listingChanged,
  'listing.deleted': listingChanged,
  'listing.removed': listingChanged,
  'listing.restored': listingChanged,
  'stream.started': streamStarted,
  'user.blocked': partWays,
};
