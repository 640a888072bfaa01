import { and, eq, or, type SQL, sql } from 'drizzle-orm';
import { type Db, GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { categories, listings } from '../../db/listings-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import {
  inTreeOrder,
  MAX_CATEGORIES,
  MAX_DEPTH,
  misplacement,
  subtreeIds,
} from '../../domain/listings/category-tree.ts';
import { requiredVersion } from '../../http/etag.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import type { CategoryChanges, NewCategory } from './categories.schemas.ts';
import { commit } from './fresh-listing.ts';

export type CategoryRow = typeof categories.$inferSelect;

/** Edits of the tree are rare; whoever loses so often has met a storm. */
const ATTEMPTS = 8;

const categoryNotFound = () => problem('category_not_found', 'There is no such category.');

const readAll = (db: Db): Promise<CategoryRow[]> => db.select().from(categories).limit(MAX_CATEGORIES);

export async function readTree(deps: Deps): Promise<{ node: CategoryRow; depth: number }[]> {
  return inTreeOrder(await readAll(deps.db));
}

/** The ids of a category, by its id or slug, and of all below it; 404 `category_not_found` when there is none. */
export async function subtreeOf(deps: Deps, idOrSlug: string): Promise<string[]> {
  const all = await readAll(deps.db);
  const found = all.find(({ id, slug }) => id === idOrSlug || slug === idOrSlug.toLowerCase());
  if (!found) throw categoryNotFound();
  return subtreeIds(all, found.id);
}

/** A category by its id or slug; undefined when there is none. */
export async function findCategory(db: Db, idOrSlug: string): Promise<CategoryRow | undefined> {
  const [row] = await db
    .select()
    .from(categories)
    .where(or(eq(categories.id, idOrSlug), eq(categories.slug, idOrSlug.toLowerCase())));
  return row;
}

function checkPlace(all: readonly CategoryRow[], id: string | null, parentId: string | null): void {
  switch (misplacement(all, id, parentId)) {
    case 'no_parent':
      throw categoryNotFound();
    case 'cycle':
      throw problem('category_cycle', 'A category cannot be below itself.');
    case 'too_deep':
      throw problem('validation_failed', `The tree is at most ${MAX_DEPTH} levels deep.`);
    case null:
  }
}

/** Aborts the batch it is a part of (`isStale`) when the condition holds after the statements before it. */
const abortIf = (db: Db, condition: SQL): Statement =>
  db.select({ verdict: sql`case when ${condition} then json('stale') end` }).from(sql`(select 1)`);

/** Two admins who each move a category below the other's, or delete its parent: the second batch is rolled back. */
const placeGuard = (db: Db, id: string, parentId: string | null): Statement[] =>
  parentId === null
    ? []
    : [
        abortIf(db, sql`not exists (select 1 from categories where id = ${parentId})`),
        abortIf(
          db,
          sql`exists (
            with recursive above (id) as (
              select parent_id from categories where id = ${id}
              union select categories.parent_id from categories join above on categories.id = above.id
            ) select 1 from above where id = ${id}
          )`,
        ),
      ];

const audited = (
  deps: Deps,
  actor: AuditedActor,
  action: 'category_created' | 'category_changed' | 'category_deleted',
  id: string,
  facts: { before?: CategoryRow; after?: CategoryRow },
): Statement =>
  auditStatement(
    deps.db,
    actor,
    { action, target: { type: 'category', id }, ...facts },
    { id: newId('aud', deps.random), atMs: deps.now() },
  );

/** Repeats an edit of the tree that somebody else's edit crossed. */
async function edit<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (isUniqueViolation(error, 'categories.slug'))
        throw problem('category_slug_taken', 'Another category has this slug.');
      if (!isStale(error)) throw error;
    }
  }
  throw problem('unavailable', 'The categories are changing too fast; try again.');
}

export function createCategory(deps: Deps, input: NewCategory, actor: AuditedActor): Promise<CategoryRow> {
  return edit(async () => {
    const all = await readAll(deps.db);
    checkPlace(all, null, input.parent_id);
    if (all.length >= MAX_CATEGORIES)
      throw problem('validation_failed', `There are at most ${MAX_CATEGORIES} categories.`);
    const siblings = all.filter(({ parentId }) => parentId === input.parent_id);
    const nowMs = deps.now();
    const row: CategoryRow = {
      id: newId('cat', deps.random),
      parentId: input.parent_id,
      slug: input.slug,
      name: input.name,
      position: input.position ?? Math.max(-1, ...siblings.map(({ position }) => position)) + 1,
      version: 1,
      createdAt: nowMs,
      updatedAt: nowMs,
    };
    await commit(deps, [
      deps.db.insert(categories).values(row),
      ...placeGuard(deps.db, row.id, row.parentId),
      audited(deps, actor, 'category_created', row.id, { after: row }),
    ]);
    return row;
  });
}

export function changeCategory(
  deps: Deps,
  id: string,
  ifMatch: string | undefined,
  changes: CategoryChanges,
  actor: AuditedActor,
): Promise<CategoryRow> {
  return edit(async () => {
    const all = await readAll(deps.db);
    const before = all.find((row) => row.id === id);
    if (!before) throw categoryNotFound();
    const version = requiredVersion(ifMatch, before.version);
    if (changes.parent_id !== undefined) checkPlace(all, id, changes.parent_id);
    const after: CategoryRow = {
      ...before,
      name: changes.name ?? before.name,
      slug: changes.slug ?? before.slug,
      parentId: changes.parent_id === undefined ? before.parentId : changes.parent_id,
      position: changes.position ?? before.position,
      version: version + 1,
      updatedAt: deps.now(),
    };
    await commit(deps, [
      deps.db
        .update(categories)
        .set(after)
        .where(and(eq(categories.id, id), eq(categories.version, version))),
      deps.db.run(sql.raw(GUARD_SQL)),
      ...placeGuard(deps.db, id, after.parentId),
      audited(deps, actor, 'category_changed', id, { before, after }),
    ]);
    return after;
  });
}

/** Deletes a category that has nothing below it and no listing in it; 409 `category_in_use` otherwise. */
export function deleteCategory(deps: Deps, id: string, actor: AuditedActor): Promise<void> {
  const inUse = () => problem('category_in_use', 'There are categories or listings in it; move them first.');
  return edit(async () => {
    const all = await readAll(deps.db);
    const before = all.find((row) => row.id === id);
    if (!before) throw categoryNotFound();
    const [listed] = await deps.db
      .select({ id: listings.id })
      .from(listings)
      .where(eq(listings.categoryId, id))
      .limit(1);
    if (listed || all.some(({ parentId }) => parentId === id)) throw inUse();
    try {
      await commit(deps, [
        deps.db.delete(categories).where(and(eq(categories.id, id), eq(categories.version, before.version))),
        deps.db.run(sql.raw(GUARD_SQL)),
        abortIf(deps.db, sql`exists (select 1 from categories where parent_id = ${id})`),
        audited(deps, actor, 'category_deleted', id, { before }),
      ]);
    } catch (error) {
      throw isForeignKeyViolation(error) ? inUse() : error;
    }
  });
}

/** A listing went into the category while it was being deleted. */
function isForeignKeyViolation(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (cause.message.includes('FOREIGN KEY constraint failed')) return true;
  return false;
}
