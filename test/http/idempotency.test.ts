import { describe, expect, it } from 'vitest';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { evict } from '../support/book-object.ts';
import { createBook, depthOf, type OrderAnswer, place, placed } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';

const under = (key: string) => ({ 'Idempotency-Key': key });

describe('a repeated order', () => {
  it('gets the first answer, word for word and marked as such, also from a restarted book', async () => {
    const book = await createBook();
    const ann = await signUp('again-ann');
    const order = { price_cents: 10_000, expires_in_hours: 5 };
    const first = await place(book, ann, 'bid', order, under('k1'));
    const text = await first.text();
    expect(first.headers.get('Idempotency-Replayed')).toBeNull();
    for (const isEvicted of [false, true, false]) {
      if (isEvicted) await evict(book);
      const again = await place(book, ann, 'bid', order, under('k1'));
      expect(again.status).toBe(201);
      expect(again.headers.get('Idempotency-Replayed')).toBe('true');
      expect(await again.text()).toBe(text);
    }
    expect(await depthOf(book)).toMatchObject({ seq: 1, bids: [[10_000, 1, 1]] });
  });

  it('keeps its first answer although the order has matched since', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('since-ann'), signUp('since-ben')]);
    const order = { price_cents: 10_000, client_id: 'c-1' };
    const first = await (await place(book, ann, 'bid', order)).text();
    await placed(book, ben, 'ask', { price_cents: 10_000 });
    expect(await (await place(book, ann, 'bid', order)).text()).toBe(first);
    expect(await depthOf(book)).toMatchObject({ seq: 2, bids: [], asks: [] });
  });

  it('counts once when all of it comes at the same time', async () => {
    const book = await createBook();
    const ann = await signUp('parallel-ann');
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => place(book, ann, 'bid', { price_cents: 10_000 }, under('k'))),
    );
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(texts.size).toBe(1);
    expect(answers.filter(({ headers }) => !headers.has('Idempotency-Replayed'))).toHaveLength(1);
    expect(await depthOf(book)).toMatchObject({ seq: 1, bids: [[10_000, 1, 1]] });
  });

  it('is refused when it is a different one', async () => {
    const book = await createBook();
    const ann = await signUp('other-ann');
    await place(book, ann, 'bid', { price_cents: 10_000 }, under('k'));
    await placed(book, ann, 'bid', { price_cents: 10_000, client_id: 'c' });
    const reused = '422 idempotency_key_reused';
    for (const isEvicted of [false, true]) {
      if (isEvicted) await evict(book);
      for (const other of [{ price_cents: 10_001 }, { price_cents: 10_000, quantity: 2 }])
        expect(await refusalOf(await place(book, ann, 'bid', other, under('k')))).toBe(reused);
      expect(await refusalOf(await place(book, ann, 'ask', { price_cents: 10_000 }, under('k')))).toBe(
        reused,
      );
      const buy = { token: ann.token, json: {}, headers: under('k') };
      expect(await refusalOf(await request(`${book.market}/buy-now`, buy))).toBe(reused);
      expect(await refusalOf(await place(book, ann, 'bid', { price_cents: 9_999, client_id: 'c' }))).toBe(
        reused,
      );
    }
    expect(await depthOf(book)).toMatchObject({ seq: 2 });
  });

  it('is known by its key or by its client id, when it had both', async () => {
    const book = await createBook();
    const ann = await signUp('both-ann');
    const order = { price_cents: 10_000, client_id: 'c-9' };
    const text = await (await place(book, ann, 'bid', order, under('k-9'))).text();
    expect(await (await place(book, ann, 'bid', order)).text()).toBe(text);
    expect(await (await place(book, ann, 'bid', order, under('another'))).text()).toBe(text);
    await evict(book);
    expect(await (await place(book, ann, 'bid', order)).text()).toBe(text);
    const other = await place(book, ann, 'bid', { price_cents: 10_000, client_id: 'new' }, under('k-9'));
    expect(await refusalOf(other)).toBe('422 idempotency_key_reused');
    expect(await depthOf(book)).toMatchObject({ seq: 1 });
  });

  it('is somebody else’s business under the same key', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('mine-ann'), signUp('mine-ben')]);
    const hers = await bodyOf<OrderAnswer>(
      await place(book, ann, 'bid', { price_cents: 10_000 }, under('k')),
    );
    const his = await bodyOf<OrderAnswer>(await place(book, ben, 'bid', { price_cents: 10_000 }, under('k')));
    expect(his.bid!.id).not.toBe(hers.bid!.id);
  });

  it('may be sent again after a refusal, which leaves no trace', async () => {
    const book = await createBook();
    const ann = await signUp('refusal-ann');
    const far = await place(book, ann, 'bid', { price_cents: 100 }, under('k'));
    expect(await refusalOf(far)).toBe('422 price_outside_collar');
    expect((await place(book, ann, 'bid', { price_cents: 10_000 }, under('k'))).status).toBe(201);
  });

  it('needs a key of printable characters', async () => {
    const book = await createBook();
    const ann = await signUp('key-ann');
    for (const key of ['with space', 'x'.repeat(129)])
      expect(await refusalOf(await place(book, ann, 'bid', { price_cents: 10_000 }, under(key)))).toBe(
        '422 validation_failed',
      );
    expect(await depthOf(book)).toMatchObject({ seq: 0 });
  });
});

describe('a repeated change', () => {
  it('of an order gets the first answer: amended once, cancelled once', async () => {
    const book = await createBook();
    const ann = await signUp('change-ann');
    const { id } = await placed(book, ann, 'bid', { price_cents: 10_000, quantity: 5 });
    const path = `/api/v1/bids/${id}`;
    const amend = (quantity: number) =>
      request(path, { method: 'PATCH', token: ann.token, json: { quantity }, headers: under('a') });
    const cancel = () => request(path, { method: 'DELETE', token: ann.token, headers: under('c') });
    const amended = await (await amend(3)).text();
    expect(await (await amend(3)).text()).toBe(amended);
    expect(await refusalOf(await amend(2))).toBe('422 idempotency_key_reused');
    const cancelled = await (await cancel()).text();
    await evict(book);
    const again = await cancel();
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await again.text()).toBe(cancelled);
    expect(await (await amend(3)).text()).toBe(amended);
    const unkeyed = await request(path, { method: 'DELETE', token: ann.token });
    expect(await refusalOf(unkeyed)).toBe('409 not_resting');
    expect(await depthOf(book)).toMatchObject({ seq: 3, bids: [] });
  });
});

describe('a batch', () => {
  it('answers each item in its place as if it were alone, and counts once when it is sent again', async () => {
    const book = await createBook();
    const ann = await signUp('batch-ann');
    const item = (changes: Record<string, unknown>) => ({
      product_id: book.productId,
      size_id: book.sizeId,
      price_cents: 10_000,
      ...changes,
    });
    const json = {
      items: [
        item({}),
        item({ price_cents: 0 }),
        item({ size_id: 'siz_0000000000000000' }),
        item({ price_cents: 900_000 }),
        null,
        item({ price_cents: 10_001, quantity: 2 }),
      ],
    };
    const send = () => request('/api/v1/asks/batch', { token: ann.token, json, headers: under('b') });
    const first = await send();
    expect(first.status).toBe(200);
    const { results } = await bodyOf<{
      results: ({ index: number; status: number; code?: string } & OrderAnswer)[];
    }>(first);
    expect(results.map(({ index, status, code }) => [index, status, code])).toEqual([
      [0, 201, undefined],
      [1, 422, 'validation_failed'],
      [2, 404, 'size_not_found'],
      [3, 422, 'price_outside_collar'],
      [4, 422, 'validation_failed'],
      [5, 201, undefined],
    ]);
    expect(results[5]!.ask).toMatchObject({ price_cents: 10_001, quantity: 2, status: 'active' });
    expect(await bodyOf(await send())).toEqual({ results });
    expect(await depthOf(book)).toMatchObject({
      seq: 2,
      asks: [
        [10_000, 1, 1],
        [10_001, 2, 1],
      ],
    });
    for (const items of [[], Array.from({ length: 101 }, () => item({}))])
      expect(
        await refusalOf(await request('/api/v1/asks/batch', { token: ann.token, json: { items } })),
      ).toBe('422 validation_failed');
  });
});
