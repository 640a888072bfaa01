import { describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { count, projected } from '../support/book-object.ts';
import { createBook, depthOf, marketOf, type OrderAnswer, place, placed } from '../support/books.ts';

const BUYERS = 200;

const crowd = (name: string): Promise<TestUser[]> =>
  Promise.all(Array.from({ length: BUYERS }, (_, index) => signUp(`${name}-${index}`)));

interface Outcome {
  status: number;
  body: OrderAnswer & { code?: string };
}

async function rush(
  name: string,
  order: Record<string, unknown>,
  tries: number,
): Promise<{ book: Awaited<ReturnType<typeof createBook>>; outcomes: Outcome[][] }> {
  const book = await createBook();
  const [seller, buyers] = await Promise.all([signUp(`${name}-seller`), crowd(name)]);
  await placed(book, seller, 'ask', { price_cents: 20_000 });
  const attempts = Array.from({ length: tries }, () => buyers).flat();
  const answers = await Promise.all(
    attempts.map(async (buyer) => {
      const response = await place(
        book,
        buyer,
        'bid',
        { price_cents: 20_000, ...order },
        { 'Idempotency-Key': 'rush' },
      );
      return { status: response.status, body: await bodyOf<Outcome['body']>(response) };
    }),
  );
  const outcomes = buyers.map((_, index) => answers.filter((__, at) => at % BUYERS === index));
  await projected(book);
  return { book, outcomes };
}

describe(`${BUYERS} buyers at once for one pair`, () => {
  it.each([1, 3])('good till cancelled, %i time(s) each: one buys, the others rest once', async (tries) => {
    const { book, outcomes } = await rush(`gtc${tries}`, {}, tries);
    for (const [first, ...again] of outcomes) {
      expect(first!.status).toBe(201);
      for (const other of again) expect(other).toEqual(first);
    }
    const bids = outcomes.map(([first]) => first!.body);
    expect(bids.filter(({ matches }) => matches.length === 1)).toHaveLength(1);
    expect(bids.filter(({ bid }) => bid!.status === 'active')).toHaveLength(BUYERS - 1);
    expect(await depthOf(book)).toMatchObject({ bids: [[20_000, BUYERS - 1, BUYERS - 1]], asks: [] });
    expect(await marketOf(book)).toMatchObject({ volume_24h: 1, last_sale_cents: 20_000 });
    expect(await count('matches', book)).toBe(1);
    expect(await count('book_orders', book)).toBe(BUYERS + 1);
  });

  it('immediate or cancel: one buys, the others are cancelled', async () => {
    const { book, outcomes } = await rush('ioc', { time_in_force: 'ioc' }, 2);
    const statuses = outcomes.map(([first, again]) => {
      expect(again).toEqual(first);
      return first!.body.bid!.status;
    });
    expect(statuses.filter((status) => status === 'matched')).toHaveLength(1);
    expect(statuses.filter((status) => status === 'cancelled')).toHaveLength(BUYERS - 1);
    expect(await depthOf(book)).toMatchObject({ bids: [], asks: [] });
    expect(await count('matches', book)).toBe(1);
  });

  it('fill or kill: one buys, the others are refused', async () => {
    const { book, outcomes } = await rush('fok', { time_in_force: 'fok' }, 2);
    const codes = outcomes.map(([first, again]) => {
      expect(again!.status).toBe(first!.status);
      return first!.status === 201 ? first!.body.bid!.status : first!.body.code;
    });
    expect(codes.filter((code) => code === 'matched')).toHaveLength(1);
    expect(codes.filter((code) => code === 'fok_unfillable')).toHaveLength(BUYERS - 1);
    expect(await depthOf(book)).toMatchObject({ seq: 2, bids: [], asks: [] });
    expect(await count('matches', book)).toBe(1);
  });

  it('buying now: one buys, the others find nothing', async () => {
    const book = await createBook();
    const [seller, buyers] = await Promise.all([signUp('now-seller'), crowd('now')]);
    await placed(book, seller, 'ask', { price_cents: 20_000 });
    const answers = await Promise.all(
      buyers.map(({ token }) => request(`${book.market}/buy-now`, { token, json: {} })),
    );
    const codes = await Promise.all(
      answers.map(async (answer) => (answer.ok ? 'bought' : (await bodyOf<{ code: string }>(answer)).code)),
    );
    expect(codes.filter((code) => code === 'bought')).toHaveLength(1);
    expect(codes.filter((code) => code === 'no_liquidity')).toHaveLength(BUYERS - 1);
  });
});
