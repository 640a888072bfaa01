/** Short forms of things for sale, as lists of found or recommended things show them. */
import { z } from 'zod';

export const ProductCard = z
  .object({
    id: z.string(),
    name: z.string(),
    brand: z.string(),
    category: z.string(),
    retail_price_cents: z.number().int(),
    lowest_ask_cents: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'Over all sizes; null without an ask' }),
    currency: z.string(),
    image_url: z.string().nullable(),
  })
  .meta({ id: 'ProductCard' });
export type ProductCard = z.infer<typeof ProductCard>;

export const ListingCard = z
  .object({
    id: z.string(),
    seller_id: z.string(),
    title: z.string(),
    price_cents: z.number().int(),
    currency: z.string(),
    condition: z.string(),
    channel: z.string(),
    status: z.string(),
    place: z.string().nullable().meta({ description: 'The neighbourhood, or the city' }),
    image_url: z.string().nullable(),
  })
  .meta({ id: 'ListingCard' });
export type ListingCard = z.infer<typeof ListingCard>;
