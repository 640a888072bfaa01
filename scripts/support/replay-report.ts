/** The account of a replay: what was sent, what came of it, and how fast. */
export type ReplayReport = {
  readonly sales: number;
  readonly matched: number;
  readonly orders: number;
  /** Recorded prices with a fraction of a cent. */
  readonly rounded: number;
  /** Orders that needed `confirm`, since the price jumped past the collar. */
  readonly confirmed: number;
  /** Sales that went wrong, by reason. */
  readonly rejected: ReadonlyMap<string, number>;
  readonly books: number;
  /** Books whose levels differ from those before the run, as `product / size`. */
  readonly changedBooks: readonly string[];
  readonly seconds: number;
  readonly ordersPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type ReplayTally = {
  orderAnswered(latencyMs: number, confirmed: boolean): void;
  saleMatched(): void;
  saleRejected(reason: string): void;
  bookChecked(name: string, unchanged: boolean): void;
  report(seconds: number): ReplayReport;
};

const LISTED_BOOKS = 10;

export function createTally(sales: number, rounded: number): ReplayTally {
  const latencies: number[] = [];
  const rejected = new Map<string, number>();
  const changedBooks: string[] = [];
  let matched = 0;
  let confirmed = 0;
  let books = 0;
  return {
    orderAnswered(latencyMs, needed) {
      latencies.push(latencyMs);
      if (needed) confirmed += 1;
    },
    saleMatched() {
      matched += 1;
    },
    saleRejected(reason) {
      rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    },
    bookChecked(name, unchanged) {
      books += 1;
      if (!unchanged) changedBooks.push(name);
    },
    report(seconds) {
      const sorted = Float64Array.from(latencies).sort();
      return {
        sales,
        matched,
        orders: latencies.length,
        rounded,
        confirmed,
        rejected,
        books,
        changedBooks,
        seconds,
        ordersPerSecond: latencies.length / seconds,
        p50Ms: percentile(sorted, 0.5),
        p99Ms: percentile(sorted, 0.99),
      };
    },
  };
}

/** Every sale matched at its price, and every book ends as it began. */
export function isClean(report: ReplayReport): boolean {
  return report.matched === report.sales && report.rejected.size === 0 && report.changedBooks.length === 0;
}

export function formatReport(report: ReplayReport): string {
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
  const lines = [
    `sales     ${whole(report.matched)} of ${whole(report.sales)} matched at their price`,
    `orders    ${whole(report.orders)} in ${report.seconds.toFixed(1)} s: ${whole(report.ordersPerSecond)} orders/s`,
    `latency   p50 ${report.p50Ms.toFixed(1)} ms, p99 ${report.p99Ms.toFixed(1)} ms`,
    `books     ${whole(report.books - report.changedBooks.length)} of ${whole(report.books)} end as they began`,
    `prices    ${whole(report.rounded)} rounded to cents, ${whole(report.confirmed)} orders confirmed past the collar`,
  ];
  for (const [reason, count] of [...report.rejected].sort(([, a], [, b]) => b - a)) {
    lines.push(`rejected  ${whole(count)}: ${reason}`);
  }
  for (const book of report.changedBooks.slice(0, LISTED_BOOKS)) lines.push(`changed   ${book}`);
  if (report.changedBooks.length > LISTED_BOOKS)
    lines.push(`changed   and ${report.changedBooks.length - LISTED_BOOKS} more`);
  return lines.join('\n');
}

/** The smallest value that at least `share` of the sorted values do not exceed; 0 of none. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
