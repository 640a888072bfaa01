/**
 * Every change of an offer's state, and no other (C.3). A row says who may take it, what must hold, what is done in the
 * same commit and which event tells of it.
 */
import type { MachineRow } from '../state-machine.ts';
import { type OfferAction, type OfferRole, type OfferStatus, OPEN_STATUSES } from './offer.ts';

export type OfferEventType = `offer.${Exclude<OfferStatus, 'pending'> | 'created' | 'frozen' | 'unfrozen'}`;

export type OfferGuard =
  /** The turn is the caller's. */
  | 'is_awaited'
  /** The turn is the other side's. */
  | 'moved_last'
  /** Its time is not over. */
  | 'is_alive'
  | 'is_due'
  | 'is_frozen'
  /** Nobody else has been accepted on one of the listings. */
  | 'is_not_frozen'
  /** There is a number between the two that stand, and a move left. */
  | 'has_room';

/** What else changes, in the same commit. */
export type OfferEffect =
  /** All listings of the offer are promised to it, or nothing happens. */
  | 'reserve_listings'
  | 'sell_listings'
  | 'release_listings'
  | 'place_orders'
  /** Other open offers on the same listings stand still until it is known who gets them. */
  | 'freeze_rivals'
  | 'unfreeze_rivals'
  | 'supersede_rivals';

export interface OfferTransition extends MachineRow<OfferStatus, OfferAction, OfferRole> {
  when?: readonly OfferGuard[];
  effects?: readonly OfferEffect[];
  event: OfferEventType;
}

const PARTIES = ['buyer', 'seller'] as const satisfies readonly OfferRole[];
const ACCEPTED = {
  from: OPEN_STATUSES,
  to: 'accepted',
  effects: ['reserve_listings', 'place_orders', 'freeze_rivals'],
  event: 'offer.accepted',
} as const satisfies Partial<OfferTransition>;

export const OFFER_TRANSITIONS: readonly OfferTransition[] = [
  // The parties, in turns
  { ...ACCEPTED, action: 'accept', by: PARTIES, when: ['is_alive', 'is_awaited', 'is_not_frozen'] },
  {
    from: OPEN_STATUSES,
    to: 'countered',
    action: 'counter',
    by: PARTIES,
    when: ['is_alive', 'is_awaited', 'is_not_frozen', 'has_room'],
    event: 'offer.countered',
  },
  {
    from: OPEN_STATUSES,
    to: 'declined',
    action: 'decline',
    by: PARTIES,
    when: ['is_alive', 'is_awaited'],
    event: 'offer.declined',
  },
  {
    from: OPEN_STATUSES,
    to: 'withdrawn',
    action: 'withdraw',
    by: PARTIES,
    when: ['is_alive', 'moved_last'],
    event: 'offer.withdrawn',
  },

  // The thresholds of the listing, at once
  { ...ACCEPTED, from: ['pending'], action: 'auto_accept', by: ['system'] },
  { from: ['pending'], to: 'declined', action: 'auto_decline', by: ['system'], event: 'offer.declined' },

  // Another buyer was accepted; and did not pay
  ...OPEN_STATUSES.flatMap((status): OfferTransition[] => [
    {
      from: [status],
      to: status,
      action: 'freeze',
      by: ['system'],
      when: ['is_alive', 'is_not_frozen'],
      event: 'offer.frozen',
    },
    {
      from: [status],
      to: status,
      action: 'unfreeze',
      by: ['system'],
      when: ['is_frozen'],
      event: 'offer.unfrozen',
    },
  ]),

  // Time
  {
    from: OPEN_STATUSES,
    to: 'expired',
    action: 'expire',
    by: ['system'],
    when: ['is_due'],
    event: 'offer.expired',
  },

  // The order
  {
    from: ['accepted'],
    to: 'payment_held',
    action: 'hold_payment',
    by: ['system'],
    effects: ['sell_listings', 'supersede_rivals'],
    event: 'offer.payment_held',
  },
  {
    from: ['accepted'],
    to: 'lapsed',
    action: 'lapse',
    by: ['system'],
    effects: ['release_listings', 'unfreeze_rivals'],
    event: 'offer.lapsed',
  },
  {
    from: ['payment_held'],
    to: 'completed',
    action: 'complete',
    by: ['system'],
    event: 'offer.completed',
  },
  {
    // Also within the days after completion in which an order can still be refunded.
    from: ['payment_held', 'completed'],
    to: 'refunded',
    action: 'refund',
    by: ['system'],
    event: 'offer.refunded',
  },

  // The listing is gone: sold to somebody else, taken away by its owner, or by a moderator
  {
    from: OPEN_STATUSES,
    to: 'superseded',
    action: 'supersede',
    by: ['system'],
    event: 'offer.superseded',
  },
  {
    from: OPEN_STATUSES,
    to: 'admin_ended',
    action: 'end',
    by: ['moderator', 'system'],
    event: 'offer.admin_ended',
  },
];
