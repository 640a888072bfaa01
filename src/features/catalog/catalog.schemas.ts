import { z } from '@hono/zod-openapi';
import { INVENTORY_KINDS, MANUAL_INVENTORY_KINDS, MAX_MOVEMENT } from '../../domain/catalog/inventory.ts';
import { searchExpression } from '../../domain/catalog/search-expression.ts';
import { MAX_CENTS } from '../../domain/money.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
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
const paragraph = z.string().trim().max(5_000);
const price = z.number().int().min(1).max(MAX_CENTS);
const day = z.iso.date().meta({ description: 'YYYY-MM-DD', example: '2017-09-09' });
const atLeastOne = (value: object) => Object.keys(value).length > 0;
const flag = z.enum(['true', 'false']);

export const ProductId = z.object({ product_id: z.string().meta({ example: 'prd_0123456789abcdef' }) });
export const SizeId = z.object({ size_id: z.string().meta({ example: 'siz_0123456789abcdef' }) });
export const ImageId = ProductId.extend({ image_id: z.string().meta({ example: 'img_0123456789abcdef' }) });

export const IfMatch = z.object({
  'if-match': z.string().max(200).optional().meta({ description: 'ETag of the version you edit, or *' }),
});
export const IfNoneMatch = z.object({
  'if-none-match': z.string().max(400).optional().meta({ description: 'ETag of the copy you have' }),
});

// ---- Products ----

export const NewProduct = z
  .strictObject({
    name: line(200),
    sku: line(64).meta({ description: 'Style code; unique, whatever the case of its letters' }),
    brand: line(100),
    model: line(200),
    category: line(60),
    colorway: optionalLine(200).default(''),
    description: paragraph.default(''),
    retail_price_cents: price,
    currency: CurrencyCode,
    release_date: day.nullish(),
    featured: z.boolean().default(false),
    requires_verification: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether matched goods are authenticated before they reach their buyer' }),
    hidden: z.boolean().default(false),
  })
  .meta({ id: 'NewProduct' });
export type NewProduct = z.infer<typeof NewProduct>;

/** The currency is missing on purpose: the books of a product hold orders in it. */
export const ProductChanges = z
  .strictObject({
    name: line(200),
    sku: line(64),
    brand: line(100),
    model: line(200),
    category: line(60),
    colorway: optionalLine(200),
    description: paragraph,
    retail_price_cents: price,
    release_date: day.nullable(),
    featured: z.boolean(),
    requires_verification: z.boolean(),
    hidden: z.boolean(),
  })
  .partial()
  .refine(atLeastOne, 'name at least one field to change')
  .meta({ id: 'ProductChanges' });
export type ProductChanges = z.infer<typeof ProductChanges>;

export const ImageAnswer = z
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
  .meta({ id: 'ProductImage' });

export const SizeAnswer = z
  .object({
    id: z.string(),
    product_id: z.string(),
    label: z.string(),
    quantity: z.number().int().meta({ description: 'Units in stock' }),
    reserved: z.number().int(),
    available: z.number().int().meta({ description: 'quantity - reserved' }),
    tick_cents: z.number().int(),
    currency: CurrencyCode,
    sort_order: z.number().int(),
  })
  .meta({ id: 'Size' });

const Product = z.object({
  id: z.string(),
  name: z.string(),
  sku: z.string(),
  brand: z.string(),
  model: z.string(),
  category: z.string(),
  colorway: z.string(),
  description: z.string(),
  retail_price_cents: z.number().int(),
  currency: CurrencyCode,
  release_date: z.string().nullable(),
  featured: z.boolean(),
  requires_verification: z.boolean(),
  hidden: z.boolean(),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export const ProductListItem = Product.extend({
  image: ImageAnswer.nullable().meta({ description: 'The primary image' }),
}).meta({ id: 'ProductListItem' });
export const ProductAnswer = Product.extend({
  sizes: z.array(SizeAnswer),
  images: z.array(ImageAnswer),
}).meta({ id: 'Product' });
export const ProductPage = pageOf(ProductListItem).meta({ id: 'ProductPage' });

export const PRODUCT_SORTS = ['newest', 'oldest', 'price_asc', 'price_desc', 'release_desc', 'name'] as const;
export type ProductSort = (typeof PRODUCT_SORTS)[number];

const wholeCents = z.coerce.number().int().min(0).max(MAX_CENTS);
export const ProductsQuery = PageQuery.extend({
  brand: line(100).optional(),
  category: line(60).optional(),
  sku: line(64).optional(),
  size: line(20).optional().meta({ description: 'Only products that have a size of this label' }),
  min_price_cents: wholeCents.optional().meta({ description: 'Retail price, inclusive' }),
  max_price_cents: wholeCents.optional().meta({ description: 'Retail price, inclusive' }),
  released_after: day.optional().meta({ description: 'On this day or later' }),
  released_before: day.optional().meta({ description: 'On this day or earlier' }),
  featured: flag.optional(),
  hidden: flag.optional().meta({ description: 'true adds hidden products; admins only' }),
  sort: z.enum(PRODUCT_SORTS).default('newest'),
});
export type ProductsQuery = z.infer<typeof ProductsQuery>;

// ---- Search ----

export const SearchQuery = PageQuery.extend({
  q: z
    .string()
    .max(100)
    .refine((text) => searchExpression(text) !== null, 'type at least one letter or digit')
    .meta({ description: 'Words; each must match, the last one may be unfinished', example: 'air jord' }),
  brand: line(100).optional(),
  category: line(60).optional(),
});
export type SearchQuery = z.infer<typeof SearchQuery>;

const FacetAnswer = z.array(z.object({ value: z.string(), count: z.number().int() }));
export const SearchPage = pageOf(ProductListItem)
  .extend({
    facets: z.object({
      brands: FacetAnswer.meta({
        description: 'Hits by brand, as if no brand were chosen; of the newest 10 000',
      }),
      categories: FacetAnswer.meta({ description: 'Hits by category, as if no category were chosen' }),
    }),
  })
  .meta({ id: 'ProductSearchPage' });

// ---- Sizes and inventory ----

const tick = z.number().int().min(1).max(1_000_000).meta({ description: 'Prices are multiples of this' });
const sortOrder = z.number().int().min(-1_000_000).max(1_000_000);

export const NewSize = z
  .strictObject({
    label: line(20).meta({ description: 'Unique in its product', example: '10.5' }),
    quantity: z.number().int().min(0).max(MAX_MOVEMENT).default(0),
    tick_cents: tick.default(1),
    sort_order: sortOrder.optional().meta({ description: 'Left out: after the sizes there are' }),
  })
  .meta({ id: 'NewSize' });
export type NewSize = z.infer<typeof NewSize>;

export const SizeChanges = z
  .strictObject({ tick_cents: tick, sort_order: sortOrder })
  .partial()
  .refine(atLeastOne, 'name at least one field to change')
  .meta({ id: 'SizeChanges' });
export type SizeChanges = z.infer<typeof SizeChanges>;

export const SizesQuery = z.object({
  available: flag.optional().meta({ description: 'true: only sizes with units that nobody has reserved' }),
});
export const SizeList = pageOf(SizeAnswer).meta({ id: 'SizeList' });

export const NewMovement = z
  .strictObject({
    kind: z.enum(MANUAL_INVENTORY_KINDS),
    quantity: z.number().int().min(1).max(MAX_MOVEMENT),
    reference: line(100).optional().meta({ description: 'What caused it, such as a delivery note' }),
    reason: optionalLine(500).default(''),
  })
  .meta({ id: 'NewInventoryTransaction' });
export type NewMovement = z.infer<typeof NewMovement>;

export const MovementAnswer = z
  .object({
    id: z.string(),
    size_id: z.string(),
    kind: z.enum(INVENTORY_KINDS),
    quantity: z.number().int(),
    quantity_before: z.number().int(),
    quantity_after: z.number().int(),
    reserved_before: z.number().int(),
    reserved_after: z.number().int(),
    reference: z.string().nullable(),
    reason: z.string(),
    actor_id: z.string(),
    created_at: Timestamp,
  })
  .meta({ id: 'InventoryTransaction' });
export const MovementPage = pageOf(MovementAnswer).meta({ id: 'InventoryTransactionPage' });

// ---- Images ----

/** A page of one shoe needs no more, and the order of a few is rewritten at once. */
export const MAX_IMAGES = 12;

export const NewImageQuery = z.object({
  alt: optionalLine(300)
    .default('')
    .meta({ description: 'What the picture shows, for those who cannot see it' }),
  primary: flag.optional(),
});

export const ImageChanges = z
  .strictObject({
    alt: optionalLine(300),
    position: z
      .number()
      .int()
      .min(0)
      .max(MAX_IMAGES - 1),
    primary: z.literal(true).meta({ description: 'Another image stops being the primary one' }),
  })
  .partial()
  .refine(atLeastOne, 'name at least one field to change')
  .meta({ id: 'ImageChanges' });
export type ImageChanges = z.infer<typeof ImageChanges>;
