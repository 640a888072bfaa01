import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { findAll, type OversightFilter } from './listing-search.repository.ts';
import type { ListingPage } from './listing-search.usecases.ts';

const Cursor = z.tuple([z.number().int(), z.number().int()]);

/** The listings of everybody in every state, newest first, for staff. */
export async function listAllListings(
  deps: Deps,
  filter: OversightFilter,
  page: { limit: number; cursor?: string | undefined },
): Promise<ListingPage> {
  const found = await findAll(deps.db, filter, decodeCursor(page.cursor, Cursor), page.limit + 1);
  const rows = found.slice(0, page.limit);
  const last = rows.at(-1);
  return {
    rows,
    nextCursor: found.length > page.limit && last ? encodeCursor([last.key, last.listing.row]) : null,
  };
}
