/** The full table of states x actions x people over HTTP: what the machine does not allow is refused, and nothing moves. */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUILT_IN_ROLES } from '../../src/domain/accounts/permissions.ts';
import {
  type Actor,
  ORDER_ACTIONS,
  ORDER_STATUSES,
  type OrderStatus,
  staffRolesOf,
} from '../../src/domain/orders/order.ts';
import { allowedActions } from '../../src/domain/orders/order-machine.ts';
import { loadOrder } from '../../src/features/orders/orders.repository.ts';
import { trigger } from '../../src/features/orders/orders.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { acted, capture, matchedOrder, type Purchase } from '../support/purchases.ts';

const STAFF = ['support', 'finance', 'admin', 'moderator', 'authenticator'] as const;
const people = new Map<string, TestUser>();

const WHY = { reason: 'because' };
const PARCEL = { carrier: 'DHL', tracking_number: 'TABLE-1' };
/** Everything that each action could want, so that only the person and the state decide. */
const INPUT: Record<string, Record<string, unknown>> = {
  ship: PARCEL,
  cancel: WHY,
  dispute: WHY,
  'answer-dispute': WHY,
  hold: WHY,
  resume: {},
  refund: WHY,
  resolve: { outcome: 'refund' },
};

/** The request of an action: each is a POST of its name, but an address is put. */
function asked(id: string, action: string, token?: string): Parameters<typeof request> {
  const [path, json] =
    action === 'change-address'
      ? ['address', { address_id: 'adr_0000000000000000' }]
      : [action, INPUT[action] ?? {}];
  return [
    `/api/v1/orders/${id}/${path}`,
    {
      ...(action === 'change-address' ? { method: 'PUT' } : {}),
      ...(token === undefined ? {} : { token }),
      json,
    },
  ];
}

const buyer = () => people.get('buyer')!;
const seller = () => people.get('seller')!;
const support = () => people.get('support')!;
const finance = () => people.get('finance')!;

async function made(steps: (order: Purchase) => Promise<unknown>): Promise<string> {
  const { order } = await matchedOrder(buyer(), seller());
  await steps(order);
  return order.id;
}
const paid = (order: Purchase) => capture(order);
async function shipped(order: Purchase) {
  await paid(order);
  await acted(order.id, 'ship', seller(), { ...PARCEL, tracking_number: order.id });
}
async function delivered(order: Purchase) {
  await shipped(order);
  await acted(order.id, 'deliver', buyer());
}

const WAYS: Record<OrderStatus, (order: Purchase) => Promise<unknown>> = {
  pending: async () => {},
  paid,
  processing: async (order) => {
    await paid(order);
    await acted(order.id, 'confirm', seller());
  },
  shipped,
  delivered,
  completed: async (order) => {
    await delivered(order);
    await acted(order.id, 'complete', buyer());
  },
  cancelled: (order) => acted(order.id, 'cancel', buyer(), WHY),
  refunded: async (order) => {
    await paid(order);
    await acted(order.id, 'refund', finance(), WHY);
  },
  failed: (order) => trigger(deps, order.id, 'payment_failed'),
  disputed: async (order) => {
    await delivered(order);
    await acted(order.id, 'dispute', buyer(), WHY);
  },
  on_hold: async (order) => {
    await shipped(order);
    await acted(order.id, 'hold', support(), WHY);
  },
};

beforeAll(async () => {
  for (const name of ['buyer', 'seller', 'stranger']) people.set(name, await signUp(`table-${name}`));
  for (const role of STAFF) people.set(role, await signUp(`table-${role}`, role));
});

/** What somebody of this name is to an order: null for who must not learn that it exists. */
function actorOf(name: string): Actor | null {
  const { userId: id } = people.get(name)!;
  if (name === 'buyer' || name === 'seller') return { id, roles: [name] };
  const role = BUILT_IN_ROLES.find((known) => known.name === name);
  const roles = staffRolesOf(role?.permissions ?? []);
  return roles === null ? null : { id, roles };
}

/** What people and the house hold; the queue may be at work on what the order's own steps asked for. */
const money = async () =>
  env.DB.prepare(
    'select count(*) as n, coalesce(sum(abs(balance_cents)), 0) as cents from ledger_balances',
  ).first();

describe.each(ORDER_STATUSES)('an order that is %s', (status) => {
  it('refuses every action of everybody that its table does not have', async () => {
    const id = await made(WAYS[status]);
    const before = (await loadOrder(deps.db, id))!;
    expect(before.row.status).toBe(status);
    const held = await money();
    let refused = 0;
    for (const name of people.keys()) {
      const actor = actorOf(name);
      const allowed = actor === null ? [] : allowedActions(before.state, actor, deps.now());
      for (const action of ORDER_ACTIONS) {
        if (allowed.includes(action)) continue;
        const response = await request(...asked(id, action, people.get(name)!.token));
        const { code } = await bodyOf<{ code: string }>(response);
        const told = `${name} may not ${action} while ${status}: ${response.status} ${code}`;
        if (actor === null) expect(response.status, told).toBe(404);
        else expect([403, 409], told).toContain(response.status);
        expect(['order_not_found', 'forbidden', 'invalid_transition'], told).toContain(code);
        refused += 1;
      }
    }
    for (const action of ORDER_ACTIONS) {
      const anonymous = await request(...asked(id, action));
      expect(anonymous.status, `nobody may ${action}`).toBe(401);
    }
    expect(refused).toBeGreaterThan(people.size * 8);
    const after = (await loadOrder(deps.db, id))!;
    expect(after.row).toEqual(before.row);
    expect(await money()).toEqual(held);
  });
});
