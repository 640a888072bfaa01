/** Offers and listings. */
import type { EventData } from '../facts.ts';
import { linkTo, type NoticeRule } from './rule.ts';

const BOTH = ['buyer_id', 'seller_id'] as const;
const OFFER = {
  link: linkTo('/offers/', 'offer_id'),
  carries: ['offer_id', 'chain_id', 'listing_id', 'conversation_id', 'order_id', 'amount_cents', 'currency'],
} as const;
const LISTING = {
  link: linkTo('/listings/', 'listing_id'),
  carries: ['listing_id', 'price_cents', 'currency'],
} as const;

/** Whose move it is. */
const awaited = ({ awaiting }: EventData) => (awaiting === 'buyer' ? ['buyer_id'] : ['seller_id']);
const isNotOwner = ({ actor_type }: EventData): boolean => actor_type !== 'owner';

export const SOUK_RULES: readonly NoticeRule[] = [
  {
    on: 'offer.created',
    type: 'new_offer',
    template: 'new_offer',
    // A lister may make one as well, to somebody who asked.
    to: awaited,
    about: 'actor_id',
    ...OFFER,
  },
  {
    on: 'offer.countered',
    type: 'offer_countered',
    template: 'offer_countered',
    to: awaited,
    about: 'actor_id',
    ...OFFER,
  },
  {
    on: 'offer.accepted',
    type: 'offer_accepted',
    template: 'offer_accepted',
    to: BOTH,
    notTo: 'actor_id',
    ...OFFER,
  },
  {
    on: 'offer.declined',
    type: 'offer_declined',
    template: 'offer_declined',
    to: BOTH,
    notTo: 'actor_id',
    ...OFFER,
  },
  {
    on: 'offer.withdrawn',
    type: 'offer_declined',
    template: 'offer_withdrawn',
    to: BOTH,
    notTo: 'actor_id',
    ...OFFER,
  },
  { on: 'offer.expired', type: 'offer_expired', template: 'offer_expired', to: BOTH, ...OFFER },
  { on: 'offer.lapsed', type: 'offer_lapsed', template: 'offer_lapsed', to: BOTH, ...OFFER },
  {
    on: 'offer.superseded',
    type: 'offer_declined',
    template: 'offer_superseded',
    to: ['buyer_id'],
    ...OFFER,
  },
  { on: 'offer.admin_ended', type: 'offer_declined', template: 'offer_ended', to: BOTH, ...OFFER },
  { on: 'offer.frozen', type: 'offer_frozen', template: 'offer_frozen', to: ['buyer_id'], ...OFFER },
  { on: 'offer.unfrozen', type: 'offer_resumed', template: 'offer_resumed', to: ['buyer_id'], ...OFFER },

  {
    on: 'listing.created',
    type: 'listing_created',
    template: 'listing_created',
    to: ['seller_id'],
    ...LISTING,
  },
  {
    on: 'listing.updated',
    when: isNotOwner,
    type: 'listing_updated',
    template: 'listing_updated',
    to: ['seller_id'],
    ...LISTING,
  },
  {
    on: 'listing.expired',
    type: 'listing_updated',
    template: 'listing_expired',
    to: ['seller_id'],
    ...LISTING,
  },
  {
    on: 'listing.removed',
    type: 'listing_updated',
    template: 'listing_removed',
    to: ['seller_id'],
    ...LISTING,
  },
  {
    on: 'listing.restored',
    type: 'listing_updated',
    template: 'listing_restored',
    to: ['seller_id'],
    ...LISTING,
  },
  { on: 'listing.sold', type: 'product_sold', template: 'product_sold', to: ['seller_id'], ...LISTING },

  { on: 'favourite.price_drop', type: 'price_drop', template: 'price_drop', to: ['user_id'], ...LISTING },
  { on: 'favourite.back', type: 'back_in_market', template: 'back_in_market', to: ['user_id'], ...LISTING },
  { on: 'favourite.sold', type: 'favourite_sold', template: 'favourite_sold', to: ['user_id'], ...LISTING },
  {
    on: 'price.alert',
    type: 'price_alert',
    template: 'price_alert',
    to: ['user_id'],
    link: linkTo('/products/', 'product_id'),
    carries: ['product_id', 'size_id', 'price_cents', 'threshold_cents', 'currency'],
  },
  {
    on: 'search.matched',
    type: 'search_matched',
    template: 'search_matched',
    to: ['user_id'],
    link: linkTo('/searches/', 'saved_search_id'),
    carries: ['saved_search_id', 'count'],
  },
];
