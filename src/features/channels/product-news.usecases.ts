/** Feeds of markets, which users ask for over their line: the prices of one product, or what is new in the catalogue. */
import type { Deps } from '../../deps.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import type { ChannelFrame, Topic } from '../../platform/channels/channels.ts';
import { followedAmong, forgetFollowed, saveFollowed } from './markets.repository.ts';

/** A feed that somebody asked for this lately is told even when nobody listens: the asking may be under way. */
const ASKING_MS = MINUTE_MS;
const CATALOGUE_FEED = 'catalogue';

export const marketTopic = (productId: string | undefined): Topic => `market:${productId ?? CATALOGUE_FEED}`;

export const followMarket = (deps: Deps, productId: string | undefined): Promise<void> =>
  saveFollowed(deps.db, productId ?? CATALOGUE_FEED, deps.now());

/** Tells a feed that somebody follows; when nobody does any more, it is not told again. */
export async function tellMarket(deps: Deps, feed: string, frames: ChannelFrame[]): Promise<void> {
  const listeners = await deps.channels.publish(`market:${feed}`, frames);
  if (listeners === 0) await forgetFollowed(deps.db, feed, deps.now() - ASKING_MS);
}

interface ProductNews {
  id: string;
  name: string;
  sku: string;
  brand: string;
  version: number;
  hidden: boolean;
}

/** A product is new or was edited: told to who listens to the catalogue, and to the product itself. */
export async function tellOfProduct(
  deps: Deps,
  type: 'product:created' | 'product:updated',
  product: ProductNews,
): Promise<void> {
  if (product.hidden) return;
  const followed = await followedAmong(deps.db, [CATALOGUE_FEED, product.id]);
  const { id: product_id, name, sku, brand, version } = product;
  const frame = { type, id: `${product_id}:${version}`, data: { product_id, name, sku, brand, version } };
  await Promise.all(Array.from(followed, (feed) => tellMarket(deps, feed, [frame])));
}
