import { eq } from 'drizzle-orm';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { isBarred } from '../../domain/trust/moderation.ts';
import { problem } from '../../http/problem.ts';
import { isOn } from '../flags/is-on.ts';
import { countOnSale } from './listings.repository.ts';

/** What a seller may have on sale at once: Infinity when nobody counts. */
export interface SellingRights {
  sellerId: string;
  maxOnSale: number;
}

const limitOf = (configured: number): number => (configured === 0 ? Number.POSITIVE_INFINITY : configured);

/**
 * Whether this user may have listings at all, as the database says now: 403 `account_suspended`, `account_banned` or
 * `selling_not_allowed`.
 */
export async function sellingRights(deps: Deps, userId: string): Promise<SellingRights> {
  const [user] = await deps.db
    .select({
      status: users.status,
      suspendedUntilMs: users.suspendedUntil,
      role: users.role,
      canSell: users.canSell,
    })
    .from(users)
    .where(eq(users.id, userId));
  if (!user || isBarred(user, deps.now()))
    throw problem(
      user?.status === 'banned' ? 'account_banned' : 'account_suspended',
      'This account may not sell at the moment.',
    );
  if (!user.canSell) throw problem('selling_not_allowed', 'Selling is switched off for this account.');
  const { MAX_LISTINGS_PER_SELLER, MAX_LISTINGS_PER_VERIFIED_SELLER } = deps.config;
  return {
    sellerId: userId,
    maxOnSale: limitOf(user.role === 'user' ? MAX_LISTINGS_PER_SELLER : MAX_LISTINGS_PER_VERIFIED_SELLER),
  };
}

/**
 * Lets one more listing go on sale: 409 `souk_closed` while the souk is, `listing_limit_reached` when there are too many
 * already. The batch that puts it up ends with `listingLimitGuard`, so that two devices at once cannot pass the limit.
 */
export async function checkRoomOnSale(deps: Deps, { sellerId, maxOnSale }: SellingRights): Promise<void> {
  if (!(await isOn(deps, 'souk_enabled')))
    throw problem('souk_closed', 'Nothing can be put on sale at the moment. Save it as a draft.');
  if (maxOnSale !== Number.POSITIVE_INFINITY && (await countOnSale(deps.db, sellerId)) >= maxOnSale)
    throw problem('listing_limit_reached', `You may have ${maxOnSale} listings on sale at once.`, {
      limit: maxOnSale,
    });
}
