/** Runs the table of an offer: one action in, the next state and what must be committed with it out. */
import { type ErrorCode, type Failure, failure } from '../errors.ts';
import { err, ok, type Result } from '../result.ts';
import { rowsFor, rowsFrom } from '../state-machine.ts';
import {
  isDue,
  isOpen,
  MAX_MOVES,
  OFFER_ANSWERS,
  OFFER_LIFE_MS,
  type OfferAction,
  type OfferActor,
  type OfferAnswer,
  type OfferHistoryEntry,
  type OfferMove,
  type OfferSide,
  type OfferState,
  otherSide,
} from './offer.ts';
import {
  OFFER_TRANSITIONS,
  type OfferEffect,
  type OfferEventType,
  type OfferGuard,
} from './offer-transitions.ts';

/** What a caller brings along. */
export interface OfferInput {
  /** Needed by `counter`. */
  amountCents?: number;
  /** How long a counter waits for its answer. */
  lifeMs?: number;
}

/** One step of an offer: `offer` is what it becomes, the rest is committed with it under the guard of its version. */
export interface OfferStep {
  offer: OfferState;
  history: OfferHistoryEntry;
  event: OfferEventType;
  effects: readonly OfferEffect[];
  /** The move that was made; null when the step is none. */
  move: OfferMove | null;
}

/** The lowest and the highest number that lie strictly between those that stand; null when there is none. */
export function counterRange({
  buyerCents,
  sellerCents,
}: Pick<OfferState, 'buyerCents' | 'sellerCents'>): { minCents: number; maxCents: number } | null {
  const [minCents, maxCents] = [buyerCents + 1, sellerCents - 1];
  return minCents <= maxCents ? { minCents, maxCents } : null;
}

const awaitedIs = (offer: OfferState, { role }: OfferActor): boolean => offer.awaiting === role;

const GUARDS: Record<OfferGuard, (offer: OfferState, actor: OfferActor, nowMs: number) => boolean> = {
  is_awaited: awaitedIs,
  moved_last: (offer, actor) => !awaitedIs(offer, actor),
  is_alive: (offer, _, nowMs) => !isDue(offer, nowMs),
  is_due: (offer, _, nowMs) => isDue(offer, nowMs),
  is_frozen: ({ frozenRemainingMs }) => frozenRemainingMs !== null,
  is_not_frozen: ({ frozenRemainingMs }) => frozenRemainingMs === null,
  has_room: (offer) => offer.round < MAX_MOVES && counterRange(offer) !== null,
};

const REFUSALS: Record<OfferGuard, [code: ErrorCode, detail: string]> = {
  is_awaited: ['not_your_turn', 'The other side is to answer this offer; you can withdraw it.'],
  moved_last: ['not_your_turn', 'You are to answer this offer; you can accept, counter or decline it.'],
  is_alive: ['offer_expired', 'The time to answer this offer is over.'],
  is_due: ['invalid_transition', 'The time to answer this offer is not over.'],
  is_frozen: ['invalid_transition', 'This offer is not frozen.'],
  is_not_frozen: [
    'offer_frozen',
    'Another offer was accepted; this one stands still until it is paid or not.',
  ],
  has_room: [
    'offer_moves_used_up',
    `No further counter: ${MAX_MOVES} moves were made, or no amount lies between.`,
  ],
};

function refusalOf(guard: OfferGuard, offer: OfferState, action: OfferAction): Failure {
  const [code, detail] = REFUSALS[guard];
  return failure(code, detail, {
    offer_status: guard === 'is_alive' ? 'expired' : offer.status,
    action,
  });
}

/**
 * Takes one action. Refused with `forbidden` for a role that never may, `invalid_transition` from a state that does not
 * take it, `offer_expired`, `offer_frozen`, `not_your_turn`, `offer_moves_used_up`, and `invalid_price` for a counter
 * that does not lie strictly between the two numbers that stand.
 */
export function offerStep(
  offer: OfferState,
  action: Exclude<OfferAction, 'create'>,
  actor: OfferActor,
  input: OfferInput,
  nowMs: number,
): Result<OfferStep, Failure> {
  const rows = rowsFor(OFFER_TRANSITIONS, offer.status, action, [actor.role]);
  if (!rows.ok)
    return err(
      rows.error === 'forbidden'
        ? failure('forbidden', `Your role on this offer may not ${action.replace('_', ' ')} it.`)
        : failure(
            'invalid_transition',
            `An offer that is ${offer.status} cannot ${action.replace('_', ' ')}.`,
            {
              offer_status: offer.status,
              action,
            },
          ),
    );
  const [row] = rows.value;
  const broken = row.when?.find((guard) => !GUARDS[guard](offer, actor, nowMs));
  if (broken) return err(refusalOf(broken, offer, action));

  const next: OfferState = {
    ...offer,
    status: row.to,
    version: offer.version + 1,
    isAuto: offer.isAuto || action === 'auto_accept' || action === 'auto_decline',
  };
  let move: OfferMove | null = null;
  if (action === 'counter') {
    const countered = counter(offer, input, nowMs);
    if (!countered.ok) return countered;
    move = countered.value;
    next.awaiting = otherSide(move.by);
    next.round = move.round;
    next.amountCents = move.amountCents;
    next[`${move.by}Cents`] = move.amountCents;
    next.expiresAtMs = move.expiresAtMs;
  } else if (action === 'freeze') {
    next.frozenRemainingMs = offer.expiresAtMs! - nowMs;
    next.expiresAtMs = null;
  } else if (action === 'unfreeze') {
    next.expiresAtMs = nowMs + offer.frozenRemainingMs!;
    next.frozenRemainingMs = null;
  } else if (!isOpen(next)) {
    next.awaiting = null;
    next.frozenRemainingMs = null;
  }
  return ok({
    offer: next,
    move,
    event: row.event,
    effects: row.effects ?? [],
    history: {
      offerId: offer.id,
      version: next.version,
      from: offer.status,
      to: next.status,
      action,
      actorType: actor.role,
      actorId: actor.id,
      atMs: nowMs,
    },
  });
}

/** The move of whoever's turn it is; the guards have looked at the turn and at the room. */
function counter(offer: OfferState, input: OfferInput, nowMs: number): Result<OfferMove, Failure> {
  const { minCents, maxCents } = counterRange(offer)!;
  const { amountCents, lifeMs = OFFER_LIFE_MS } = input;
  if (amountCents === undefined || amountCents < minCents || amountCents > maxCents)
    return err(
      failure('invalid_price', 'A counter lies strictly between the two amounts that stand.', {
        min_cents: minCents,
        max_cents: maxCents,
      }),
    );
  return ok({
    offerId: offer.id,
    round: offer.round + 1,
    by: offer.awaiting!,
    amountCents,
    expiresAtMs: nowMs + lifeMs,
    atMs: nowMs,
  });
}

/** What a party can do to an offer now, in the order of the table. */
export function allowedAnswers(offer: OfferState, side: OfferSide, nowMs: number): OfferAnswer[] {
  const actor: OfferActor = { id: '', role: side };
  const rows = rowsFrom(OFFER_TRANSITIONS, offer.status, [side]).filter((row) =>
    (row.when ?? []).every((guard) => GUARDS[guard](offer, actor, nowMs)),
  );
  return OFFER_ANSWERS.filter((answer) => rows.some(({ action }) => action === answer));
}
