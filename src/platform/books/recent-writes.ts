/**
 * The last commands of each user in this isolate. Lists of one's own orders and matches come from the projection, which
 * follows the books by about a second; a list waits until it holds the caller's own last writes.
 */
export interface RecentWrites {
  note(userId: string, bookKey: string, seq: number, nowMs: number): void;
  /** The user's writes that the projection may not hold yet, newest command of each book. */
  of(userId: string, nowMs: number): { bookKey: string; seq: number }[];
}

/** After this long the projection has caught up, or waiting would not help. */
const REMEMBERED_MS = 15_000;
const MAX_USERS = 5_000;
/** Books that one list waits for. */
const MAX_BOOKS = 20;

export function createRecentWrites(): RecentWrites {
  const users = new Map<string, Map<string, { seq: number; atMs: number }>>();
  return {
    note(userId, bookKey, seq, nowMs) {
      const books = users.get(userId) ?? new Map<string, { seq: number; atMs: number }>();
      users.delete(userId);
      if (users.size >= MAX_USERS) users.delete(users.keys().next().value!);
      users.set(userId, books);
      const known = books.get(bookKey);
      books.delete(bookKey);
      if (books.size >= MAX_BOOKS) books.delete(books.keys().next().value!);
      books.set(bookKey, { seq: Math.max(seq, known?.seq ?? 0), atMs: nowMs });
    },
    of(userId, nowMs) {
      const books = users.get(userId);
      if (books === undefined) return [];
      return [...books]
        .filter(([, { atMs }]) => nowMs - atMs <= REMEMBERED_MS)
        .map(([bookKey, { seq }]) => ({ bookKey, seq }));
    },
  };
}
