/**
 * Public market data that this isolate answered moments ago, by URL. A crowd that looks at one book then asks the book
 * itself only a few times a second. A command that passes through this isolate drops what it holds of the book, so that
 * whoever trades sees their own effect.
 */
export interface MarketMemo {
  get(url: string, nowMs: number): string | null;
  /** How often the book was dropped: asked before a read and handed to `put` after it. */
  drops(bookKey: string): number;
  /** Keeps an answer, unless the book was dropped while it was on its way. */
  put(bookKey: string, url: string, answer: { body: string; drops: number }, nowMs: number): void;
  drop(bookKey: string): void;
}

/** Bounds what a crawler over many URLs can make an isolate hold. */
const MAX_URLS = 2_000;

export function createMarketMemo(memoMs: number): MarketMemo {
  const answers = new Map<string, { body: string; untilMs: number }>();
  const urlsOf = new Map<string, Set<string>>();
  const dropsOf = new Map<string, number>();
  const drops = (bookKey: string) => dropsOf.get(bookKey) ?? 0;
  return {
    get(url, nowMs) {
      const answer = answers.get(url);
      return answer !== undefined && answer.untilMs > nowMs ? answer.body : null;
    },
    drops,
    put(bookKey, url, { body, drops: before }, nowMs) {
      if (memoMs === 0 || drops(bookKey) !== before) return;
      if (answers.size >= MAX_URLS) {
        answers.clear();
        urlsOf.clear();
      }
      answers.set(url, { body, untilMs: nowMs + memoMs });
      const urls = urlsOf.get(bookKey) ?? new Set<string>();
      urlsOf.set(bookKey, urls.add(url));
    },
    drop(bookKey) {
      dropsOf.set(bookKey, drops(bookKey) + 1);
      const urls = urlsOf.get(bookKey);
      if (urls === undefined) return;
      for (const url of urls) answers.delete(url);
      urlsOf.delete(bookKey);
    },
  };
}
