import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { DOMAIN_EVENT_HANDLERS } from '../../src/jobs/domain-events.ts';
import { request, signUp, type TestUser } from '../support/accounts.ts';
import { deps, projected } from '../support/book-object.ts';
import { adminUser, createBook, placed } from '../support/books.ts';
import { createProduct } from '../support/catalog.ts';
import { device, eventsOf, heard, insideChannel, topicOf } from '../support/channels.ts';
import { allDone } from '../support/domain-events.ts';
import { capture, matchedOrder } from '../support/purchases.ts';
import type { TestSocket } from '../support/sockets.ts';

let people = 0;
const somebody = (): Promise<TestUser> => {
  people += 1;
  return signUp(`hearer${people}`);
};
const MINUTE_MS = 60_000;
const typesOf = (socket: TestSocket) => eventsOf(socket).map(({ type }) => type);
const ofType = (socket: TestSocket, type: string) => eventsOf(socket).filter((event) => event.type === type);

describe('news of orders', () => {
  it('reach both parties, each in their role, and nobody else', async () => {
    const [buyer, seller, stranger] = [await somebody(), await somebody(), await somebody()];
    const [hers, his, theirs] = await Promise.all([device(buyer), device(seller), device(stranger)]);
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);
    await allDone();
    for (const [socket, role] of [
      [hers, 'buyer'],
      [his, 'seller'],
    ] as const) {
      await socket.until(() => ofType(socket, 'payment:updated').length === 1);
      expect(ofType(socket, 'order:updated').map(({ data }) => data)).toEqual([
        expect.objectContaining({ order_id: order.id, event: 'placed', status: 'pending', role }),
        expect.objectContaining({ event: 'paid', status: 'paid', previous_status: 'pending', role }),
      ]);
      expect(ofType(socket, 'payment:updated')[0]).toMatchObject({ data: { event: 'held', role } });
    }
    await heard(theirs);
    expect(typesOf(theirs)).toEqual(['connected', 'pong']);
  });

  it('are told once however often the queue brings them', async () => {
    const [buyer, seller] = [await somebody(), await somebody()];
    const hers = await device(buyer);
    const event: EventEnvelope = {
      event_id: 'ord_twice:2:0',
      type: 'order.shipped',
      version: 1,
      aggregate: { type: 'order', id: 'ord_twice' },
      seq: 2,
      correlation_id: 'test',
      occurred_at: new Date().toISOString(),
      data: {
        order_id: 'ord_twice',
        order_number: 'ORD-1',
        buyer_id: buyer.userId,
        seller_id: seller.userId,
        amount_cents: 100,
        currency: 'USD',
        from: 'paid',
        to: 'shipped',
        reason: null,
      },
    };
    const handlers = DOMAIN_EVENT_HANDLERS.get('order.shipped')!;
    for (let time = 0; time < 3; time += 1) for (const handle of handlers) await handle(deps, event);
    await heard(hers);
    expect(ofType(hers, 'order:updated')).toHaveLength(1);
  });

  it('have the names of SN-35 for a client that asks for them', async () => {
    const [buyer, seller] = [await somebody(), await somebody()];
    const [hers, his] = await Promise.all([device(buyer, '?aliases=true'), device(seller, '?aliases=true')]);
    await matchedOrder(buyer, seller);
    await allDone();
    await hers.until(() => typesOf(hers).includes('ORDER_STATUS_UPDATED'));
    await his.until(() => typesOf(his).includes('ORDER_STATUS_UPDATED'));
    expect(typesOf(hers)).toEqual(expect.arrayContaining(['BID_PLACED', 'MATCH_CREATED']));
    expect(typesOf(his)).toEqual(expect.arrayContaining(['ASK_PLACED', 'ASK_UPDATED', 'MATCH_CREATED']));
  });
});

describe('news of the books', () => {
  it('tell an owner of each change of an order, and of a match without the other party', async () => {
    const [buyer, seller] = [await somebody(), await somebody()];
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    const book = await createBook();
    const ask = await placed(book, seller, 'ask', { price_cents: 22_000, quantity: 2 });
    await placed(book, buyer, 'bid', { price_cents: 22_000 });
    await request(`/api/v1/asks/${ask.id}`, { method: 'DELETE', token: seller.token });
    await projected(book);
    await his.until(() => ofType(his, 'ask:updated').length === 2);
    await hers.until(() => ofType(hers, 'match:created').length === 1);
    expect(ofType(his, 'ask:placed')[0]).toMatchObject({ data: { id: ask.id, quantity: 2 } });
    expect(ofType(his, 'ask:updated').map(({ data }) => (data as { status: string }).status)).toEqual([
      'active',
      'cancelled',
    ]);
    const match = ofType(hers, 'match:created')[0]!;
    expect(match.data).toMatchObject({ side: 'bid', price_cents: 22_000, buyer_total_cents: 23_100 });
    expect(hers.texts.join()).not.toContain(seller.userId);
    expect(ofType(hers, 'ask:placed')).toEqual([]);
  });

  it('wake nobody who is not here, and show a gap to who was away too long', async () => {
    const [buyer, seller] = [await somebody(), await somebody()];
    const first = await device(seller);
    await heard(first);
    first.close();
    await insideChannel(topicOf(seller), ({ presence }) => presence.reconcile());
    const book = await createBook();
    await placed(book, seller, 'ask', { price_cents: 22_000 });
    await placed(book, buyer, 'bid', { price_cents: 21_000 });
    await projected(book);
    const back = await device(seller, '?resume_from=0');
    await back.until(() => typesOf(back).includes('ask:placed'));
    expect(await deps.channels.recent(topicOf(buyer))).toEqual([]);
    back.close();
    await insideChannel(topicOf(seller), ({ presence }) => presence.reconcile());
    await insideChannel(topicOf(seller), (innards) => {
      innards.now = () => Date.now() + 11 * MINUTE_MS;
    });
    const plain = await device(seller);
    const late = await device(seller, '?resume_from=1');
    await heard(late);
    expect(late.ofType('reset')).toHaveLength(1);
    await heard(plain);
    expect(plain.ofType('reset')).toHaveLength(0);
  });
});

describe('a market', () => {
  it('is told to who asks, until they ask no more', async () => {
    const [watcher, seller] = [await somebody(), await somebody()];
    const [his, other] = await Promise.all([device(watcher), device(watcher)]);
    const book = await createBook();
    expect(await his.ask({ type: 'market:subscribe', product_id: book.productId })).toMatchObject({
      type: 'market:history',
      data: { topic: `market:${book.productId}`, events: [] },
    });
    await placed(book, seller, 'ask', { price_cents: 22_000 });
    await projected(book);
    await his.until(() => typesOf(his).includes('market:price_updated'));
    expect(ofType(his, 'market:price_updated')[0]).toMatchObject({
      topic: `market:${book.productId}`,
      data: { size_id: book.sizeId, lowest_ask_cents: 22_000 },
    });
    expect(await his.ask({ type: 'market:unsubscribe', product_id: book.productId })).toMatchObject({
      type: 'market:unsubscribed',
    });
    await placed(book, seller, 'ask', { price_cents: 21_000 });
    await projected(book);
    await heard(his);
    expect(ofType(his, 'market:price_updated')).toHaveLength(1);
    await heard(other);
    expect(typesOf(other)).not.toContain('market:price_updated');
  });

  it('that is not there cannot be asked for', async () => {
    const his = await device(await somebody());
    expect(await his.ask({ type: 'market:subscribe', product_id: 'prd_none' })).toMatchObject({
      type: 'error',
      code: 'product_not_found',
    });
  });

  it('tells of products that are new or edited, but not of hidden ones', async () => {
    const his = await device(await somebody(), '?aliases=true');
    await his.ask({ type: 'market:subscribe' });
    const { token } = await adminUser();
    await createProduct(token, { sku: 'HIDDEN-1', name: 'Secret', hidden: true });
    const product = await createProduct(token, { sku: 'SHOWN-1', name: 'Shown' });
    const response = await request(`/api/v1/products/${product.id}`, {
      method: 'PATCH',
      token,
      json: { name: 'Shown again' },
      headers: { 'If-Match': '"v1"' },
    });
    expect(response.status).toBe(200);
    await his.until(() => typesOf(his).includes('PRODUCT_UPDATED'));
    expect(ofType(his, 'NEW_PRODUCT').map(({ data }) => (data as { name: string }).name)).toEqual(['Shown']);
    expect(ofType(his, 'PRODUCT_UPDATED')[0]).toMatchObject({ data: { name: 'Shown again' } });
  });
});
