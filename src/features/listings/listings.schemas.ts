import { z } from '@hono/zod-openapi';
import {
  LISTING_ACTIONS,
  LISTING_CHANNELS,
  LISTING_CONDITIONS,
  LISTING_STATUSES,
  MAX_PHOTOS,
  MAX_TAGS,
  OFFER_FEEDS,
} from '../../domain/listings/listing.ts';
import { BUYING_WAYS } from '../../domain/listings/listing-machine.ts';
import { tagOf } from '../../domain/listings/listing-terms.ts';
import { MAX_CENTS } from '../../domain/money.ts';
import { pageOf } from '../../http/cursor.ts';
import { CurrencyCode, Timestamp } from '../../http/openapi.ts';

/** Text on one line: trimmed, without control characters. */
const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), 'must not contain control characters');
const optionalLine = (max: number) => z.union([z.literal(''), line(max)]);
const cents = z.number().int().min(0).max(MAX_CENTS);
const atLeastOne = (value: object) => Object.keys(value).length > 0;

export const ListingId = z.object({
  listing_id: z.string().max(40).meta({ example: 'lst_0123456789abcdef' }),
});
export const PhotoId = ListingId.extend({
  photo_id: z.string().max(40).meta({ example: 'pho_0123456789abcdef' }),
});
export const SellerId = z.object({ user_id: z.string().max(40).meta({ example: 'usr_0123456789abcdef' }) });
export const IfMatch = z.object({
  'if-match': z.string().max(200).optional().meta({ description: 'ETag of the version you edit, or *' }),
});
export const IfNoneMatch = z.object({
  'if-none-match': z.string().max(400).optional().meta({ description: 'ETag of the copy you have' }),
});

// ---- What an owner sends ----

const Place = z
  .strictObject({
    lat: z.number().min(-90).max(90),
    lng: z.number().min(-180).max(180),
    neighborhood: optionalLine(100).default(''),
    city: optionalLine(100).default(''),
  })
  .meta({ id: 'ListingPlace', description: 'Exactly; strangers learn it to about a kilometre' });

const Tags = z
  .array(line(40))
  .max(MAX_TAGS)
  .transform((tags) => [...new Set(tags.map(tagOf).filter(Boolean))]);

const facts = {
  title: line(150),
  brand: optionalLine(100),
  description: z.string().trim().max(5_000),
  price_cents: cents,
  category_id: line(64).meta({ description: 'Id or slug of a category', example: 'sneakers' }),
  condition: z.enum(LISTING_CONDITIONS),
  channel: z.enum(LISTING_CHANNELS).meta({
    description: 'discover: for sellers with a shop; community: between neighbours, needs a location',
  }),
  is_negotiable: z.boolean().meta({ description: 'Takes offers below its price' }),
  accepts_swaps: z.boolean(),
  auto_accept_cents: cents
    .nullable()
    .meta({ description: 'Offers from here up are accepted at once; seen by you alone' }),
  auto_decline_cents: cents
    .nullable()
    .meta({ description: 'Offers from here down are declined at once; seen by you alone' }),
  min_offer_pct: z
    .number()
    .int()
    .min(0)
    .max(99)
    .meta({ description: 'The least per cent of the price that may be offered; seen by you alone' }),
  offer_feed: z.enum(OFFER_FEEDS).meta({ description: 'What its public offer feed shows of buyers' }),
  location: Place.nullable(),
  tags: Tags,
};

export const NewListing = z
  .strictObject({
    ...facts,
    brand: facts.brand.default(''),
    description: facts.description.default(''),
    currency: CurrencyCode,
    channel: facts.channel.default('discover'),
    is_negotiable: facts.is_negotiable.default(true),
    accepts_swaps: facts.accepts_swaps.default(true),
    auto_accept_cents: facts.auto_accept_cents.default(null),
    auto_decline_cents: facts.auto_decline_cents.default(null),
    min_offer_pct: facts.min_offer_pct.default(0),
    offer_feed: facts.offer_feed.default('anonymous'),
    location: facts.location.default(null),
    tags: facts.tags.default([]),
    status: z.enum(['draft', 'active']).default('active'),
  })
  .meta({ id: 'NewListing' });
export type NewListing = z.infer<typeof NewListing>;

/** The currency is missing on purpose: offers and history are in it. */
export const ListingChanges = z
  .strictObject(facts)
  .partial()
  .refine(atLeastOne, 'name at least one field to change')
  .meta({ id: 'ListingChanges' });
export type ListingChanges = z.infer<typeof ListingChanges>;

export const ModerationReason = z
  .strictObject({ reason: z.string().trim().min(1).max(500) })
  .meta({ id: 'ListingModeration' });

// ---- Photos ----

export const NewPhotoQuery = z.object({
  alt: optionalLine(300)
    .default('')
    .meta({ description: 'What the photo shows, for those who cannot see it' }),
  primary: z.enum(['true', 'false']).optional(),
});
export const PhotoChanges = z
  .strictObject({
    alt: optionalLine(300),
    position: z
      .number()
      .int()
      .min(0)
      .max(MAX_PHOTOS - 1),
    primary: z.literal(true).meta({ description: 'Another photo stops being the primary one' }),
  })
  .partial()
  .refine(atLeastOne, 'name at least one field to change')
  .meta({ id: 'ListingPhotoChanges' });
export type PhotoChanges = z.infer<typeof PhotoChanges>;

export const PhotoAnswer = z
  .object({
    id: z.string(),
    url: z.string().meta({ description: 'The variant to show by default, at most 640 pixels wide' }),
    alt: z.string(),
    position: z.number().int(),
    primary: z.boolean(),
    width: z.number().int().meta({ description: 'Pixels of the largest variant' }),
    height: z.number().int(),
    variants: z.array(z.object({ width: z.number().int(), url: z.string() })),
  })
  .meta({ id: 'ListingPhoto' });

// ---- What everybody reads ----

const ListingAction = z.enum([...LISTING_ACTIONS, ...BUYING_WAYS]);

const ListingFacts = z.object({
  id: z.string(),
  seller: z.object({ id: z.string(), username: z.string(), display_name: z.string() }),
  title: z.string(),
  brand: z.string(),
  price_cents: z.number().int(),
  currency: CurrencyCode,
  category: z.object({ id: z.string(), slug: z.string(), name: z.string() }),
  condition: z.enum(LISTING_CONDITIONS),
  channel: z.enum(LISTING_CHANNELS),
  is_negotiable: z.boolean(),
  accepts_swaps: z.boolean(),
  tags: z.array(z.string()),
  location: z
    .object({
      lat: z.number().nullable(),
      lng: z.number().nullable(),
      neighborhood: z.string(),
      city: z.string(),
      is_exact: z.boolean().meta({ description: 'True for the owner; others see it to about a kilometre' }),
    })
    .nullable(),
  views: z.number().int(),
  status: z.enum(LISTING_STATUSES),
  listed_at: Timestamp.nullable().meta({ description: 'When it was last put up' }),
  expires_at: Timestamp.nullable(),
  sold_at: Timestamp.nullable(),
  created_at: Timestamp,
  updated_at: Timestamp,
});

export const ListingItem = ListingFacts.extend({
  photo: PhotoAnswer.nullable().meta({ description: 'The primary photo' }),
  distance_m: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'From the place asked about to about where it is' }),
  distance_label: z.string().nullable().meta({ example: '3 km away' }),
  allowed_actions: z.array(ListingAction).meta({ description: 'What you can do to it now' }),
}).meta({ id: 'ListingItem' });

export const ListingAnswer = ListingFacts.extend({
  description: z.string(),
  photos: z.array(PhotoAnswer),
  offer_feed: z.enum(OFFER_FEEDS),
  price_history: z
    .array(z.object({ from_cents: z.number().int(), to_cents: z.number().int(), changed_at: Timestamp }))
    .meta({ description: 'The latest edits of its price, newest first' }),
  owner_terms: z
    .object({
      auto_accept_cents: z.number().int().nullable(),
      auto_decline_cents: z.number().int().nullable(),
      min_offer_pct: z.number().int(),
      reserved_for: z.string().nullable().meta({ description: 'The offer or order it is promised to' }),
      removed_reason: z.string().nullable(),
    })
    .nullable()
    .meta({ description: 'For its owner alone' }),
  allowed_actions: z.array(ListingAction).meta({ description: 'What you can do to it now' }),
  version: z.number().int(),
}).meta({ id: 'Listing' });

export const ListingPage = pageOf(ListingItem).meta({ id: 'ListingPage' });
