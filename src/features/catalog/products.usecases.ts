import { z } from 'zod';
import { isUniqueViolation } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { permissionsOf } from '../../http/auth.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { requiredVersion } from '../../http/etag.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { tellOfProduct } from '../channels/product-news.usecases.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { syncBooks } from './book-config.ts';
import {
  type NewProduct,
  PRODUCT_SORTS,
  type ProductChanges,
  type ProductsQuery,
} from './catalog.schemas.ts';
import { type ImageRow, imagesOf, primaryImages } from './images.repository.ts';
import {
  findProduct,
  insertProduct,
  listProducts,
  matchKey,
  type NewProductRow,
  type ProductRow,
  productKey,
  updateProduct,
} from './products.repository.ts';
import { retryStale } from './retry-stale.ts';
import { type SizeRow, sizesOf } from './sizes.repository.ts';

export interface WholeProduct {
  product: ProductRow;
  sizes: SizeRow[];
  images: ImageRow[];
}

/** Hidden products are for those who manage the catalogue. */
export const seesHidden = async (deps: Deps, caller: Caller | null): Promise<boolean> =>
  caller !== null && (await permissionsOf(deps.db, caller.userId)).includes('catalog.manage');

export const productNotFound = () => problem('product_not_found', 'There is no such product.');

/** The product, unless it does not exist or is hidden from this caller: to them both are the same. */
export async function visibleProduct(deps: Deps, id: string, caller: Caller | null): Promise<ProductRow> {
  const product = await findProduct(deps.db, id);
  if (!product || (product.hidden && !(await seesHidden(deps, caller)))) throw productNotFound();
  return product;
}

export async function getProduct(deps: Deps, id: string, caller: Caller | null): Promise<WholeProduct> {
  const product = await visibleProduct(deps, id, caller);
  const [sizes, images] = await Promise.all([sizesOf(deps.db, id), imagesOf(deps.db, id)]);
  return { product, sizes, images };
}

/**
 * Entity tag of a product as it is shown: its version, then the versions of its sizes, so that stock that moves gives a
 * new tag. Edits go by the version alone ({@link editedVersion}): stock that moves must not refuse an editor.
 */
export function productTag({ product, sizes }: WholeProduct): string {
  return `"v${product.version}.${sizes.reduce((sum, size) => sum + size.version, 0)}"`;
}

const editedVersion = (ifMatch: string | undefined, current: number): number =>
  requiredVersion(ifMatch?.replaceAll(/\.\d+"/g, '"'), current);

const skuTaken = () => problem('sku_taken', 'Another product has this SKU.');

/** Adds a product; 409 `sku_taken` when its SKU exists in letters of either case (SN-07). */
export async function createProduct(
  deps: Deps,
  input: NewProduct,
  actor: AuditedActor,
): Promise<WholeProduct> {
  const nowMs = deps.now();
  const id = newId('prd', deps.random);
  try {
    const row: NewProductRow = {
      id,
      sku: input.sku,
      skuKey: matchKey(input.sku),
      name: input.name,
      brand: input.brand,
      brandKey: matchKey(input.brand),
      model: input.model,
      colorway: input.colorway,
      category: input.category,
      categoryKey: matchKey(input.category),
      description: input.description,
      releaseDate: input.release_date ?? null,
      retailPriceCents: input.retail_price_cents,
      currency: input.currency,
      featured: input.featured,
      requiresVerification: input.requires_verification,
      hidden: input.hidden,
      version: 1,
      createdAt: nowMs,
      updatedAt: nowMs,
    };
    await insertProduct(deps.db, row, [
      auditStatement(
        deps.db,
        actor,
        { action: 'product_created', target: { type: 'product', id }, after: input },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    throw isUniqueViolation(error, 'products.sku_key') ? skuTaken() : error;
  }
  const product = await findProduct(deps.db, id);
  await tellOfProduct(deps, 'product:created', product!);
  return { product: product!, sizes: [], images: [] };
}

/** The named columns of a change; what the change leaves out stays out. */
function changedColumns(changes: ProductChanges): Partial<NewProductRow> {
  const { sku, brand, category } = changes;
  const columns: { [K in keyof NewProductRow]?: NewProductRow[K] | undefined } = {
    name: changes.name,
    sku,
    skuKey: sku && matchKey(sku),
    brand,
    brandKey: brand && matchKey(brand),
    model: changes.model,
    category,
    categoryKey: category && matchKey(category),
    colorway: changes.colorway,
    description: changes.description,
    retailPriceCents: changes.retail_price_cents,
    releaseDate: changes.release_date,
    featured: changes.featured,
    requiresVerification: changes.requires_verification,
    hidden: changes.hidden,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/** The line of a change in the audit log: showing and hiding by the names of SN-38, with what they were. */
function changeAudit(
  deps: Deps,
  current: ProductRow,
  columns: Partial<ProductRow>,
  actor: AuditedActor,
): Statement {
  const names = (Object.keys(columns) as (keyof ProductRow)[]).filter(
    (name) => !name.endsWith('Key') && columns[name] !== current[name],
  );
  const factsOf = (row: Partial<ProductRow>) => Object.fromEntries(names.map((name) => [name, row[name]]));
  const action = names.includes('hidden')
    ? `product_${columns.hidden ? 'hidden' : 'shown'}`
    : names.includes('featured')
      ? `product_${columns.featured ? 'featured' : 'unfeatured'}`
      : 'product_changed';
  return auditStatement(
    deps.db,
    actor,
    {
      action,
      target: { type: 'product', id: current.id },
      before: factsOf(current),
      after: factsOf(columns),
    },
    { id: newId('aud', deps.random), atMs: deps.now() },
  );
}

/** Changes a product that is still at the version of `ifMatch`, then tells its books what concerns them. */
export async function changeProduct(
  deps: Deps,
  id: string,
  ifMatch: string | undefined,
  changes: ProductChanges,
  actor: AuditedActor,
): Promise<WholeProduct> {
  const booksChange = await retryStale(async () => {
    const current = await findProduct(deps.db, id);
    if (!current) throw productNotFound();
    const version = editedVersion(ifMatch, current.version);
    const columns = changedColumns(changes);
    const concernsBooks = (['name', 'retailPriceCents', 'hidden'] as const).some(
      (column) => columns[column] !== undefined && columns[column] !== current[column],
    );
    try {
      const audit = changeAudit(deps, current, columns, actor);
      await updateProduct(deps.db, id, version, { ...columns, updatedAt: deps.now() }, concernsBooks, [
        audit,
      ]);
    } catch (error) {
      throw isUniqueViolation(error, 'products.sku_key') ? skuTaken() : error;
    }
    return concernsBooks;
  });
  if (booksChange) {
    const sizes = await sizesOf(deps.db, id);
    await syncBooks(
      deps,
      sizes.map((size) => size.id),
    );
  }
  const [product, sizes, images] = await Promise.all([
    findProduct(deps.db, id),
    sizesOf(deps.db, id),
    imagesOf(deps.db, id),
  ]);
  await tellOfProduct(deps, 'product:updated', product!);
  return { product: product!, sizes, images };
}

const ProductCursor = z.tuple([
  z.enum(PRODUCT_SORTS),
  z.union([z.string(), z.number(), z.null()]),
  z.string(),
]);

export interface ProductPage {
  rows: ProductRow[];
  images: Map<string, ImageRow>;
  nextCursor: string | null;
}

/** One page of the catalogue with the primary image of each product; hidden products only for staff who ask. */
export async function browseProducts(
  deps: Deps,
  query: ProductsQuery,
  caller: Caller | null,
): Promise<ProductPage> {
  const withHidden = query.hidden === 'true';
  if (withHidden && !(await seesHidden(deps, caller)))
    throw problem('forbidden', 'Hidden products need the permission catalog.manage.');
  const cursor = decodeCursor(query.cursor, ProductCursor);
  if (cursor !== null && cursor[0] !== query.sort)
    throw problem('invalid_cursor', 'The cursor belongs to another order of this list.');
  const found = await listProducts(
    deps.db,
    { ...query, limit: query.limit + 1 },
    cursor && [cursor[1], cursor[2]],
    withHidden,
  );
  const rows = found.slice(0, query.limit);
  const last = rows.at(-1);
  return {
    rows,
    images: await primaryImages(
      deps.db,
      rows.map((row) => row.id),
    ),
    nextCursor:
      found.length > query.limit && last ? encodeCursor([query.sort, ...productKey(query.sort, last)]) : null,
  };
}
