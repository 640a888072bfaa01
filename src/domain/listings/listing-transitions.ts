/**
 * Every change of a listing's state, and no other (C.3). `edit` and `arrange_photos` leave the state as it is. A listing
 * that is promised to somebody is neither edited nor taken away: its order comes first.
 */
import type { MachineRow } from '../state-machine.ts';
import { type ListingAction, type ListingRole, type ListingStatus, REMOVABLE_STATUSES } from './listing.ts';

export type ListingEventType =
  | 'listing.updated'
  | 'listing.published'
  | 'listing.paused'
  | 'listing.resumed'
  | 'listing.relisted'
  | 'listing.deleted'
  | 'listing.removed'
  | 'listing.restored'
  | 'listing.reserved'
  | 'listing.released'
  | 'listing.sold'
  | 'listing.expired';

export interface ListingTransition extends MachineRow<ListingStatus, ListingAction, ListingRole> {
  event: ListingEventType;
  /** True when the owner puts the item up anew: its days on sale begin again. */
  renews?: true;
  /** True when the row is for the party alone that the item is promised or sold to. */
  forHolder?: true;
}

const EDITABLE = ['draft', 'active', 'paused', 'expired'] as const satisfies readonly ListingStatus[];

export const LISTING_TRANSITIONS: readonly ListingTransition[] = [
  // The owner
  ...EDITABLE.flatMap((status): ListingTransition[] => [
    { from: [status], to: status, action: 'edit', by: ['owner'], event: 'listing.updated' },
    { from: [status], to: status, action: 'arrange_photos', by: ['owner'], event: 'listing.updated' },
  ]),
  {
    from: ['draft'],
    to: 'active',
    action: 'publish',
    by: ['owner'],
    event: 'listing.published',
    renews: true,
  },
  { from: ['active'], to: 'paused', action: 'pause', by: ['owner', 'system'], event: 'listing.paused' },
  { from: ['paused'], to: 'active', action: 'resume', by: ['owner', 'system'], event: 'listing.resumed' },
  {
    from: ['expired'],
    to: 'active',
    action: 'relist',
    by: ['owner'],
    event: 'listing.relisted',
    renews: true,
  },
  { from: EDITABLE, to: 'deleted', action: 'delete', by: ['owner'], event: 'listing.deleted' },

  // A moderator, or the reports of many
  {
    from: REMOVABLE_STATUSES,
    to: 'removed',
    action: 'remove',
    by: ['moderator', 'system'],
    event: 'listing.removed',
  },
  ...REMOVABLE_STATUSES.map(
    (to): ListingTransition => ({
      from: ['removed'],
      to,
      action: 'restore',
      by: ['moderator'],
      event: 'listing.restored',
    }),
  ),

  // Offers and orders
  { from: ['active'], to: 'reserved', action: 'reserve', by: ['system'], event: 'listing.reserved' },
  {
    from: ['reserved'],
    to: 'active',
    action: 'release',
    by: ['system'],
    event: 'listing.released',
    forHolder: true,
  },
  {
    from: ['reserved'],
    to: 'sold',
    action: 'sell',
    by: ['system'],
    event: 'listing.sold',
    forHolder: true,
  },
  // The order came to nothing: the item is on sale again, or waits until its owner brings it back.
  {
    from: ['reserved', 'sold'],
    to: 'active',
    action: 'return',
    by: ['system'],
    event: 'listing.released',
    forHolder: true,
  },
  {
    from: ['reserved', 'sold'],
    to: 'paused',
    action: 'shelve',
    by: ['system'],
    event: 'listing.paused',
    forHolder: true,
  },

  // Time
  { from: ['active'], to: 'expired', action: 'expire', by: ['system'], event: 'listing.expired' },
];
