import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import {
  type Actor,
  actorOn,
  type OrderAction,
  type OrderStatus,
  SYSTEM,
} from '../../domain/orders/order.ts';
import {
  allowedActions,
  refusalFailure,
  type Transition,
  type TransitionInput,
  transition,
} from '../../domain/orders/order-machine.ts';
import { permissionsOf } from '../../http/auth.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { snapshotOf } from './address-snapshot.ts';
import { getAddress } from './addresses.usecases.ts';
import { catchUp, commitStep, withFreshOrder } from './order-steps.ts';
import {
  type HistoryRow,
  historyOf as historyRows,
  isOrderStale,
  listOrderIds,
  loadOrders,
  overdueOrderIds,
  type StoredOrder,
} from './orders.repository.ts';

/** Orders that one run of the sweep brings up to date; the rest follow in the next minute. */
const SWEEP_PAGE = 100;
const SWEEP_PAGES = 10;

/** An order with what this caller can do to it. */
export interface OrderOfCaller extends StoredOrder {
  actor: Actor;
  allowedActions: OrderAction[];
}

const orderNotFound = () => problem('order_not_found', 'There is no such order, or it is not yours.');

/** Permissions are read only for somebody who is no party: a party acts as a party, whatever else they may do. */
async function forCaller(deps: Deps, stored: StoredOrder, caller: Caller): Promise<OrderOfCaller> {
  const { buyerId, sellerId } = stored.row;
  const isParty = caller.userId === buyerId || caller.userId === sellerId;
  return forActor(deps, stored, caller, isParty ? [] : await permissionsOf(deps.db, caller.userId));
}

function forActor(
  deps: Deps,
  stored: StoredOrder,
  caller: Caller,
  permissions: readonly string[],
): OrderOfCaller {
  const actor = actorOn(stored.state, { id: caller.userId, permissions });
  if (actor === null) throw orderNotFound();
  return { ...stored, actor, allowedActions: allowedActions(stored.state, actor, deps.now()) };
}

/** An order up to date to the moment, for its parties and for staff; 404 for everybody else. */
export async function getOrder(deps: Deps, orderId: string, caller: Caller): Promise<OrderOfCaller> {
  const found = await withFreshOrder(deps, orderId, async (stored) => forCaller(deps, stored, caller));
  if (found === null) throw orderNotFound();
  return found;
}

export async function getHistory(deps: Deps, orderId: string, caller: Caller): Promise<HistoryRow[]> {
  await getOrder(deps, orderId, caller);
  return historyOf(deps, orderId);
}

/** For who has the order already: they may see it. */
export const historyOf = (deps: Deps, orderId: string): Promise<HistoryRow[]> =>
  historyRows(deps.db, orderId);

/**
 * One action of a person on an order. 404 for strangers, 403 for a role that never may, 409 when the order's state
 * does not allow it, 422 when something is missing (`reason_required`, `tracking_required`, `invalid_outcome`).
 */
export async function act(
  deps: Deps,
  orderId: string,
  action: OrderAction,
  caller: Caller,
  input: TransitionInput,
  { audited, more = [] }: { audited?: AuditedActor; more?: readonly Statement[] } = {},
): Promise<OrderOfCaller> {
  const done = await withFreshOrder(deps, orderId, async (stored) => {
    const { actor } = await forCaller(deps, stored, caller);
    const step = transition(stored.state, action, actor, input, deps.now());
    if (!step.ok) throw new Problem(refusalFailure(step.error));
    const { refundCents } = input;
    const circumstances = refundCents === undefined || input.outcome !== 'partial' ? {} : { refundCents };
    const along = [...more, ...(audited ? staffAudit(deps, step.value, input, audited) : [])];
    const after = await commitStep(deps, stored, step.value, input, circumstances, along);
    return forCaller(deps, after, caller);
  });
  if (done === null) throw orderNotFound();
  return done;
}

/**
 * The buyer says where the parcel goes, until it has left: the order keeps the address as it is now. The address it has
 * already changes nothing.
 */
export async function changeShipTo(
  deps: Deps,
  orderId: string,
  addressId: string,
  caller: Caller,
): Promise<OrderOfCaller> {
  const done = await withFreshOrder(deps, orderId, async (stored) => {
    const found = await forCaller(deps, stored, caller);
    const step = transition(stored.state, 'change-address', found.actor, {}, deps.now());
    if (!step.ok) throw new Problem(refusalFailure(step.error));
    const shipTo = snapshotOf(await getAddress(deps, caller.userId, addressId));
    if (shipTo === stored.row.shipTo) return found;
    return forCaller(deps, await commitStep(deps, stored, step.value, {}, { changes: { shipTo } }), caller);
  });
  if (done === null) throw orderNotFound();
  return done;
}

/** What staff do to somebody else's order goes into the audit log; a party's own steps are in its history. */
function staffAudit(
  deps: Deps,
  { history }: Transition,
  { outcome, refundCents }: TransitionInput,
  audited: AuditedActor,
): Statement[] {
  if (history.actorType === 'buyer' || history.actorType === 'seller') return [];
  const { action, orderId, from, to, reason } = history;
  return [
    auditStatement(
      deps.db,
      audited,
      {
        action: ORDER_AUDITED_AS[action] ?? `order_${action.replaceAll('-', '_')}`,
        target: { type: 'order', id: orderId },
        before: { status: from },
        after: {
          status: to,
          ...(outcome === undefined ? {} : { outcome }),
          ...(refundCents === undefined ? {} : { refund_cents: refundCents }),
        },
        reason,
      },
      { id: newId('aud', deps.random), atMs: deps.now() },
    ),
  ];
}

/** The name that the reference gives it (SN-38). */
const ORDER_AUDITED_AS: Partial<Record<OrderAction | 'place', string>> = { cancel: 'order_canceled' };

/** What happens to an order without anybody asking; false when its state does not take it. */
export async function trigger(
  deps: Deps,
  orderId: string,
  action: OrderAction,
  more: (stored: StoredOrder) => readonly Statement[] = () => [],
  input: TransitionInput = {},
): Promise<boolean> {
  const done = await withFreshOrder(deps, orderId, async (stored) => {
    const step = transition(stored.state, action, SYSTEM, input, deps.now());
    if (!step.ok) return false;
    await commitStep(deps, stored, step.value, input, {}, more(stored));
    return true;
  });
  return done ?? false;
}

const ListCursor = z.tuple([z.number().int(), z.string()]);

/** The orders of one user, newest first, each up to date to the moment. */
export async function listOrders(
  deps: Deps,
  filter: { userId: string; role: 'buyer' | 'seller' | undefined; status: OrderStatus | undefined },
  page: { limit: number; cursor?: string | undefined },
  caller: Caller,
): Promise<{ orders: OrderOfCaller[]; nextCursor: string | null }> {
  const position = decodeCursor(page.cursor, ListCursor);
  const ids = await listOrderIds(deps.db, filter, position, page.limit + 1);
  const shownIds = ids.slice(0, page.limit);
  const orders = await ordersForCaller(deps, shownIds, caller, filter.userId === caller.userId);
  const last = orders.at(-1);
  return {
    // What fell due just now may no longer have the status that was asked for.
    orders: orders.filter(({ row }) => filter.status === undefined || row.status === filter.status),
    nextCursor: ids.length > page.limit && last ? encodeCursor([last.row.createdAt, last.row.id]) : null,
  };
}

/** Orders by their ids, each up to date to the moment; `areOwn` spares the question what else the caller may do. */
export async function ordersForCaller(
  deps: Deps,
  ids: readonly string[],
  caller: Caller,
  areOwn = false,
): Promise<OrderOfCaller[]> {
  const permissions = areOwn ? [] : await permissionsOf(deps.db, caller.userId);
  const stored = new Map((await loadOrders(deps.db, ids)).map((found) => [found.row.id, found]));
  const orders: OrderOfCaller[] = [];
  for (const id of ids)
    orders.push(forActor(deps, await freshOf(deps, stored.get(id)!), caller, permissions));
  return orders;
}

async function freshOf(deps: Deps, stored: StoredOrder): Promise<StoredOrder> {
  try {
    return await catchUp(deps, stored);
  } catch (error) {
    if (!isOrderStale(error)) throw error;
    const again = await withFreshOrder(deps, stored.row.id, async (fresh) => fresh);
    return again ?? stored;
  }
}

/** The lists of one person: their own, or anybody's for who may read orders; to others they do not exist. */
export async function assertMayList(deps: Deps, userId: string, caller: Caller): Promise<void> {
  if (userId === caller.userId) return;
  if (!(await permissionsOf(deps.db, caller.userId)).includes('orders.read'))
    throw problem('user_not_found', 'There is no such user, or their orders are not yours to see.');
}

/** Brings overdue orders up to date, page by page; answers how many. Reads never wait for it. */
export async function sweepOverdueOrders(deps: Deps): Promise<number> {
  let swept = 0;
  for (let page = 0; page < SWEEP_PAGES; page += 1) {
    const ids = await overdueOrderIds(deps.db, deps.now(), SWEEP_PAGE);
    let failed = 0;
    for (const id of ids) {
      try {
        await withFreshOrder(deps, id, async () => null);
        swept += 1;
      } catch (error) {
        failed += 1;
        deps.log.error('order_sweep_failed', { order_id: id, error: String(error) });
      }
    }
    // Orders that cannot be swept stay at the head of the list: the next page would begin with them again.
    if (ids.length < SWEEP_PAGE || failed > 0) break;
  }
  return swept;
}
