/** Runs the table of an order: one action in, the next state and everything that must be committed with it out. */
import { type Failure, failure } from '../errors.ts';
import { err, ok, type Result } from '../result.ts';
import { rowsFor, rowsFrom } from '../state-machine.ts';
import {
  type Actor,
  type ActorRole,
  FINAL_STATUSES,
  type HistoryEntry,
  HOLDABLE_STATUSES,
  type HoldableStatus,
  type OrderAction,
  type OrderFacts,
  type OrderState,
  type OrderStatus,
  type OrderTimer,
  SYSTEM,
  type TimerKind,
} from './order.ts';
import { type OrderEventDraft, orderEventData } from './order-events.ts';
import type { EffectScope, InputGuard, OrderEffect, OrderRow, RowEffect, StateGuard } from './order-row.ts';
import { ORDER_TRANSITIONS } from './order-transitions.ts';
import {
  DELIVERY_PATIENCE_MS,
  REFUND_AFTER_COMPLETION_MS,
  SHIP_BY_EXTENSION_MS,
  timerDueMs,
} from './order-windows.ts';

/** What a caller brings along; each action says what it needs. */
export interface TransitionInput {
  reason?: string;
  carrier?: string;
  trackingNumber?: string;
  outcome?: 'release' | 'refund' | 'partial';
  /** Of a partial resolution. */
  refundCents?: number;
  /** Of a captured payment. */
  amountCents?: number;
  currency?: string;
}

/** A change to one timer row. `set` also moves a timer that runs. */
export type TimerChange =
  | { op: 'set' | 'resume'; kind: TimerKind; dueAtMs: number }
  | { op: 'pause'; kind: TimerKind; remainingMs: number }
  | { op: 'cancel'; kind: TimerKind };

/** One step of an order: `order` is what it becomes, the rest is committed with it under the guard of `version`. */
export interface Transition {
  order: OrderState;
  to: OrderStatus;
  version: number;
  history: HistoryEntry;
  timers: readonly TimerChange[];
  effects: readonly OrderEffect[];
  events: readonly OrderEventDraft[];
}

export type OrderRefusalCode =
  | 'forbidden'
  | 'invalid_transition'
  | 'transition_due'
  | 'reason_required'
  | 'tracking_required'
  | 'invalid_outcome'
  | 'amount_mismatch';

export interface OrderRefusal {
  code: OrderRefusalCode;
  detail: string;
  status: OrderStatus;
  /** What the same actor could do now. */
  allowedActions: OrderAction[];
}

/** A refusal as the API tells it. */
export function refusalFailure(refusal: OrderRefusal): Failure {
  const { code, detail, status, allowedActions } = refusal;
  return failure(code, detail, { order_status: status, allowed_actions: allowedActions });
}

/** What the passing of time does to an order. */
const DUE_ACTIONS = {
  pay_window: 'pay_window_over',
  ship_by: 'ship_by_over',
  inspection_reminder: 'inspection_ending',
  inspection: 'inspection_over',
  dispute_reply: 'dispute_silence',
  dispute_window: 'dispute_over_60_days',
} as const satisfies Record<TimerKind, OrderAction>;

interface GuardContext {
  order: OrderState;
  row: OrderRow;
  nowMs: number;
}

const isUnshipped = (status: OrderStatus | null): boolean => status === 'paid' || status === 'processing';

/** Arrived, in an exchange whose other direction has not: nobody's time to look runs yet. */
function awaitsOtherSide(order: OrderState): boolean {
  return order.source === 'swap' && !order.timers.some(({ kind }) => kind === 'inspection');
}

const STATE_GUARDS: Record<StateGuard, (context: GuardContext) => boolean> = {
  timer_is_due: ({ order, row, nowMs }) => dueTransition(order, nowMs)?.action === row.action,
  ship_by_not_extended: ({ order }) => !order.shipByExtended,
  delivery_is_late: ({ order, nowMs }) =>
    order.shippedAtMs !== null && nowMs >= order.shippedAtMs + DELIVERY_PATIENCE_MS,
  seller_was_asked: ({ order }) => order.timers.some((timer) => timer.kind === 'dispute_reply'),
  holds_this_state: ({ order, row }) => order.resumeTo === row.to,
  is_unshipped: ({ order }) => isUnshipped(order.resumeTo),
  is_no_swap: ({ order }) => order.source !== 'swap',
  is_swap: ({ order }) => order.source === 'swap',
  is_verified: ({ order }) => !order.requiresVerification || order.verification === 'passed',
  awaits_other_side: ({ order }) => awaitsOtherSide(order),
  may_settle: ({ order }) => !awaitsOtherSide(order),
  completed_recently: ({ order, nowMs }) =>
    order.completedAtMs !== null && nowMs <= order.completedAtMs + REFUND_AFTER_COMPLETION_MS,
};

const isFilled = (text: string | undefined): boolean => text !== undefined && text.trim() !== '';

function isPartOf(order: OrderState, refundCents: number | undefined): boolean {
  const leftCents = order.totalCents - order.refundedCents;
  return Number.isSafeInteger(refundCents) && refundCents! > 0 && refundCents! < leftCents;
}

interface InputCheck {
  accepts: (order: OrderState, input: TransitionInput) => boolean;
  code: OrderRefusalCode;
  detail: string;
}
const INVALID_OUTCOME = {
  code: 'invalid_outcome',
  detail: 'a dispute ends in release, refund, or partial with a refund smaller than what is left',
} as const;
const INPUT_GUARDS: Record<InputGuard, InputCheck> = {
  full_amount: {
    accepts: (order, input) => input.amountCents === order.totalCents && input.currency === order.currency,
    code: 'amount_mismatch',
    detail: 'the amount captured is not the total of the order',
  },
  reason: {
    accepts: (_, input) => isFilled(input.reason),
    code: 'reason_required',
    detail: 'say why: a reason is required',
  },
  carrier_and_tracking: {
    accepts: (_, input) => isFilled(input.carrier) && isFilled(input.trackingNumber),
    code: 'tracking_required',
    detail: 'a carrier and a tracking number are both required',
  },
  outcome_release: { accepts: (_, input) => input.outcome === 'release', ...INVALID_OUTCOME },
  outcome_refund: { accepts: (_, input) => input.outcome === 'refund', ...INVALID_OUTCOME },
  outcome_partial: {
    accepts: (order, input) => input.outcome === 'partial' && isPartOf(order, input.refundCents),
    ...INVALID_OUTCOME,
  },
};

/**
 * The system transition that has fallen due, earliest first, or null. It takes effect at `atMs`, the moment it fell
 * due: a reader who applies it before the sweep does sees what the sweep would have written.
 */
export function dueTransition(
  order: Pick<OrderState, 'timers'>,
  nowMs: number,
): { action: OrderAction; atMs: number } | null {
  let first: { kind: TimerKind; dueAtMs: number } | null = null;
  for (const timer of order.timers) {
    if (timer.state === 'running' && timer.dueAtMs <= nowMs && (!first || timer.dueAtMs < first.dueAtMs))
      first = timer;
  }
  return first && { action: DUE_ACTIONS[first.kind], atMs: first.dueAtMs };
}

/** Every overdue transition in order, each at the moment it fell due: empty when the order is up to date. */
export function overdueTransitions(order: OrderState, nowMs: number): Transition[] {
  const transitions: Transition[] = [];
  let current = order;
  for (let due = dueTransition(current, nowMs); due; due = dueTransition(current, nowMs)) {
    const next = transition(current, due.action, SYSTEM, {}, due.atMs);
    if (!next.ok) throw new Error(`a timer of a ${current.status} order has no transition: ${due.action}`);
    transitions.push(next.value);
    current = next.value.order;
  }
  return transitions;
}

/** What these roles could do to the order now; what they must bring along is not looked at. */
export function allowedActions(order: OrderState, actor: Actor, nowMs: number): OrderAction[] {
  const due = dueTransition(order, nowMs);
  const rows = rowsFrom(ORDER_TRANSITIONS, order.status, actor.roles).filter(
    (row) => (due === null || row.action === due.action) && holds(row, order, nowMs),
  );
  return [...new Set(rows.map((row) => row.action))];
}

function holds(row: OrderRow, order: OrderState, nowMs: number): boolean {
  return (row.when ?? []).every((guard) => STATE_GUARDS[guard]({ order, row, nowMs }));
}

/**
 * One action on an order. Time goes first: while a timer is overdue every other action is refused with
 * `transition_due`, so that no request can slip in between a deadline and the sweep. A role that may never do this
 * is `forbidden`; a late, early or misplaced action is `invalid_transition`.
 */
export function transition(
  order: OrderState,
  action: OrderAction,
  actor: Actor,
  input: TransitionInput,
  nowMs: number,
): Result<Transition, OrderRefusal> {
  const refuse = (code: OrderRefusalCode, detail: string) =>
    err({ code, detail, status: order.status, allowedActions: allowedActions(order, actor, nowMs) });

  const rows = rowsFor(ORDER_TRANSITIONS, order.status, action, actor.roles);
  if (!rows.ok && rows.error === 'forbidden')
    return refuse('forbidden', `your role may not ${action} an order`);
  const due = dueTransition(order, nowMs);
  if (due && due.action !== action)
    return refuse('transition_due', `${due.action} comes first: it fell due before this`);
  if (!rows.ok) return refuse('invalid_transition', `${action} is not possible while ${order.status}`);

  const open = rows.value.filter((row) => holds(row, order, nowMs));
  if (open.length === 0) return refuse('invalid_transition', `${action} is not possible now`);
  const missing = open.map((row) => missingInput(row, order, input));
  const index = missing.indexOf(null);
  const row = open[index];
  if (row) return ok(take(row, order, actor, input, nowMs));
  const check = missing[0]!;
  return refuse(check.code, check.detail);
}

function missingInput(row: OrderRow, order: OrderState, input: TransitionInput): InputCheck | null {
  const unmet = (row.needs ?? []).find((guard) => !INPUT_GUARDS[guard].accepts(order, input));
  return unmet ? INPUT_GUARDS[unmet] : null;
}

function take(
  row: OrderRow,
  order: OrderState,
  actor: Actor,
  input: TransitionInput,
  nowMs: number,
): Transition {
  const timers = timerChanges(row, order, nowMs);
  const version = order.version + 1;
  const reason = isFilled(input.reason) ? input.reason!.trim() : null;
  const next: OrderState = {
    ...order,
    status: row.to,
    version,
    timers: timers.reduce(applyTimer, order.timers),
    resumeTo: row.to === 'on_hold' ? holdableStatus(order.status) : null,
    verification: row.action === 'ship' && order.requiresVerification ? 'awaiting_item' : order.verification,
    shipByExtended: order.shipByExtended || row.action === 'extend-ship-by',
    shippedAtMs: row.action === 'ship' ? nowMs : order.shippedAtMs,
    completedAtMs: row.to === 'completed' ? nowMs : order.completedAtMs,
  };
  const history: HistoryEntry = {
    orderId: order.id,
    version,
    from: order.status,
    to: row.to,
    action: row.action,
    actorType: actingRole(row, actor),
    actorId: actor.id,
    reason,
    atMs: nowMs,
  };
  return settle(next, history, timers, row.effects, row.events);
}

/** The first transition of an order: `pending`, its goods reserved by the caller, its payment asked for. */
export function placeOrder(facts: OrderFacts, actor: Actor, nowMs: number): Transition {
  // What is paid with goods has no window of its own: it goes with the other side of the exchange.
  const timers: TimerChange[] =
    facts.totalCents === 0
      ? []
      : [{ op: 'set', kind: 'pay_window', dueAtMs: timerDueMs('pay_window', facts, nowMs) }];
  const order: OrderState = {
    ...facts,
    status: 'pending',
    version: 1,
    verification: 'not_required',
    resumeTo: null,
    timers: timers.reduce(applyTimer, [] as readonly OrderTimer[]),
    shipByExtended: false,
    refundedCents: 0,
    shippedAtMs: null,
    completedAtMs: null,
  };
  const history: HistoryEntry = {
    orderId: facts.id,
    version: 1,
    from: null,
    to: 'pending',
    action: 'place',
    actorType: actor.roles[0] ?? 'system',
    actorId: actor.id,
    reason: null,
    atMs: nowMs,
  };
  return settle(order, history, timers, ['request_payment'], ['order.placed', 'payment.hold_request']);
}

function settle(
  order: OrderState,
  history: HistoryEntry,
  timers: readonly TimerChange[],
  effects: readonly RowEffect[],
  events: OrderRow['events'],
): Transition {
  const data = orderEventData(order, history);
  return {
    order,
    to: order.status,
    version: order.version,
    history,
    timers,
    effects: effects.flatMap((effect) => effectOn(order, effect)),
    events: events.map((type) => ({ type, data })),
  };
}

function effectOn(order: OrderState, effect: RowEffect): OrderEffect[] {
  if (typeof effect === 'string') return [effect];
  return effect.only.some((scope) => isInScope(order, scope)) ? [effect.effect] : [];
}

function isInScope(order: OrderState, scope: EffectScope): boolean {
  if (scope === 'verified') return order.requiresVerification;
  if (scope === 'rejected') return order.supply === 'book' && order.verification === 'failed';
  return scope === order.supply;
}

function holdableStatus(status: OrderStatus): HoldableStatus | null {
  return HOLDABLE_STATUSES.find((candidate) => candidate === status) ?? null;
}

function actingRole(row: OrderRow, actor: Actor): ActorRole {
  return row.by.find((role) => actor.roles.includes(role))!;
}

function timerChanges(row: OrderRow, order: OrderState, nowMs: number): TimerChange[] {
  const changes: TimerChange[] = [];
  for (const timer of order.timers) {
    const { kind } = timer;
    if (row.stops?.includes(kind)) changes.push({ op: 'cancel', kind });
    else if (row.clocks === 'pause' && timer.state === 'running')
      changes.push({ op: 'pause', kind, remainingMs: timer.dueAtMs - nowMs });
    else if (row.clocks === 'resume' && timer.state === 'paused')
      changes.push({ op: 'resume', kind, dueAtMs: nowMs + timer.remainingMs });
    else if (row.action === 'extend-ship-by' && kind === 'ship_by' && timer.state === 'running')
      changes.push({ op: 'set', kind, dueAtMs: timer.dueAtMs + SHIP_BY_EXTENSION_MS });
  }
  for (const kind of row.starts ?? [])
    changes.push({ op: 'set', kind, dueAtMs: timerDueMs(kind, order, nowMs) });
  return changes;
}

function applyTimer(timers: readonly OrderTimer[], change: TimerChange): readonly OrderTimer[] {
  const rest = timers.filter((timer) => timer.kind !== change.kind);
  const { kind } = change;
  if (change.op === 'cancel') return rest;
  if (change.op === 'pause') return [...rest, { kind, state: 'paused', remainingMs: change.remainingMs }];
  return [...rest, { kind, state: 'running', dueAtMs: change.dueAtMs }];
}

/** True when nothing can happen to the order any more. */
export function isFinal(status: OrderStatus): boolean {
  return FINAL_STATUSES.some((final) => final === status);
}
