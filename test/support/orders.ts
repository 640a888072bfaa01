import type {
  Actor,
  OrderFacts,
  OrderState,
  OrderStatus,
  OrderTimer,
} from '../../src/domain/orders/order.ts';

/** Wednesday noon. */
export const NOON_MS = Date.UTC(2026, 2, 4, 12);

export const BUYER: Actor = { id: 'usr_buyer', roles: ['buyer'] };
export const SELLER: Actor = { id: 'usr_seller', roles: ['seller'] };
export const ADMIN: Actor = { id: 'usr_admin', roles: ['admin'] };
export const SUPPORT: Actor = { id: 'usr_support', roles: ['support'] };
export const FINANCE: Actor = { id: 'usr_finance', roles: ['finance'] };

export function orderFacts(changes: Partial<OrderFacts> = {}): OrderFacts {
  return {
    id: 'ord_1',
    number: 'ORD-20260304-0001',
    source: 'match',
    supply: 'book',
    buyerId: BUYER.id,
    sellerId: SELLER.id,
    matchId: 'mat_1',
    offerId: null,
    listingId: null,
    listingIds: [],
    swapId: null,
    currency: 'USD',
    totalCents: 23_100,
    requiresVerification: false,
    ...changes,
  };
}

export const running = (kind: OrderTimer['kind'], dueAtMs: number): OrderTimer => ({
  kind,
  state: 'running',
  dueAtMs,
});

/** An order in some state, without history, timers or dates unless given. */
export function orderIn(status: OrderStatus, changes: Partial<OrderState> = {}): OrderState {
  return {
    ...orderFacts(),
    status,
    version: 7,
    verification: 'not_required',
    resumeTo: status === 'on_hold' ? 'paid' : null,
    timers: [],
    shipByExtended: false,
    refundedCents: 0,
    shippedAtMs: null,
    completedAtMs: null,
    ...changes,
  };
}
