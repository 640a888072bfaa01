import type { OrderBook } from '../../../durable-objects/order-book/object.ts';
import { keyOf } from '../../domain/ids.ts';
import { decodeAnswer, decodeReadAnswer, encodeCommand, encodeRead } from './book-call.ts';
import type { Books } from './books.ts';

/** Deriving an id is a hash; those of the books in use are kept. */
const MAX_KNOWN_IDS = 10_000;

/** Books as Durable Objects, named by the key of their size. */
export function createObjectBooks(namespace: DurableObjectNamespace<OrderBook>): Books {
  const ids = new Map<string, DurableObjectId>();
  const at = (bookKey: string) => {
    let id = ids.get(bookKey);
    if (id === undefined) {
      id = namespace.idFromName(bookKey);
      if (ids.size >= MAX_KNOWN_IDS) ids.clear();
      ids.set(bookKey, id);
    }
    return namespace.get(id);
  };
  return {
    configure: async (config) => {
      const bookKey = keyOf('siz', config.sizeId);
      if (bookKey === null) throw new RangeError(`not a size id: ${config.sizeId}`);
      await at(bookKey).configure(bookKey, config);
    },
    execute: async (bookKey, command, context) =>
      decodeAnswer(await at(bookKey).executeText(encodeCommand(command, context))),
    readOrder: (bookKey, side, seq, userId) => at(bookKey).readOrder(side, seq, userId),
    read: async (bookKey, productId, read) =>
      decodeReadAnswer(await at(bookKey).readText(productId, encodeRead(read))),
    importHistory: (bookKey, productId, trades, context) =>
      at(bookKey).importHistory(productId, trades, context),
    relink: (bookKey, request) => at(bookKey).relink(request),
    confirm: (bookKey, ranges) => at(bookKey).confirm(ranges),
    whenProjected: (bookKey, seq, timeoutMs) => at(bookKey).whenProjected(seq, timeoutMs),
    replayJournal: (bookKey) => at(bookKey).replayJournal(),
    poke: (bookKey) => at(bookKey).poke(),
    pulse: (bookKey) => at(bookKey).pulse(),
    connect: (bookKey, request) => at(bookKey).fetch(request),
    ping: async () => {
      await at('health').ping();
    },
  };
}
