import type { DomainEventHandlers } from '../../deps.ts';
import { applyBlock } from './blocks.usecases.ts';

interface BlockData {
  blocker_id: string;
  blocked_id: string;
}

const applyBlockOf: DomainEventHandlers[string] = async (deps, { data }) => {
  const { blocker_id, blocked_id } = data as BlockData;
  await applyBlock(deps, blocker_id, blocked_id);
};

/** What the conversations do about what happens elsewhere. */
export const CONVERSATION_HANDLERS: DomainEventHandlers = {
  'user.blocked': applyBlockOf,
  'user.unblocked': applyBlockOf,
};
