import type { Deps } from '../../deps.ts';
import type { Failure } from '../../domain/errors.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem } from '../../http/problem.ts';
import type { SocketAnswer } from '../../platform/channels/socket-commands.ts';
import type { UserCommand } from '../../wire/channels.ts';
import { visibleProduct } from '../catalog/products.usecases.ts';
import { performChat } from './chat-commands.usecases.ts';
import { performOffer } from './offer-commands.usecases.ts';
import { feedTopic } from './offer-feed.usecases.ts';
import { followMarket, marketTopic } from './product-news.usecases.ts';

/** Performs what came over a user's socket; a refusal is a frame, as it is a problem document over REST. */
export async function performCommand(
  deps: Deps,
  userId: string,
  command: UserCommand,
): Promise<SocketAnswer> {
  try {
    return await perform(deps, userId, command);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { frames: [errorFrame(error.failure)] };
  }
}

const errorFrame = ({ code, detail, extra }: Failure) => ({ ...extra, type: 'error' as const, code, detail });

/** A socket as a caller: what a role may do beyond a user's own is asked of the database. */
const asCaller = (userId: string): Caller => ({
  userId,
  sessionId: '',
  username: '',
  roles: ['user'],
  expiresAtMs: 0,
});

async function perform(deps: Deps, userId: string, command: UserCommand): Promise<SocketAnswer> {
  switch (command.type) {
    case 'conversation:join':
    case 'conversation:leave':
    case 'typing:start':
    case 'typing:stop':
    case 'message:send':
    case 'message:delivered':
    case 'message:read':
      return { frames: [await performChat(deps, userId, command)] };
    case 'offer:create':
    case 'offer:respond':
      return { frames: [await performOffer(deps, userId, command)] };
    case 'offer:feed:subscribe':
      return { frames: [], follow: await feedTopic(deps, command.listing_id, asCaller(userId)) };
    case 'offer:feed:unsubscribe':
      return {
        frames: [{ type: 'offer:feed:unsubscribed', data: { listing_id: command.listing_id } }],
        unfollow: `listing:${command.listing_id}`,
      };
    case 'market:subscribe':
      if (command.product_id !== undefined) await visibleProduct(deps, command.product_id, null);
      await followMarket(deps, command.product_id);
      return { frames: [], follow: marketTopic(command.product_id) };
    case 'market:unsubscribe':
      return {
        frames: [{ type: 'market:unsubscribed', data: { product_id: command.product_id ?? null } }],
        unfollow: marketTopic(command.product_id),
      };
  }
}
