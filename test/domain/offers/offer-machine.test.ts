import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_MOVES,
  OFFER_ACTIONS,
  OFFER_ANSWERS,
  OFFER_LIFE_MS,
  OFFER_ROLES,
  OFFER_STATUSES,
  OFFER_SYSTEM,
  type OfferAction,
  type OfferRole,
  type OfferState,
  type OfferStatus,
  otherSide,
} from '../../../src/domain/offers/offer.ts';
import { allowedAnswers, counterRange, offerStep } from '../../../src/domain/offers/offer-machine.ts';
import { HOUR_MS, MINUTE_MS } from '../../../src/domain/time.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);

/** C.3 written out by hand, apart from the table under test. Parties act when the turn is theirs, or not, as guarded. */
const EXPECTED = `
  pending      accept       buyer,seller     -> accepted
  pending      counter      buyer,seller     -> countered
  pending      decline      buyer,seller     -> declined
  pending      withdraw     buyer,seller     -> withdrawn
  pending      auto_accept  system           -> accepted
  pending      auto_decline system           -> declined
  pending      freeze       system           -> pending
  pending      unfreeze     system           -> pending
  pending      expire       system           -> expired
  pending      supersede    system           -> superseded
  pending      end          moderator,system -> admin_ended
  countered    accept       buyer,seller     -> accepted
  countered    counter      buyer,seller     -> countered
  countered    decline      buyer,seller     -> declined
  countered    withdraw     buyer,seller     -> withdrawn
  countered    freeze       system           -> countered
  countered    unfreeze     system           -> countered
  countered    expire       system           -> expired
  countered    supersede    system           -> superseded
  countered    end          moderator,system -> admin_ended
  accepted     hold_payment system           -> payment_held
  accepted     lapse        system           -> lapsed
  payment_held complete     system           -> completed
  payment_held refund       system           -> refunded
  completed    refund       system           -> refunded
`;
const EDGES = new Map<string, string>(
  EXPECTED.split('\n')
    .map((line) => /^\s*(\w+)\s+(\w+)\s+([\w,]+)\s+-> (\w+)$/.exec(line))
    .filter((match) => match !== null)
    .flatMap(([, from, action, roles, to]) =>
      roles!.split(',').map((role) => [`${from} ${action} ${role}`, to!] as const),
    ),
);

function offerIn(status: OfferStatus, changes: Partial<OfferState> = {}): OfferState {
  const isOpen = status === 'pending' || status === 'countered';
  return {
    id: 'ofr_0123456789abcdef',
    type: 'offer',
    listingId: 'lst_0123456789abcdef',
    buyerId: 'usr_buyer',
    sellerId: 'usr_seller',
    status,
    version: 3,
    awaiting: isOpen ? 'seller' : null,
    round: 1,
    amountCents: 10_000,
    buyerCents: 10_000,
    sellerCents: 20_000,
    expiresAtMs: NOW_MS + HOUR_MS,
    frozenRemainingMs: null,
    isAuto: false,
    ...changes,
  };
}

/** The state in which an action can be taken by this role, as far as its guards go. */
function readyFor(status: OfferStatus, action: OfferAction, role: OfferRole): OfferState {
  const turn = role === 'buyer' || role === 'seller' ? role : 'seller';
  const offer = offerIn(status);
  if (offer.awaiting === null) return offer;
  if (action === 'unfreeze') return { ...offer, expiresAtMs: null, frozenRemainingMs: HOUR_MS };
  if (action === 'expire') return { ...offer, expiresAtMs: NOW_MS };
  return { ...offer, awaiting: action === 'withdraw' ? otherSide(turn) : turn };
}

const refusal = (
  offer: OfferState,
  action: Exclude<OfferAction, 'create'>,
  role: OfferRole,
  amountCents?: number,
) => {
  const step = offerStep(
    offer,
    action,
    { id: `usr_${role}`, role },
    amountCents === undefined ? {} : { amountCents },
    NOW_MS,
  );
  return step.ok ? step.value.offer.status : step.error.code;
};

describe('the table of an offer', () => {
  it('holds exactly the transitions of C.3', () => {
    for (const from of OFFER_STATUSES)
      for (const action of OFFER_ACTIONS)
        for (const role of OFFER_ROLES) {
          if (action === 'create') continue;
          const name = `${from} ${action} ${role}`;
          const offer = readyFor(from, action, role);
          const step = offerStep(offer, action, { id: 'usr_x', role }, { amountCents: 15_000 }, NOW_MS);
          expect(step.ok ? step.value.offer.status : null, name).toBe(EDGES.get(name) ?? null);
        }
  });

  it('writes a history that continues, and one version more', () => {
    const step = offerStep(offerIn('pending'), 'decline', { id: 'usr_seller', role: 'seller' }, {}, NOW_MS);
    expect(step).toMatchObject({
      ok: true,
      value: {
        event: 'offer.declined',
        offer: { version: 4, awaiting: null },
        history: { version: 4, from: 'pending', to: 'declined', actorType: 'seller', atMs: NOW_MS },
      },
    });
  });
});

describe('turns', () => {
  it('belong to the awaited party; the other one may only withdraw', () => {
    const offer = offerIn('pending');
    for (const action of ['accept', 'counter', 'decline'] as const)
      expect(refusal(offer, action, 'buyer', 15_000)).toBe('not_your_turn');
    expect(refusal(offer, 'withdraw', 'seller')).toBe('not_your_turn');
    expect(allowedAnswers(offer, 'seller', NOW_MS)).toEqual(['accept', 'counter', 'decline']);
    expect(allowedAnswers(offer, 'buyer', NOW_MS)).toEqual(['withdraw']);
  });

  it('let a buyer accept a counter, and nobody their own', () => {
    const countered = offerIn('countered', {
      awaiting: 'buyer',
      round: 2,
      amountCents: 15_000,
      sellerCents: 15_000,
    });
    expect(refusal(countered, 'accept', 'buyer')).toBe('accepted');
    expect(refusal(countered, 'accept', 'seller')).toBe('not_your_turn');
  });
});

describe('a counter', () => {
  it.each([
    [9_999, 'invalid_price'],
    [10_000, 'invalid_price'],
    [10_001, 'countered'],
    [19_999, 'countered'],
    [20_000, 'invalid_price'],
    [undefined, 'invalid_price'],
  ])('of %s between 10 000 and 20 000 is %s', (amount, outcome) => {
    expect(refusal(offerIn('pending'), 'counter', 'seller', amount)).toBe(outcome);
  });

  it('turns the turn, stands, and waits a day anew', () => {
    const step = offerStep(
      offerIn('pending', { expiresAtMs: NOW_MS + 1 }),
      'counter',
      { id: 'usr_seller', role: 'seller' },
      { amountCents: 18_000 },
      NOW_MS,
    );
    expect(step).toMatchObject({
      ok: true,
      value: {
        offer: {
          awaiting: 'buyer',
          amountCents: 18_000,
          buyerCents: 10_000,
          sellerCents: 18_000,
          round: 2,
          expiresAtMs: NOW_MS + OFFER_LIFE_MS,
        },
        move: { by: 'seller', round: 2, amountCents: 18_000 },
      },
    });
  });

  it('is refused after ten moves, and where nothing lies between', () => {
    expect(refusal(offerIn('countered', { round: MAX_MOVES }), 'counter', 'seller', 15_000)).toBe(
      'offer_moves_used_up',
    );
    const near = offerIn('pending', { sellerCents: 10_001 });
    expect(refusal(near, 'counter', 'seller', 10_001)).toBe('offer_moves_used_up');
    expect(allowedAnswers(near, 'seller', NOW_MS)).toEqual(['accept', 'decline']);
  });
});

describe('time', () => {
  it('ends an offer at its moment, whether written down or not', () => {
    const due = offerIn('countered', { expiresAtMs: NOW_MS });
    for (const answer of OFFER_ANSWERS)
      expect(refusal(due, answer, answer === 'withdraw' ? 'buyer' : 'seller', 15_000)).toBe('offer_expired');
    expect(allowedAnswers(due, 'seller', NOW_MS)).toEqual([]);
    expect(refusal(due, 'expire', 'system')).toBe('expired');
    expect(refusal(offerIn('pending', { expiresAtMs: NOW_MS + 1 }), 'expire', 'system')).toBe(
      'invalid_transition',
    );
  });

  it('stands still while another offer is accepted', () => {
    const frozen = offerStep(offerIn('pending'), 'freeze', OFFER_SYSTEM, {}, NOW_MS);
    if (!frozen.ok) throw new Error(frozen.error.code);
    expect(frozen.value.offer).toMatchObject({ expiresAtMs: null, frozenRemainingMs: HOUR_MS });
    expect(refusal(frozen.value.offer, 'accept', 'seller')).toBe('offer_frozen');
    expect(refusal(frozen.value.offer, 'counter', 'seller', 15_000)).toBe('offer_frozen');
    expect(refusal(frozen.value.offer, 'decline', 'seller')).toBe('declined');
    expect(refusal(frozen.value.offer, 'withdraw', 'buyer')).toBe('withdrawn');
    const later = NOW_MS + 20 * HOUR_MS;
    const back = offerStep(frozen.value.offer, 'unfreeze', OFFER_SYSTEM, {}, later);
    expect(back).toMatchObject({
      ok: true,
      value: { offer: { expiresAtMs: later + HOUR_MS, frozenRemainingMs: null, status: 'pending' } },
    });
  });
});

/** The simplest model: the list of numbers named so far, and when the last one was named. */
class NaiveHaggle {
  numbers: number[];
  at: number;
  over: string | null = null;
  readonly list: number;
  constructor(first: number, list: number, at: number) {
    this.numbers = [first];
    this.list = list;
    this.at = at;
  }
  private isBuyersTurn = () => this.numbers.length % 2 === 0;
  play(who: 'buyer' | 'seller', what: string, amount: number, now: number): boolean {
    if (this.over !== null) return false;
    if (now >= this.at + OFFER_LIFE_MS) {
      this.over = 'expired';
      return false;
    }
    const mine = (who === 'buyer') === this.isBuyersTurn();
    if (what === 'withdraw') {
      if (mine) return false;
      this.over = 'withdrawn';
      return true;
    }
    if (!mine) return false;
    if (what === 'counter') {
      const bids = this.numbers.filter((_, index) => index % 2 === 0);
      const asks = [this.list, ...this.numbers.filter((_, index) => index % 2 === 1)];
      if (this.numbers.length >= 10 || amount <= bids.at(-1)! || amount >= asks.at(-1)!) return false;
      this.numbers.push(amount);
      this.at = now;
      return true;
    }
    this.over = what === 'accept' ? 'accepted' : 'declined';
    return true;
  }
}

describe('random haggling', () => {
  const play = fc.record({
    who: fc.constantFrom('buyer' as const, 'seller' as const),
    what: fc.constantFrom('counter', 'counter', 'counter', 'accept', 'decline', 'withdraw'),
    amount: fc.integer({ min: 0, max: 120 }),
    minutes: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 300 }) },
      { weight: 1, arbitrary: fc.constant(1_440) },
    ),
  });

  it('goes as the naive model says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), fc.array(play, { maxLength: 40 }), (first, plays) => {
        let nowMs = NOW_MS;
        let offer = offerIn('pending', {
          version: 1,
          amountCents: first,
          buyerCents: first,
          sellerCents: 100,
          expiresAtMs: NOW_MS + OFFER_LIFE_MS,
        });
        const naive = new NaiveHaggle(first, 100, NOW_MS);
        for (const { who, what, amount, minutes } of plays) {
          nowMs += minutes * MINUTE_MS;
          const answer = OFFER_ANSWERS.find((one) => one === what)!;
          const isAllowed = allowedAnswers(offer, who, nowMs).includes(answer);
          const step = offerStep(offer, answer, { id: who, role: who }, { amountCents: amount }, nowMs);
          const taken = naive.play(who, what, amount, nowMs);
          expect(step.ok).toBe(taken);
          // What is allowed is refused for its amount alone.
          if (answer !== 'counter') expect(isAllowed).toBe(taken);
          else if (taken) expect(isAllowed).toBe(true);
          if (step.ok) {
            expect(step.value.offer.version).toBe(offer.version + 1);
            offer = step.value.offer;
          } else if (naive.over === 'expired' && offer.awaiting !== null) {
            const ended = offerStep(offer, 'expire', OFFER_SYSTEM, {}, nowMs);
            if (!ended.ok) throw new Error(ended.error.detail);
            offer = ended.value.offer;
          }
          expect(offer.amountCents).toBe(naive.numbers.at(-1));
          expect(offer.round).toBe(naive.numbers.length);
          expect(offer.round).toBeLessThanOrEqual(MAX_MOVES);
          expect(offer.awaiting === null).toBe(naive.over !== null);
          if (naive.over !== null) expect(offer.status).toBe(naive.over);
          // The two numbers never cross, and close in with every move.
          expect(offer.buyerCents).toBeLessThan(offer.sellerCents);
          const range = counterRange(offer);
          if (range) expect(range.minCents).toBeLessThanOrEqual(range.maxCents);
        }
      }),
    );
  });
});
