import { and, asc, eq, gt, inArray } from 'drizzle-orm';
import { bookOrders } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { parseSequencedId } from '../../domain/ids.ts';
import { SIDES } from '../../domain/market/order.ts';

const PAGE = 100;
/** Books asked at the same time. */
const AT_ONCE = 10;

/**
 * Takes every resting bid and ask of a user out of all books, whatever its book's status; answers how many. Orders that
 * the projection does not know yet are found when it is asked again. Those that are closed already are left alone.
 */
export async function cancelOrdersOf(deps: Deps, userId: string, correlationId: string): Promise<number> {
  let cancelled = 0;
  let after = '';
  for (;;) {
    const open = await deps.db
      .select({ id: bookOrders.id, side: bookOrders.side })
      .from(bookOrders)
      .where(
        and(
          eq(bookOrders.userId, userId),
          inArray(bookOrders.side, [...SIDES]),
          eq(bookOrders.status, 'active'),
          gt(bookOrders.id, after),
        ),
      )
      .orderBy(asc(bookOrders.id))
      .limit(PAGE);
    for (let start = 0; start < open.length; start += AT_ONCE) {
      const outcomes = await Promise.all(
        open.slice(start, start + AT_ONCE).map(async ({ id, side }) => {
          const named = parseSequencedId(side, id);
          if (named === null) return false;
          const { bookKey, sequence } = named;
          const answer = await deps.books.execute(
            bookKey,
            { op: 'cancel', side, seq: sequence, byOperator: true },
            { userId, keys: [], correlationId },
          );
          if (answer.ok) deps.memo.drop(bookKey);
          return answer.ok;
        }),
      );
      cancelled += outcomes.filter((isDone) => isDone).length;
    }
    const last = open.at(-1);
    if (open.length < PAGE || last === undefined) return cancelled;
    after = last.id;
  }
}
