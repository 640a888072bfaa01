import { and, desc, eq, inArray, ne, notInArray, sql } from 'drizzle-orm';
import { favourites, interactions } from '../../db/discovery-schema.ts';
import { categories, listings } from '../../db/listings-schema.ts';
import { products } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { itemEvidence, rank } from '../../domain/discovery/interest-model.ts';
import { problem } from '../../http/problem.ts';
import type { ListingCard, ProductCard } from '../../wire/cards.ts';
import { productCards } from '../catalog/product-cards.usecases.ts';
import { listingCards } from '../listings/listing-cards.usecases.ts';
import type { Reason } from './discovery.schemas.ts';
import { readInterests, sizeEvidence } from './interests.usecases.ts';

/** Of this many popular things the best for somebody are picked. */
const CANDIDATES = 300;
/** What somebody touched last, which says what they look for now. */
const REMEMBERED = 5;
const LOOKED_AT = 20;

export interface RecommendedProduct {
  product: ProductCard;
  reason: Reason;
}
export interface RecommendedListing {
  listing: ListingCard;
  reason: Reason;
}

const POPULAR: Reason = { code: 'popular', text: 'Many people want it now', subject_id: null };

interface Taste {
  evidence: string[];
  /** Products that the user has already. */
  owned: Set<string>;
}

/** What is known of a user: what they touched last, the sizes they bought, and what they own. */
async function tasteOf(deps: Deps, userId: string): Promise<Taste> {
  const [touched, bought] = await Promise.all([
    deps.db
      .select({ target: interactions.target, kind: interactions.kind })
      .from(interactions)
      .where(eq(interactions.viewer, userId))
      .orderBy(desc(interactions.at))
      .limit(LOOKED_AT),
    deps.db.all<{ productId: string; label: string; status: string }>(sql`
      select m.product_id as productId, s.label_key as label, m.status as status
      from matches m join sizes s on s.id = m.size_id
      where m.buyer_id = ${userId} order by m.created_at desc limit ${LOOKED_AT}`),
  ]);
  const items = [
    ...touched.map(({ target }) => target).filter((target) => target.startsWith('prd_')),
    ...bought.map(({ productId }) => productId),
  ];
  const labels = bought.map(({ label }) => sizeEvidence(label));
  return {
    evidence: [...new Set(labels)].concat([...new Set(items)].slice(0, REMEMBERED).map(itemEvidence)),
    owned: new Set([
      ...touched.filter(({ kind }) => kind === 'bought').map(({ target }) => target),
      ...bought.filter(({ status }) => status !== 'failed').map(({ productId }) => productId),
    ]),
  };
}

/** Candidates in the order of the model; what nothing speaks for keeps its place by popularity alone. */
async function rankedProducts(deps: Deps, evidence: readonly string[]) {
  const { popular, lifts } = await readInterests(deps, evidence, CANDIDATES);
  const least = Math.min(...popular.values(), 1);
  const candidates = new Set([...popular.keys(), ...lifts.map(({ item }) => item)]);
  return rank(
    Array.from(candidates, (item) => ({
      item,
      popularity: popular.get(item) ?? least,
      lifts: lifts
        .filter((lift) => lift.item === item)
        .map(({ evidence: key, lift }): [string, number] => [key, lift]),
    })),
    CANDIDATES,
  );
}

function reasonOf(because: string | null, names: Map<string, ProductCard>): Reason {
  if (because === null) return POPULAR;
  if (because.startsWith('size:'))
    return { code: 'popular_in_your_size', text: 'Wanted in your size', subject_id: null };
  const id = because.slice('item:'.length);
  const name = names.get(id)?.name;
  if (name === undefined) return POPULAR;
  return { code: 'bought_together', text: `Because you looked at ${name}`, subject_id: id };
}

/** Only what somebody sells now can be recommended. */
const isAvailable = (card: ProductCard | undefined): card is ProductCard =>
  card !== undefined && card.lowest_ask_cents !== null;

async function present(
  deps: Deps,
  ranked: readonly { item: string; because: string | null }[],
  excluded: ReadonlySet<string>,
  limit: number,
): Promise<RecommendedProduct[]> {
  const wanted = ranked.filter(({ item }) => !excluded.has(item));
  const subjects = wanted.flatMap(({ because }) =>
    because?.startsWith('item:') ? [because.slice('item:'.length)] : [],
  );
  const cards = await productCards(deps, [...new Set([...wanted.map(({ item }) => item), ...subjects])]);
  return wanted
    .flatMap(({ item, because }) => {
      const product = cards.get(item);
      return isAvailable(product) ? [{ product, reason: reasonOf(because, cards) }] : [];
    })
    .slice(0, limit);
}

/** Fills up with the newest products on sale, so that a young market recommends something too. */
async function withNewest(
  deps: Deps,
  found: RecommendedProduct[],
  excluded: ReadonlySet<string>,
  limit: number,
): Promise<RecommendedProduct[]> {
  if (found.length >= limit) return found;
  const rows = await deps.db
    .select({ id: products.id })
    .from(products)
    .where(eq(products.hidden, false))
    .orderBy(desc(products.createdAt), desc(products.id))
    .limit(CANDIDATES);
  const known = new Set([...excluded, ...found.map(({ product }) => product.id)]);
  const ids = rows.map(({ id }) => id).filter((id) => !known.has(id));
  const cards = await productCards(deps, ids);
  const newest = ids.flatMap((id) => {
    const product = cards.get(id);
    return isAvailable(product)
      ? [{ product, reason: { code: 'new', text: 'New on Bourse', subject_id: null } satisfies Reason }]
      : [];
  });
  return [...found, ...newest].slice(0, limit);
}

/** What a user, or anybody for null, may like: never what they own or what nobody sells; each with its reason. */
export async function recommendProducts(
  deps: Deps,
  userId: string | null,
  limit: number,
): Promise<RecommendedProduct[]> {
  const taste: Taste = userId === null ? { evidence: [], owned: new Set() } : await tasteOf(deps, userId);
  const ranked = await rankedProducts(deps, taste.evidence);
  return withNewest(deps, await present(deps, ranked, taste.owned, limit), taste.owned, limit);
}

/** What goes together with a product: taken by the same people, then of the same brand and kind. */
export async function relatedProducts(
  deps: Deps,
  productId: string,
  limit: number,
): Promise<RecommendedProduct[]> {
  const [product] = await deps.db
    .select()
    .from(products)
    .where(and(eq(products.id, productId), eq(products.hidden, false)));
  if (!product) throw problem('product_not_found', 'There is no such product.');
  const evidence = itemEvidence(productId);
  const { lifts } = await readInterests(deps, [evidence], 0);
  const together = [...lifts]
    .sort((a, b) => b.lift - a.lift)
    .map(({ item }) => ({ item, because: evidence }));
  const self = new Set([productId]);
  const found = await present(deps, together, self, limit);
  if (found.length >= limit) return found;
  const similar = await deps.db
    .select({ id: products.id })
    .from(products)
    .where(
      and(
        eq(products.brandKey, product.brandKey),
        eq(products.hidden, false),
        ne(products.id, productId),
        notInArray(
          products.id,
          found.map((one) => one.product.id),
        ),
      ),
    )
    .orderBy(
      sql`${products.categoryKey} <> ${product.categoryKey}`,
      sql`abs(${products.retailPriceCents} - ${product.retailPriceCents})`,
      products.id,
    )
    .limit(limit);
  const cards = await productCards(
    deps,
    similar.map(({ id }) => id),
  );
  const reason: Reason = { code: 'similar', text: `Similar to ${product.name}`, subject_id: productId };
  const alike = similar.flatMap(({ id }) => {
    const card = cards.get(id);
    return card ? [{ product: card, reason }] : [];
  });
  return [...found, ...alike].slice(0, limit);
}

interface Liked {
  categoryId: string;
  name: string;
  weight: number;
}

/** Categories of the listings that a user looked at or likes, the most touched first. */
function likedCategories(deps: Deps, userId: string): Promise<Liked[]> {
  const looked = deps.db
    .select({ target: interactions.target })
    .from(interactions)
    .where(eq(interactions.viewer, userId))
    .orderBy(desc(interactions.at))
    .limit(LOOKED_AT * 2);
  return deps.db
    .select({
      categoryId: listings.categoryId,
      name: sql<string>`min(${categories.name})`,
      weight: sql<number>`count(*)`,
    })
    .from(listings)
    .innerJoin(categories, eq(categories.id, listings.categoryId))
    .where(inArray(listings.id, looked))
    .groupBy(listings.categoryId)
    .orderBy(sql`count(*) desc`, listings.categoryId)
    .limit(REMEMBERED);
}

/** Listings for a user, or for anybody: from the categories they look at, then the newest; never their own or liked ones. */
export async function recommendListings(
  deps: Deps,
  userId: string | null,
  limit: number,
): Promise<RecommendedListing[]> {
  const liked = userId === null ? [] : await likedCategories(deps, userId);
  const mine = userId ?? '';
  const newestOf = (categoryId: string | null, count: number) =>
    deps.db
      .select({ id: listings.id, categoryId: listings.categoryId })
      .from(listings)
      .where(
        and(
          eq(listings.status, 'active'),
          categoryId === null ? undefined : eq(listings.categoryId, categoryId),
          ne(listings.sellerId, mine),
          notInArray(
            listings.id,
            deps.db.select({ id: favourites.listingId }).from(favourites).where(eq(favourites.userId, mine)),
          ),
        ),
      )
      .orderBy(desc(listings.listedAt), desc(listings.row))
      .limit(count);
  const [newest, ...byCategory] = await deps.db.batch([
    newestOf(null, limit),
    ...liked.map(({ categoryId }) => newestOf(categoryId, Math.ceil(limit / liked.length))),
  ]);
  const nameOf = new Map(liked.map(({ categoryId, name }) => [categoryId, name]));
  const ids = [...new Set([...byCategory.flat(), ...newest].map(({ id }) => id))];
  const categoryOf = new Map([...newest, ...byCategory.flat()].map(({ id, categoryId }) => [id, categoryId]));
  const cards = await listingCards(deps, ids);
  return ids
    .flatMap((id): RecommendedListing[] => {
      const listing = cards.get(id);
      if (!listing) return [];
      const categoryId = categoryOf.get(id)!;
      const name = nameOf.get(categoryId);
      const reason: Reason =
        name === undefined
          ? { code: 'new', text: 'New in the souk', subject_id: null }
          : { code: 'from_your_categories', text: `Because you look at ${name}`, subject_id: categoryId };
      return [{ listing, reason }];
    })
    .slice(0, limit);
}
