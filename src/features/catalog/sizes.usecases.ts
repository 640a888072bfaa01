import { z } from 'zod';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import type { Deps } from '../../deps.ts';
import { type InventoryKind, shortfallOf, stockChange } from '../../domain/catalog/inventory.ts';
import { newId } from '../../domain/ids.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { requiredVersion } from '../../http/etag.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { syncBooks } from './book-config.ts';
import type { NewSize, SizeChanges } from './catalog.schemas.ts';
import { matchKey } from './products.repository.ts';
import { seesHidden, visibleProduct } from './products.usecases.ts';
import { retryStale } from './retry-stale.ts';
import {
  findSize,
  insertSize,
  listMovements,
  type MovementRow,
  moveStock,
  type SizeOfProduct,
  type SizeRow,
  sizesOf,
  updateSize,
} from './sizes.repository.ts';

/** A price this many times above or below the reference needs confirmation (C.2.4). */
const COLLAR_FACTOR = 5;

const sizeNotFound = () => problem('size_not_found', 'There is no such size.');

async function knownSize(deps: Deps, id: string): Promise<SizeOfProduct> {
  const found = await findSize(deps.db, id);
  if (!found) throw sizeNotFound();
  return found;
}

/** The size, unless it does not exist or its product is hidden from this caller. */
export async function getSize(deps: Deps, id: string, caller: Caller | null): Promise<SizeOfProduct> {
  const found = await knownSize(deps, id);
  if (found.hidden && !(await seesHidden(deps, caller))) throw sizeNotFound();
  return found;
}

/** The sizes of a product in their order; `onlyAvailable` keeps those with an unreserved unit (SN-12). */
export async function listSizes(
  deps: Deps,
  productId: string,
  onlyAvailable: boolean,
  caller: Caller | null,
): Promise<{ sizes: SizeRow[]; currency: string }> {
  const product = await visibleProduct(deps, productId, caller);
  return { sizes: await sizesOf(deps.db, productId, onlyAvailable), currency: product.currency };
}

/** Adds a size with its stock and opens its order book; 409 `size_taken` when the product has the label. */
export async function createSize(
  deps: Deps,
  productId: string,
  input: NewSize,
  actor: Caller,
  audited: AuditedActor,
): Promise<SizeOfProduct> {
  await visibleProduct(deps, productId, actor);
  const nowMs = deps.now();
  const id = newId('siz', deps.random);
  const opening: MovementRow = {
    id: newId('inv', deps.random),
    sizeId: id,
    kind: 'addition',
    quantity: input.quantity,
    quantityBefore: 0,
    quantityAfter: input.quantity,
    reservedBefore: 0,
    reservedAfter: 0,
    reference: null,
    reason: 'initial stock',
    actorId: actor.userId,
    createdAt: nowMs,
  };
  try {
    await insertSize(
      deps.db,
      {
        id,
        productId,
        label: input.label,
        labelKey: matchKey(input.label),
        quantity: input.quantity,
        reserved: 0,
        tickCents: input.tick_cents,
        bookStatus: 'open',
        priceRule: 'ask',
        selfTrade: 'cancel_newest',
        collarFactor: COLLAR_FACTOR,
        configVersion: 1,
        configSynced: 0,
        version: 1,
        createdAt: nowMs,
        updatedAt: nowMs,
      },
      input.sort_order ?? null,
      input.quantity > 0 ? opening : null,
      [
        auditStatement(
          deps.db,
          audited,
          {
            action: 'size_created',
            target: { type: 'size', id },
            after: { product_id: productId, ...input },
          },
          { id: newId('aud', deps.random), atMs: nowMs },
        ),
      ],
    );
  } catch (error) {
    throw isUniqueViolation(error, 'sizes.label_key')
      ? problem('size_taken', 'The product has a size of this label.')
      : error;
  }
  await syncBooks(deps, [id]);
  return knownSize(deps, id);
}

/** Changes a size that is still at the version of `ifMatch`; a new tick is told to its book. */
export async function changeSize(
  deps: Deps,
  id: string,
  ifMatch: string | undefined,
  changes: SizeChanges,
  audited: AuditedActor,
): Promise<SizeOfProduct> {
  const bookChanges = await retryStale(async () => {
    const { size } = await knownSize(deps, id);
    const nowMs = deps.now();
    const version = requiredVersion(ifMatch, size.version);
    const tickCents = changes.tick_cents ?? size.tickCents;
    const concernsBook = tickCents !== size.tickCents;
    const sortOrder = changes.sort_order ?? size.sortOrder;
    await updateSize(
      deps.db,
      id,
      version,
      {
        tickCents,
        sortOrder,
        configVersion: size.configVersion + (concernsBook ? 1 : 0),
        updatedAt: nowMs,
      },
      auditStatement(
        deps.db,
        audited,
        {
          action: 'size_changed',
          target: { type: 'size', id },
          before: { tick_cents: size.tickCents, sort_order: size.sortOrder },
          after: { tick_cents: tickCents, sort_order: sortOrder },
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    );
    return concernsBook;
  });
  if (bookChanges) await syncBooks(deps, [id]);
  return knownSize(deps, id);
}

export interface Movement {
  sizeId: string;
  kind: InventoryKind;
  quantity: number;
  reference: string | null;
  reason: string;
  actorId: string;
}

/**
 * Moves stock and keeps the audit row (SN-10). 409 `insufficient_stock` or `insufficient_reservation` when stock would
 * fall below what is reserved, or either below zero (SN-09).
 */
export async function moveInventory(deps: Deps, movement: Movement): Promise<MovementRow> {
  try {
    return await moveStock(deps.db, stockChange(movement.kind, movement.quantity), {
      ...movement,
      id: newId('inv', deps.random),
      createdAt: deps.now(),
    });
  } catch (error) {
    if (!isStale(error)) throw error;
    const { size } = await knownSize(deps, movement.sizeId);
    throw problem(
      shortfallOf(movement.kind),
      `The ${movement.kind} of ${movement.quantity} does not fit: ${size.quantity} in stock, ${size.reserved} of them reserved.`,
      { quantity: size.quantity, reserved: size.reserved },
    );
  }
}

const MovementCursor = z.tuple([z.number().int(), z.number().int()]);

/** The audit trail of a size, newest first. */
export async function listInventory(
  deps: Deps,
  sizeId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ movements: MovementRow[]; nextCursor: string | null }> {
  await knownSize(deps, sizeId);
  const found = await listMovements(
    deps.db,
    sizeId,
    decodeCursor(page.cursor, MovementCursor),
    page.limit + 1,
  );
  const rows = found.slice(0, page.limit);
  const last = rows.at(-1);
  return {
    movements: rows.map(({ movement }) => movement),
    nextCursor: found.length > page.limit && last ? encodeCursor([last.movement.createdAt, last.row]) : null,
  };
}
