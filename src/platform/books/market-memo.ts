/**
 * Public market data that this isolate answered moments ago, by URL. A crowd that looks at one book then asks the book
 * itself only a few times a second. A command that passes through this isolate drops what it holds of the book, so that
 * whoever trades sees their own effect.
 */
export interface MarketMemo {
  get(url: string, nowMs: number): string | null;
  put(bookKey: string, url: string, body: string, nowMs: number): void;
  drop(bookKey: string): void;
}

/** Bounds what a crawler over many URLs can make an isolate hold. */
const MAX_URLS = 2_000;

export function createMarketMemo(memoMs: number): MarketMemo {
  const answers = new Map<string, { body: string; untilMs: number }>();
  const urlsOf = new Map<string, Set<string>>();
  return {
    get(url, nowMs) {
      const answer = answers.get(url);
      return answer !== undefined && answer.untilMs > nowMs ? answer.body : null;
    },
    put(bookKey, url, body, nowMs) {
      if (memoMs === 0) return;
      if (answers.size >= MAX_URLS) {
        answers.clear();
        urlsOf.clear();
      }
      answers.set(url, { body, untilMs: nowMs + memoMs });
      const urls = urlsOf.get(bookKey) ?? new Set<string>();
      urlsOf.set(bookKey, urls.add(url));
    },
    drop(bookKey) {
      const urls = urlsOf.get(bookKey);
      if (urls === undefined) return;
      for (const url of urls) answers.delete(url);
      urlsOf.delete(bookKey);
    },
  };
}
