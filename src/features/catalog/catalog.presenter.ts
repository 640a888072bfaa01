import type { z } from '@hono/zod-openapi';
import { CurrencyCode, rfc3339 } from '../../http/openapi.ts';
import { pictureUrls } from '../media/pictures.ts';
import type {
  ImageAnswer,
  MovementAnswer,
  ProductAnswer,
  ProductListItem,
  SizeAnswer,
} from './catalog.schemas.ts';
import type { ImageRow } from './images.repository.ts';
import type { ProductRow } from './products.repository.ts';
import type { MovementRow, SizeRow } from './sizes.repository.ts';

/** Rows to the wire: every column that leaves is named here. */

export function presentImage(row: ImageRow): z.infer<typeof ImageAnswer> {
  const { url, variants } = pictureUrls('products', row.contentHash, JSON.parse(row.widths) as number[]);
  return {
    id: row.id,
    url,
    alt: row.alt,
    position: row.position,
    primary: row.isPrimary,
    width: row.width,
    height: row.height,
    variants,
  };
}

export function presentSize(row: SizeRow, currency: string): z.infer<typeof SizeAnswer> {
  return {
    id: row.id,
    product_id: row.productId,
    label: row.label,
    quantity: row.quantity,
    reserved: row.reserved,
    available: row.quantity - row.reserved,
    tick_cents: row.tickCents,
    currency: CurrencyCode.parse(currency),
    sort_order: row.sortOrder,
  };
}

function presentFacts(row: ProductRow) {
  return {
    id: row.id,
    name: row.name,
    sku: row.sku,
    brand: row.brand,
    model: row.model,
    category: row.category,
    colorway: row.colorway,
    description: row.description,
    retail_price_cents: row.retailPriceCents,
    currency: CurrencyCode.parse(row.currency),
    release_date: row.releaseDate,
    featured: row.featured,
    requires_verification: row.requiresVerification,
    hidden: row.hidden,
    created_at: rfc3339(row.createdAt),
    updated_at: rfc3339(row.updatedAt),
  };
}

export function presentListItem(
  row: ProductRow,
  image: ImageRow | undefined,
): z.infer<typeof ProductListItem> {
  return { ...presentFacts(row), image: image ? presentImage(image) : null };
}

export function presentProduct(
  row: ProductRow,
  sizes: readonly SizeRow[],
  images: readonly ImageRow[],
): z.infer<typeof ProductAnswer> {
  return {
    ...presentFacts(row),
    sizes: sizes.map((size) => presentSize(size, row.currency)),
    images: images.map(presentImage),
  };
}

export function presentMovement(row: MovementRow): z.infer<typeof MovementAnswer> {
  return {
    id: row.id,
    size_id: row.sizeId,
    kind: row.kind,
    quantity: row.quantity,
    quantity_before: row.quantityBefore,
    quantity_after: row.quantityAfter,
    reserved_before: row.reservedBefore,
    reserved_after: row.reservedAfter,
    reference: row.reference,
    reason: row.reason,
    actor_id: row.actorId,
    created_at: rfc3339(row.createdAt),
  };
}
