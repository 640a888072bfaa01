/** What an admin may switch off for a user (C.1: `can_buy`, `can_sell`), and where it is asked. */
import { eq } from 'drizzle-orm';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { type Failure, failure } from '../../domain/errors.ts';
import type { Side } from '../../domain/market/order.ts';
import { Problem } from '../../http/problem.ts';
import type { TradingSide } from '../../platform/tokens/revocations.ts';

const REFUSALS: Readonly<Record<TradingSide, Failure>> = {
  buy: failure('buying_not_allowed', 'Buying is switched off for this account.'),
  sell: failure('selling_not_allowed', 'Selling is switched off for this account.'),
};

/**
 * What somebody is told who may not bid or ask, or null. The order path asks no database, so that the switch reaches it
 * as the end of a session does: at once where it is turned, elsewhere within the seconds after which an isolate reads
 * the list again.
 */
export function bookRefusal(deps: Deps, side: Side, userId: string): Failure | null {
  const trade = side === 'bid' ? 'buy' : 'sell';
  return deps.revocations.isWithheld(userId, trade) ? REFUSALS[trade] : null;
}

/** Refuses with 403 `buying_not_allowed` or `selling_not_allowed`, as the database says now. */
export async function assertMayTrade(deps: Deps, userId: string, trade: TradingSide): Promise<void> {
  const [user] = await deps.db
    .select({ buy: users.canBuy, sell: users.canSell })
    .from(users)
    .where(eq(users.id, userId));
  if (user && !user[trade]) throw new Problem(REFUSALS[trade]);
}
