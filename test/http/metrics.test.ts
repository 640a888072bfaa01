import { describe, expect, it } from 'vitest';
import { request, signUp } from '../support/accounts.ts';
import { adminUser, createBook, placed } from '../support/books.ts';
import { createListing } from '../support/listings.ts';
import { offered } from '../support/offers.ts';

describe('/metrics', () => {
  it('is for administrators', async () => {
    expect((await request('/metrics')).status).toBe(401);
    const { token } = await signUp('metrics-reader');
    expect((await request('/metrics', { token })).status).toBe(403);
  });

  it('counts the market in the Prometheus text format', async () => {
    const book = await createBook();
    const bidder = await signUp('metrics-bidder');
    await placed(book, bidder, 'bid', { price_cents: 20_000 });
    const seller = await signUp('metrics-seller');
    await offered(bidder, await createListing(seller, { price_cents: 50_000 }));
    // The list waits until the projection, which the gauges read, has the bid.
    await request('/api/v1/bids', { token: bidder.token });

    const { token } = await adminUser();
    const answer = await request('/metrics', { token });
    expect(answer.headers.get('Content-Type')).toContain('text/plain; version=0.0.4');
    const gauges = new Map(
      (await answer.text())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.split(' ') as [string, string]),
    );
    expect(gauges.get('bourse_orders_open')).toBe('1');
    expect(gauges.get('bourse_books')).toBe('1');
    expect(gauges.get('bourse_dead_letters')).toBe('0');
    expect(gauges.get('bourse_listings_active')).toBe('1');
    expect(gauges.get('bourse_offers_open')).toBe('1');
    expect([...gauges.values()].every((value) => /^\d+$/.test(value))).toBe(true);
    expect(Number(gauges.get('bourse_users'))).toBe(4);
  });
});
