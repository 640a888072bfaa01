/** Figures as they are summed, and the ratios that people read (C.11). Sums add up over any range; ratios do not. */

/** Sums by metric and key; the key is a currency, or empty. */
export class Figures {
  private readonly sums = new Map<string, Map<string, number>>();

  add(metric: string, key: string, value: number): void {
    const byKey = this.sums.get(metric) ?? new Map<string, number>();
    this.sums.set(metric, byKey);
    byKey.set(key, (byKey.get(key) ?? 0) + value);
  }

  /** Over all keys. */
  count(metric: string): number {
    return [...(this.sums.get(metric)?.values() ?? [])].reduce((sum, value) => sum + value, 0);
  }

  byKey(metric: string): Record<string, number> {
    return Object.fromEntries([...(this.sums.get(metric) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The mean of what was summed; null when there was nothing. */
  mean(sum: string, count: string): number | null {
    const times = this.count(count);
    return times === 0 ? null : this.count(sum) / times;
  }

  /** A share in basis points, rounded half up; null when there is no whole. */
  bps(part: string, whole: string): number | null {
    const all = this.count(whole);
    return all === 0 ? null : Math.floor((this.count(part) / all) * 10_000 + 0.5);
  }

  /** The same for amounts, by currency. */
  bpsByKey(part: string, whole: string): Record<string, number> {
    const parts = this.byKey(part);
    return Object.fromEntries(
      Object.entries(this.byKey(whole))
        .filter(([, all]) => all !== 0)
        .map(([key, all]) => [key, Math.floor(((parts[key] ?? 0) / all) * 10_000 + 0.5)]),
    );
  }
}

const wholeOrNull = (value: number | null): number | null => (value === null ? null : Math.round(value));

/** What an admin reads of a period. */
export const houseSummary = (figures: Figures) => ({
  gmv_cents: figures.byKey('gmv_cents'),
  fees_cents: figures.byKey('fees_cents'),
  take_rate_bps: figures.bpsByKey('fees_cents', 'gmv_cents'),
  orders_paid: figures.count('orders_paid'),
  orders_completed: figures.count('orders_completed'),
  refunded_cents: figures.byKey('refunded_cents'),
  users_registered: figures.count('users_registered'),
  listings_published: figures.count('listings_published'),
  bids_placed: figures.count('bids_placed'),
  asks_placed: figures.count('asks_placed'),
  matches: figures.count('matches'),
  fill_rate_bps: figures.bps('book_orders_filled', 'book_orders_closed'),
  expiry_rate_bps: figures.bps('book_orders_expired', 'book_orders_closed'),
  time_to_fill_ms: wholeOrNull(figures.mean('time_to_fill_ms', 'book_orders_filled')),
  spread_bps: wholeOrNull(figures.mean('spread_bps_sum', 'spread_books')),
  offers_made: figures.count('offers_made'),
  offers_accepted: figures.count('offers_accepted'),
  offer_acceptance_bps: figures.bps('offers_accepted', 'offers_ended'),
  negotiation_rounds: figures.mean('accepted_rounds', 'offers_accepted'),
  messages_sent: figures.count('messages_sent'),
  product_views: figures.count('product_views'),
  listing_views: figures.count('listing_views'),
  searches: figures.count('searches'),
  disputes_opened: figures.count('disputes_opened'),
  dispute_rate_bps: figures.bps('disputes_opened', 'orders_paid'),
});

/** What a seller reads of a period. */
export const sellerSummary = (figures: Figures) => ({
  sales: figures.count('sales'),
  revenue_cents: figures.byKey('revenue_cents'),
  payout_cents: figures.byKey('payout_cents'),
  average_order_cents: Object.fromEntries(
    Object.entries(figures.byKey('revenue_cents')).map(([currency, cents]) => [
      currency,
      Math.round(cents / (figures.byKey('sales')[currency] || 1)),
    ]),
  ),
  views: figures.count('views'),
  conversion_bps: figures.bps('listing_sales', 'views'),
  offers_received: figures.count('offers_received'),
  offers_accepted: figures.count('offers_accepted'),
  acceptance_rate_bps: figures.bps('offers_accepted', 'offers_ended'),
  response_time_ms: wholeOrNull(figures.mean('response_ms', 'responses')),
  negotiation_rounds: figures.mean('accepted_rounds', 'offers_accepted'),
  discount_bps: figures.bps('discount_cents', 'accepted_list_cents'),
});
