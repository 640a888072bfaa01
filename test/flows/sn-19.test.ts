import { describe, expect, it } from 'vitest';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { createBook, depthOf, marketOf, placed } from '../support/books.ts';

describe('SN-19, word for word', () => {
  it('rests a bid of 200 and an ask of 220, matches a bid of 225 at 220, and keeps the history', async () => {
    const book = await createBook();
    const [first, seller, second] = await Promise.all([
      signUp('sn19-first'),
      signUp('sn19-seller'),
      signUp('sn19-second'),
    ]);

    const bid = await placed(book, first, 'bid', { price_cents: 20_000, expires_in_hours: 48 });
    expect(bid).toMatchObject({
      status: 'active',
      filled_quantity: 0,
      matches: [],
      allowed_actions: ['amend', 'cancel'],
    });
    const ask = await placed(book, seller, 'ask', { price_cents: 22_000, expires_in_hours: 24 });
    expect(ask).toMatchObject({ status: 'active', matches: [] });
    expect(await marketOf(book)).toMatchObject({
      highest_bid_cents: 20_000,
      lowest_ask_cents: 22_000,
      spread_cents: 2_000,
      total_bids: 1,
      total_asks: 1,
    });

    const taking = await placed(book, second, 'bid', { price_cents: 22_500 });
    expect(taking).toMatchObject({ status: 'matched', filled_quantity: 1, allowed_actions: [] });
    expect(taking.matches).toHaveLength(1);
    expect(taking.matches[0]).toMatchObject({ price_cents: 22_000, quantity: 1, buyer_total_cents: 23_100 });

    expect(await depthOf(book)).toMatchObject({ bids: [[20_000, 1, 1]], asks: [] });
    expect(await marketOf(book)).toMatchObject({
      last_sale_cents: 22_000,
      lowest_ask_cents: null,
      volume_24h: 1,
    });

    const sold = await bodyOf(await request(`/api/v1/asks/${ask.id}`, { token: seller.token }));
    expect(sold).toMatchObject({ status: 'matched', filled_quantity: 1 });
    const history = await bodyOf<{ data: unknown[] }>(await request('/api/v1/bids', { token: second.token }));
    expect(history.data).toHaveLength(1);
    expect(history.data[0]).toMatchObject({ id: taking.id, status: 'matched' });
    const bought = await bodyOf<{ data: unknown[] }>(
      await request('/api/v1/matches?role=buyer', { token: second.token }),
    );
    expect(bought.data[0]).toMatchObject({
      role: 'buyer',
      price_cents: 22_000,
      buyer_total_cents: 23_100,
      status: 'pending',
      ask_id: null,
    });
    const sales = await bodyOf<{ data: unknown[] }>(
      await request('/api/v1/matches', { token: seller.token }),
    );
    expect(sales.data[0]).toMatchObject({ role: 'seller', seller_payout_cents: 21_120, bid_id: null });
    const tape = await bodyOf<{ data: unknown[] }>(await request(`${book.market}/trades`));
    expect(tape.data).toHaveLength(1);
  });
});
