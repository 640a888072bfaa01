import type { Deps } from '../../deps.ts';
import type { Failure } from '../../domain/errors.ts';
import { Problem, problem } from '../../http/problem.ts';
import type { SocketAnswer } from '../../platform/channels/socket-commands.ts';
import type { UserCommand } from '../../wire/channels.ts';

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

async function perform(_deps: Deps, _userId: string, command: UserCommand): Promise<SocketAnswer> {
  switch (command.type) {
    case 'offer:feed:unsubscribe':
      return {
        frames: [{ type: 'offer:feed:unsubscribed', data: { listing_id: command.listing_id } }],
        unfollow: `listing:${command.listing_id}`,
      };
    default:
      throw problem('route_not_found', `There is no ${command.type} yet.`);
  }
}
