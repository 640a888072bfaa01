/** What orders and payments tell both their parties live; ids of events keep a redelivery from being told twice. */
import { z } from 'zod';
import type { Deps, DomainEventHandler, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { ChannelFrame } from '../../platform/channels/channels.ts';
import { tellUsers } from './tell-users.usecases.ts';

/** Of what other features write, the part that is told. An event without a buyer is for nobody. */
const OrderFacts = z.object({
  order_id: z.string(),
  order_number: z.string(),
  buyer_id: z.string(),
  seller_id: z.string().nullable(),
  amount_cents: z.int(),
  currency: z.string(),
  from: z.string().nullable(),
  to: z.string(),
  reason: z.string().nullable(),
});

const nameOf = ({ type }: EventEnvelope): string => type.slice(type.indexOf('.') + 1);

const tellParties = (
  deps: Deps,
  { buyer_id, seller_id }: { buyer_id: string; seller_id: string | null },
  frame: (role: 'buyer' | 'seller') => ChannelFrame,
): Promise<void> =>
  tellUsers(
    deps,
    new Map([
      [buyer_id, [frame('buyer')]],
      ...(seller_id === null ? [] : [[seller_id, [frame('seller')]] as const]),
    ]),
  );

const tellOfOrder: DomainEventHandler = async (deps, event) => {
  const facts = OrderFacts.safeParse(event.data);
  if (!facts.success) return;
  const order = facts.data;
  await tellParties(deps, order, (role) => ({
    type: 'order:updated',
    id: event.event_id,
    data: {
      order_id: order.order_id,
      order_number: order.order_number,
      event: nameOf(event),
      status: order.to,
      previous_status: order.from,
      role,
      total_cents: order.amount_cents,
      currency: order.currency,
      reason: order.reason,
    },
  }));
};

const tellOfPayment: DomainEventHandler = async (deps, event) => {
  const payment = OrderFacts.safeParse(event.data);
  if (!payment.success) return;
  const { order_id, order_number, amount_cents, currency } = payment.data;
  await tellParties(deps, payment.data, (role) => ({
    type: 'payment:updated',
    id: event.event_id,
    data: { order_id, order_number, event: nameOf(event), role, total_cents: amount_cents, currency },
  }));
};

const ORDER_EVENTS = [
  'placed',
  'paid',
  'processing',
  'shipped',
  'delivered',
  'completed',
  'cancelled',
  'refunded',
  'failed',
  'disputed',
  'on_hold',
  'resumed',
  'ship_by_extended',
  'address_changed',
  'inspection_ending',
  'seller_asked',
  'dispute_answered',
];
const PAYMENT_EVENTS = ['held', 'released'];

export const CHANNEL_HANDLERS: DomainEventHandlers = Object.fromEntries([
  ...ORDER_EVENTS.map((name) => [`order.${name}`, tellOfOrder]),
  ...PAYMENT_EVENTS.map((name) => [`payment.${name}`, tellOfPayment]),
]);
