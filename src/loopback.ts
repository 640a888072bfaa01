import { WorkerEntrypoint } from 'cloudflare:workers';
import { composeOnce } from './composition.ts';
import { performCommand } from './features/channels/commands.usecases.ts';
import { presenceChanged } from './features/channels/presence.usecases.ts';
import type { SocketCommands as Commands, SocketAnswer } from './platform/channels/socket-commands.ts';
import type { UserCommand } from './wire/channels.ts';

/**
 * The Worker as its own objects call it, through `ctx.exports`: a hibernated socket's frames reach the object alone, and
 * features live here (decision 0009). Nobody outside can: an entrypoint has no address.
 */
export class SocketCommands extends WorkerEntrypoint<Env> implements Commands {
  perform(userId: string, command: UserCommand): Promise<SocketAnswer> {
    return performCommand(composeOnce(this.env).deps, userId, command);
  }

  presenceChanged(userId: string, isOnline: boolean): Promise<void> {
    return presenceChanged(composeOnce(this.env).deps, userId, isOnline);
  }
}
