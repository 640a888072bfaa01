import type { Deps } from '../../deps.ts';
import { SYSTEM } from '../../domain/orders/order.ts';
import {
  dueTransition,
  type Transition,
  type TransitionInput,
  transition,
} from '../../domain/orders/order-machine.ts';
import { HOUR_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { type Circumstances, carryOut } from './carry-out.ts';
import {
  isOrderStale,
  loadOrder,
  type OrderChanges,
  type StoredOrder,
  transitionStatements,
} from './orders.repository.ts';
import { pendingOf } from './pending-proceeds.ts';

/** Every loss means that somebody else moved the order on, so this bounds how long the last of a crowd waits. */
const ATTEMPTS = 16;

/** Runs statements as one transaction; nothing at all when there are none. */
export async function runBatch(deps: Deps, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  if (first) await deps.db.batch([first, ...rest]);
}

/** The columns that follow from the transition itself. */
function changesOf({ order, history }: Transition, input: TransitionInput, nowMs: number): OrderChanges {
  const { from, to, atMs } = history;
  return {
    status: order.status,
    version: order.version,
    verification: order.verification,
    resumeTo: order.resumeTo,
    shipByExtended: order.shipByExtended,
    shippedAt: order.shippedAtMs,
    completedAt: order.completedAtMs,
    updatedAt: nowMs,
    ...(from === 'pending' && to === 'paid' ? { paidAt: atMs } : {}),
    ...(from === 'shipped' && to === 'delivered' ? { deliveredAt: atMs } : {}),
    ...(history.action === 'ship'
      ? { carrier: input.carrier?.trim() ?? null, trackingNumber: input.trackingNumber?.trim() ?? null }
      : {}),
  };
}

/**
 * Commits one transition with everything that belongs to it: history, order, timers, money, stock and outbox in one
 * batch. Fails as stale (`isOrderStale`) when the order moved on since it was read. Gives the order as it is now.
 */
export async function commitStep(
  deps: Deps,
  stored: StoredOrder,
  step: Transition,
  input: TransitionInput,
  circumstances: Circumstances = {},
  more: readonly Statement[] = [],
): Promise<StoredOrder> {
  const nowMs = deps.now();
  const pending = await pendingOf(deps.db, stored.row);
  const carried = carryOut(
    deps.db,
    stored,
    step,
    { ...circumstances, pending },
    { nowMs, payoutDelayMs: deps.config.PAYOUT_DELAY_HOURS * HOUR_MS },
  );
  const changes = { ...changesOf(step, input, nowMs), ...carried.changes };
  await runBatch(deps, [
    ...transitionStatements(deps.db, stored.row, step, changes),
    ...carried.statements,
    ...more,
  ]);
  const row = { ...stored.row, ...changes };
  return { row, state: { ...step.order, refundedCents: row.refundedCents }, lines: stored.lines };
}

/** Applies what has fallen due, each step at the moment it fell due: time goes before everybody's wishes. */
export async function catchUp(deps: Deps, stored: StoredOrder): Promise<StoredOrder> {
  let current = stored;
  for (;;) {
    const due = dueTransition(current.state, deps.now());
    if (due === null) return current;
    const step = transition(current.state, due.action, SYSTEM, {}, due.atMs);
    if (!step.ok) throw new Error(`order ${current.row.id} cannot ${due.action}: ${step.error.detail}`);
    current = await commitStep(deps, current, step.value, {});
  }
}

/**
 * Reads the order, applies what is overdue and runs `attempt` on it; again from the read when somebody else was
 * faster. Null when there is no such order.
 */
export async function withFreshOrder<T>(
  deps: Deps,
  orderId: string,
  attempt: (stored: StoredOrder) => Promise<T>,
): Promise<T | null> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const stored = await loadOrder(deps.db, orderId);
    if (stored === null) return null;
    try {
      return await attempt(await catchUp(deps, stored));
    } catch (error) {
      if (!isOrderStale(error)) throw error;
    }
  }
  throw problem('unavailable', 'This order is changing too fast; try again.');
}
