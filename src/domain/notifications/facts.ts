/** What is known of an event beyond its own words, and the variables that templates make of both. */
import type { EventEnvelope } from '../events.ts';
import type { Variables } from './notice.ts';

export type EventData = Readonly<Record<string, unknown>>;

/** Names and amounts as they are in the tables (SN-36); what an event does not speak of is null. */
export interface NoticeFacts {
  order: {
    number: string;
    product: string | null;
    size: string | null;
    quantity: number;
    priceCents: number;
    totalCents: number;
    payoutCents: number;
    currency: string;
    carrier: string | null;
    tracking: string | null;
    shipByMs: number | null;
  } | null;
  /** A size of the catalogue, or a product without one. */
  item: { product: string; size: string | null } | null;
  /** Names of the people the event speaks of, by id. */
  people: ReadonlyMap<string, string>;
}

export const NO_FACTS: NoticeFacts = { order: null, item: null, people: new Map() };

export const textIn = (data: EventData, field: string): string | null => {
  const value = data[field];
  return typeof value === 'string' && value !== '' ? value : null;
};
const numberIn = (data: EventData, field: string): number | null => {
  const value = data[field];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
};
const momentIn = (data: EventData, field: string): number | null => {
  const text = textIn(data, field);
  const atMs = text === null ? (numberIn(data, field) ?? Number.NaN) : Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
};

const MONEY_FIELDS = {
  amount: 'amount_cents',
  price: 'price_cents',
  previous_price: 'previous_price_cents',
  threshold: 'threshold_cents',
  list_price: 'list_price_cents',
  refund: 'refund_cents',
  top: 'top_price_cents',
} as const;
const TEXT_FIELDS = {
  reason: 'reason',
  preview: 'preview',
  search: 'name',
  action: 'action',
  outcome: 'outcome',
  order_number: 'order_number',
  device: 'device',
  address: 'address',
  code: 'code',
  text: 'text',
  role: 'role',
} as const;
const MOMENT_FIELDS = { expires: 'expires_at', until: 'until', ship_by: 'ship_by' } as const;
/** Longer texts are cut: a notice is a line, not a letter. */
const MAX_TEXT = 200;

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text);
const named = (product: string, size: string | null): string =>
  size === null || size === '' ? product : `${product} (${size})`;

/** Everything a template may speak of. `personField` names whom the notice is about. */
export function variablesOf(
  { data: raw }: EventEnvelope,
  facts: NoticeFacts,
  personField: string | null,
): Variables {
  const data = raw as EventData;
  const currency = textIn(data, 'currency') ?? facts.order?.currency ?? 'USD';
  const variables: Record<string, Variables[string]> = {};
  for (const [name, field] of Object.entries(MONEY_FIELDS)) {
    const amount = numberIn(data, field);
    if (amount !== null) variables[name] = { cents: amount, currency };
  }
  for (const [name, field] of Object.entries(TEXT_FIELDS)) {
    const text = textIn(data, field);
    if (text !== null) variables[name] = cut(text);
  }
  for (const [name, field] of Object.entries(MOMENT_FIELDS)) {
    const atMs = momentIn(data, field);
    if (atMs !== null) variables[name] = { atMs };
  }
  for (const name of ['count', 'rating', 'quantity'] as const) {
    const count = numberIn(data, name);
    if (count !== null) variables[name] = count;
  }
  const title = textIn(data, 'listing_title') ?? textIn(data, 'title');
  const { order, item } = facts;
  if (order !== null) {
    variables.order_number = order.number;
    variables.quantity = order.quantity;
    variables.price = { cents: order.priceCents, currency: order.currency };
    variables.total = { cents: order.totalCents, currency: order.currency };
    variables.payout = { cents: order.payoutCents, currency: order.currency };
    if (order.carrier !== null) variables.carrier = order.carrier;
    if (order.tracking !== null) variables.tracking = order.tracking;
    if (order.shipByMs !== null && variables.ship_by === undefined)
      variables.ship_by = { atMs: order.shipByMs };
  }
  const product = order?.product ?? item?.product ?? title;
  const size = order?.size ?? item?.size ?? null;
  if (product !== null && product !== undefined) variables.item = cut(named(product, size));
  else if (order !== null) variables.item = order.number;
  if (title !== null) variables.title = cut(title);
  const person = personField === null ? null : textIn(data, personField);
  variables.person = (person === null ? null : facts.people.get(person)) ?? '';
  return variables;
}
