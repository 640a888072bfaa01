import { z } from '@hono/zod-openapi';
import { problem } from './problem.ts';

export const DEFAULT_PAGE = 20;
export const MAX_PAGE = 100;

/** `?limit=&cursor=` of every list. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE),
  cursor: z.string().max(400).optional().meta({ description: 'next_cursor of the page before' }),
});

/** The list envelope: `{data, next_cursor}`; next_cursor is null on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}

/** Keyset cursors are the sort key and id of the last row, as opaque base64url JSON. */
export function encodeCursor(key: readonly (string | number | null)[]): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(key))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Parses a cursor against the shape of its key; a bad one is a 422 `invalid_cursor`, never a database error. */
export function decodeCursor<T extends z.ZodType>(cursor: string | undefined, shape: T): z.infer<T> | null {
  if (cursor === undefined) return null;
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    return shape.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw problem('invalid_cursor', 'The cursor is not one that this list gave; start again without it.');
  }
}
