/**
 * What the books tell over users' own lines (SN-35): their own bids, asks and matches, and prices to those who asked. It
 * comes after the projection, so that whoever hears of something finds it over REST. Live frames are a courtesy: a
 * message that comes twice is told once, by the ids of its events.
 */
import type { Deps } from '../../deps.ts';
import type { BookEvent } from '../../domain/market/events.ts';
import { matchId, orderId } from '../../domain/market/events.ts';
import type { ChannelFrame } from '../../platform/channels/channels.ts';
import type { BookMessage } from '../../platform/events/events.ts';
import { orderView, takenMatchView } from '../../wire/orders.ts';
import { followedAmong } from './markets.repository.ts';
import { tellMarket } from './product-news.usecases.ts';
import { tellUsers } from './tell-users.usecases.ts';

/** Tells the owners of what these messages hold, and who listens to these markets. Never throws: all of it is applied. */
export async function tellMarketNews(deps: Deps, messages: readonly BookMessage[]): Promise<void> {
  try {
    await Promise.all([tellOwners(deps, messages), tellMarkets(deps, messages)]);
  } catch (error) {
    deps.log.warn('market_news_not_told', { messages: messages.length, error: String(error) });
  }
}

async function tellOwners(deps: Deps, messages: readonly BookMessage[]): Promise<void> {
  const news = new Map<string, ChannelFrame[]>();
  const add = (userId: string, frame: ChannelFrame) => news.set(userId, [...(news.get(userId) ?? []), frame]);
  for (const { book, events } of messages) for (const event of events) gather(event, book, add);
  await tellUsers(deps, news);
}

function gather(
  event: BookEvent,
  book: BookMessage['book'],
  add: (userId: string, frame: ChannelFrame) => void,
): void {
  switch (event.type) {
    case 'match.created': {
      const { match } = event.data;
      for (const [side, userId, seq] of [
        ['bid', match.buyerId, match.bidSeq],
        ['ask', match.sellerId, match.askSeq],
      ] as const) {
        const { id: _, ...amounts } = takenMatchView(match, side, book.bookKey);
        add(userId, {
          type: 'match:created',
          id: `${event.event_id}:${side}`,
          data: {
            match_id: matchId(book.bookKey, match.number),
            order_id: orderId(book.bookKey, { side, seq }),
            product_id: book.productId,
            size_id: book.sizeId,
            side,
            currency: book.currency,
            ...amounts,
          },
        });
      }
      return;
    }
    case 'match.prevented':
    case 'book.rules_changed':
    case 'history.imported':
      return;
    default: {
      const { order } = event.data;
      const verb = event.type.endsWith('.placed') ? 'placed' : 'updated';
      add(order.userId, {
        type: `${order.side}:${verb}`,
        id: event.event_id,
        data: orderView(order, book),
      });
    }
  }
}

async function tellMarkets(deps: Deps, messages: readonly BookMessage[]): Promise<void> {
  const moved = new Map(messages.map(({ book }) => [book.bookKey, book]));
  const followed = await followedAmong(
    deps.db,
    Array.from(moved.values(), ({ productId }) => productId),
  );
  if (followed.size === 0) return;
  await Promise.all(
    Array.from(moved.values(), async (book) => {
      if (!followed.has(book.productId)) return;
      const answer = await deps.books.read(book.bookKey, book.productId, { view: 'market' });
      if (answer.ok)
        await tellMarket(deps, book.productId, [
          { type: 'market:price_updated', data: JSON.parse(answer.body) },
        ]);
    }),
  );
}
