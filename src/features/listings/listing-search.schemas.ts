import { z } from '@hono/zod-openapi';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import { DEFAULT_RADIUS_KM, MAX_RADIUS_KM } from '../../domain/listings/distance.ts';
import {
  LISTING_CHANNELS,
  LISTING_CONDITIONS,
  LISTING_STATUSES,
  MAX_TAGS,
  PUBLIC_STATUSES,
} from '../../domain/listings/listing.ts';
import { tagOf } from '../../domain/listings/listing-terms.ts';
import { MAX_CENTS } from '../../domain/money.ts';
import { PageQuery } from '../../http/cursor.ts';
import { CurrencyCode } from '../../http/openapi.ts';
import { ListingPage } from './listings.schemas.ts';

const wholeCents = z.coerce.number().int().min(0).max(MAX_CENTS);
/** An empty text is no number, which coercion would take for 0. */
const degrees = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(30)
    .transform(Number)
    .pipe(z.number().min(-most).max(most))
    .meta({ type: 'number', minimum: -most, maximum: most });
const category = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: 'Id or slug; everything below it counts', example: 'electronics' });
const radius = z.coerce
  .number()
  .min(0.1)
  .max(MAX_RADIUS_KM)
  .meta({ description: `Kilometres; ${DEFAULT_RADIUS_KM} when left out` });

/** Values between commas. */
const several = <T extends z.ZodType<unknown, string>>(item: T, most: number) =>
  z
    .string()
    .max(400)
    .transform((text) => text.split(','))
    .pipe(z.array(item).min(1).max(most));

const SORTS = ['newest', 'price_asc', 'price_desc', 'popular', 'nearest', 'relevance'] as const;

export const ListingsQuery = PageQuery.extend({
  q: z
    .string()
    .max(100)
    .refine((text) => searchExpression(text) !== null, 'type at least one letter or digit')
    .optional()
    .meta({ description: 'Words; each must match, the last one may be unfinished', example: 'oak shel' }),
  category: category.optional(),
  condition: several(z.enum(LISTING_CONDITIONS), LISTING_CONDITIONS.length)
    .optional()
    .meta({ type: 'string', description: 'One or several, between commas', example: 'new,like_new' }),
  min_price_cents: wholeCents.optional().meta({ description: 'Inclusive' }),
  max_price_cents: wholeCents.optional().meta({ description: 'Inclusive' }),
  currency: CurrencyCode.optional(),
  channel: z.enum(LISTING_CHANNELS).optional(),
  seller_id: z.string().max(40).optional(),
  tags: several(z.string().transform(tagOf).pipe(z.string().min(1).max(40)), MAX_TAGS)
    .optional()
    .meta({ type: 'string', description: 'All of these, between commas', example: 'oak,mid-century' }),
  status: z
    .enum(LISTING_STATUSES)
    .exclude(['deleted'])
    .default('active')
    .meta({ description: 'What is not on sale, promised or sold is listed for its seller alone' }),
  lat: degrees(90).optional(),
  lng: degrees(180).optional(),
  radius_km: radius.optional(),
  sort: z
    .enum(SORTS)
    .optional()
    .meta({ description: 'relevance when q is given, else newest; nearest needs lat and lng' }),
})
  .refine(({ lat, lng }) => (lat === undefined) === (lng === undefined), {
    path: ['lng'],
    message: 'lat and lng go together',
  })
  .refine(({ sort, lat }) => sort !== 'nearest' || lat !== undefined, {
    path: ['sort'],
    message: 'nearest needs lat and lng',
  })
  .refine(({ sort, q }) => sort !== 'relevance' || q !== undefined, {
    path: ['sort'],
    message: 'relevance needs q',
  });
export type ListingsQuery = z.infer<typeof ListingsQuery>;

export const DiscoverQuery = PageQuery.extend({
  sort: z.enum(['newest', 'popular']).default('newest'),
  category: category.optional(),
});
export const CommunityQuery = PageQuery.extend({
  lat: degrees(90),
  lng: degrees(180),
  radius_km: radius.default(DEFAULT_RADIUS_KM),
  category: category.optional(),
});

export const OwnListingsQuery = PageQuery.extend({
  status: z.enum(LISTING_STATUSES).exclude(['deleted']).optional(),
});
export const SellerListingsQuery = PageQuery.extend({ status: z.enum(PUBLIC_STATUSES).default('active') });

const counted = { count: z.number().int() };
export const ListingSearchPage = ListingPage.extend({
  facets: z
    .object({
      categories: z.array(z.object({ value: z.string(), name: z.string(), ...counted })),
      conditions: z.array(z.object({ value: z.enum(LISTING_CONDITIONS), ...counted })),
      channels: z.array(z.object({ value: z.enum(LISTING_CHANNELS), ...counted })),
    })
    .nullable()
    .meta({
      description:
        'With the first page: what there is to choose from, each as if nothing were chosen of it, of the first 2 000 matches',
    }),
}).meta({ id: 'ListingSearchPage' });
