import { z } from 'zod';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { Problem, problem } from '../../http/problem.ts';
import { readAccount } from '../accounts/accounts.usecases.ts';
import {
  type BlockRow,
  blocksBetween,
  conversationsOfPair,
  listBlocked,
  writeBlock,
} from './conversations.repository.ts';

const ATTEMPTS = 3;
const BlockedCursor = z.tuple([z.number(), z.string()]);

/** True when either of the two has blocked the other: then neither may send messages or make offers (C.7). */
export async function isBlocked(deps: Deps, userA: string, userB: string): Promise<boolean> {
  return (await blocksBetween(deps.db, userA, userB)).some(({ isActive }) => isActive);
}

/**
 * Blocks a user, or lifts the block. The event that goes with it has every conversation of the two take it over;
 * `user_not_found` when there is no such user.
 */
export async function setBlock(
  deps: Deps,
  blockerId: string,
  blockedId: string,
  isActive: boolean,
  correlationId: string,
): Promise<void> {
  if (blockerId === blockedId) throw problem('self_conversation', 'You cannot block yourself.');
  const other = await readAccount(deps, blockedId);
  if (!other.ok) throw new Problem(other.error);
  for (let attempt = 1; ; attempt += 1) {
    const known =
      (await blocksBetween(deps.db, blockerId, blockedId)).find((block) => block.blockerId === blockerId) ??
      null;
    if ((known?.isActive ?? false) === isActive) return;
    const nowMs = deps.now();
    const block: BlockRow = {
      blockerId,
      blockedId,
      isActive,
      version: (known?.version ?? 0) + 1,
      updatedAt: nowMs,
    };
    try {
      await writeBlock(deps.db, block, known, [blockEvent(block, correlationId)]);
      // At once, as far as it goes; the event does it again, and goes on until it is done.
      await tellBlock(deps, block).catch(() => undefined);
      break;
    } catch (error) {
      if ((!isStale(error) && !isUniqueViolation(error)) || attempt === ATTEMPTS) throw error;
    }
  }
  await deps.outbox.drain();
}

/** Has every conversation of the two take a block over; the newest version of it stands. */
async function tellBlock(deps: Deps, { updatedAt: _, ...block }: BlockRow): Promise<void> {
  const ids = await conversationsOfPair(deps.db, block.blockerId, block.blockedId);
  // One that was never used reads its blocks when it is.
  for (const id of ids) await deps.conversations.setBlock(id, block);
}

/** For the events of {@link setBlock}. */
export async function applyBlock(deps: Deps, blockerId: string, blockedId: string): Promise<void> {
  const rows = await blocksBetween(deps.db, blockerId, blockedId);
  for (const block of rows) await tellBlock(deps, block);
}

function blockEvent(block: BlockRow, correlationId: string) {
  const { blockerId, blockedId, isActive, version, updatedAt } = block;
  return {
    event_id: `block:${blockerId}:${blockedId}:${version}`,
    type: isActive ? 'user.blocked' : 'user.unblocked',
    version: 1,
    aggregate: { type: 'user', id: blockerId },
    seq: version,
    correlation_id: correlationId,
    occurred_at: new Date(updatedAt).toISOString(),
    data: { blocker_id: blockerId, blocked_id: blockedId, version },
  };
}

export async function blockedUsers(
  deps: Deps,
  userId: string,
  page: { limit: number; cursor?: string | undefined },
) {
  const rows = await listBlocked(deps.db, userId, decodeCursor(page.cursor, BlockedCursor), page.limit + 1);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    blocked: shown,
    nextCursor: rows.length > page.limit && last ? encodeCursor([last.blockedAt, last.userId]) : null,
  };
}
