import { z } from '@hono/zod-openapi';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import { FEED_KINDS } from '../../domain/discovery/feed.ts';
import { LISTING_CHANNELS, LISTING_CONDITIONS } from '../../domain/listings/listing.ts';
import { MAX_CENTS } from '../../domain/money.ts';
import { pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';
import { ListingCard, ProductCard } from '../../wire/cards.ts';

const Id = z.string().max(40);
const cents = z.number().int();

export const ProductId = z.object({ product_id: Id });
export const ListingId = z.object({ listing_id: Id });
export const SizeId = z.object({ size_id: Id });
export const UserId = z.object({ user_id: Id });

// ---- Recommendations ----

export const RecommendationsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(50).default(12),
});

export const Reason = z
  .object({
    code: z.enum([
      'popular',
      'bought_together',
      'popular_in_your_size',
      'similar',
      'from_your_categories',
      'new',
    ]),
    text: z.string().meta({ example: 'Because you looked at Yeezy Boost 350' }),
    subject_id: z.string().nullable().meta({ description: 'The product or category behind it' }),
  })
  .meta({ id: 'RecommendationReason' });
export type Reason = z.infer<typeof Reason>;

export const RecommendedProducts = z
  .object({ data: z.array(z.object({ product: ProductCard, reason: Reason })) })
  .meta({ id: 'RecommendedProducts' });
export const RecommendedListings = z
  .object({ data: z.array(z.object({ listing: ListingCard, reason: Reason })) })
  .meta({ id: 'RecommendedListings' });

// ---- Watchlist, favourites, follows ----

export const WatchBody = z
  .strictObject({
    threshold_cents: z
      .number()
      .int()
      .min(1)
      .max(MAX_CENTS)
      .nullable()
      .default(null)
      .meta({ description: 'Tell me once an ask is at or below this; null watches without an alert' }),
  })
  .meta({ id: 'Watch', example: { threshold_cents: 25_000 } });

export const WatchedSize = z
  .object({
    size_id: z.string(),
    size_label: z.string(),
    product: ProductCard,
    threshold_cents: cents.nullable(),
    lowest_ask_cents: cents.nullable().meta({ description: 'Of this size' }),
    highest_bid_cents: cents.nullable(),
    last_sale_cents: cents.nullable(),
    is_reached: z.boolean().meta({ description: 'Whether an ask is at or below the threshold now' }),
    created_at: Timestamp,
  })
  .meta({ id: 'WatchedSize' });
export const WatchedSizes = pageOf(WatchedSize);

export const Favourite = z
  .object({ listing: ListingCard.nullable(), listing_id: z.string(), created_at: Timestamp })
  .meta({ id: 'Favourite', description: 'The listing is null once it is not public any more' });
export const Favourites = pageOf(Favourite);
export const FavouriteAnswer = z
  .object({ listing_id: z.string(), favourite: z.boolean() })
  .meta({ id: 'FavouriteState' });

export const FollowAnswer = z
  .object({ user_id: z.string(), following: z.boolean() })
  .meta({ id: 'FollowState' });
export const Follower = z
  .object({ user_id: z.string(), username: z.string(), display_name: z.string(), since: Timestamp })
  .meta({ id: 'Follower' });
export const Followers = pageOf(Follower);

export const FeedItem = z
  .object({
    id: z.string(),
    kind: z.enum(FEED_KINDS),
    actor: z.object({ user_id: z.string(), username: z.string(), display_name: z.string() }),
    target_id: z.string(),
    data: z.record(z.string(), z.unknown()).meta({ description: 'What it was when it happened' }),
    at: Timestamp,
  })
  .meta({ id: 'FeedItem' });
export const Feed = pageOf(FeedItem);

// ---- Search ----

const words = z
  .string()
  .max(100)
  .refine((text) => searchExpression(text) !== null, 'type at least one letter or digit')
  .meta({ description: 'Words; each must match, the last one may be unfinished', example: 'air jord' });
const wholeCents = z.coerce.number().int().min(0).max(MAX_CENTS);

export const UnifiedQuery = z.object({
  q: words,
  type: z.enum(['all', 'products', 'listings']).default('all'),
  brand: z.string().max(100).optional().meta({ description: 'Products only' }),
  category: z
    .string()
    .max(60)
    .optional()
    .meta({ description: 'Of products by name, of listings by slug or id' }),
  size: z.string().max(20).optional().meta({ description: 'Products that have a size of this label' }),
  condition: z.enum(LISTING_CONDITIONS).optional(),
  channel: z.enum(LISTING_CHANNELS).optional(),
  min_price_cents: wholeCents.optional().meta({ description: 'Of listings; of products, the retail price' }),
  max_price_cents: wholeCents.optional(),
  verified: z.enum(['true']).optional().meta({ description: 'Listings of verified sellers only' }),
  lat: z.coerce.number().min(-90).max(90).optional(),
  lng: z.coerce.number().min(-180).max(180).optional(),
  radius_km: z.coerce.number().min(0.1).max(50).optional(),
  limit: z.coerce.number().int().min(1).max(50).default(20),
});
export type UnifiedQuery = z.infer<typeof UnifiedQuery>;

const Facets = z.array(z.object({ value: z.string(), count: z.number().int() }));
export const UnifiedAnswer = z
  .object({
    query: z.string(),
    corrected_query: z
      .string()
      .nullable()
      .meta({ description: 'What was searched for instead, when nothing had the words as they were typed' }),
    products: z.object({
      data: z.array(ProductCard),
      facets: z.object({ brands: Facets, categories: Facets }),
    }),
    listings: z.object({
      data: z.array(ListingCard),
      facets: z.object({ categories: Facets, conditions: Facets, channels: Facets }),
    }),
  })
  .meta({ id: 'SearchAnswer' });

export const SuggestionsQuery = z.object({ q: z.string().trim().min(2).max(100) });
export const Suggestions = z
  .object({
    data: z.array(
      z.object({
        text: z.string(),
        kind: z.enum(['search', 'brand', 'product', 'listing']),
        id: z.string().nullable().meta({ description: 'Of the product or listing' }),
      }),
    ),
  })
  .meta({ id: 'SearchSuggestions' });
export const Trending = z
  .object({ data: z.array(z.object({ query: z.string(), searchers: z.number().int() })) })
  .meta({ id: 'TrendingSearches' });
export const SearchHistory = pageOf(
  z.object({ query: z.string(), hits: z.number().int(), at: Timestamp }).meta({ id: 'PastSearch' }),
);

const Criteria = z
  .strictObject({
    q: words,
    type: z.enum(['all', 'products', 'listings']).default('all'),
    brand: z.string().max(100).optional(),
    category: z.string().max(60).optional(),
    condition: z.enum(LISTING_CONDITIONS).optional(),
    channel: z.enum(LISTING_CHANNELS).optional(),
    min_price_cents: z.number().int().min(0).max(MAX_CENTS).optional(),
    max_price_cents: z.number().int().min(0).max(MAX_CENTS).optional(),
  })
  .meta({ id: 'SavedSearchCriteria' });
export type Criteria = z.infer<typeof Criteria>;
export const CriteriaShape = Criteria;

const name = z.string().trim().min(1).max(80);
export const SavedSearchId = z.object({ saved_search_id: Id });
export const NewSavedSearch = z
  .strictObject({ name, criteria: Criteria, alerts: z.boolean().default(true) })
  .meta({ id: 'NewSavedSearch' });
export type NewSavedSearch = z.infer<typeof NewSavedSearch>;
export const SavedSearchChanges = z
  .strictObject({ name, alerts: z.boolean() })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, 'name at least one field to change')
  .meta({ id: 'SavedSearchChanges' });
export type SavedSearchChanges = z.infer<typeof SavedSearchChanges>;
export const SavedSearch = z
  .object({
    id: z.string(),
    name: z.string(),
    criteria: Criteria,
    alerts: z.boolean(),
    created_at: Timestamp,
  })
  .meta({ id: 'SavedSearch' });
export const SavedSearches = pageOf(SavedSearch);
