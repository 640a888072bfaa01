import type { Context } from 'hono';
import { keyOf } from '../../domain/ids.ts';
import type { AppEnv } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { readUpgrade } from '../accounts/socket-upgrade.ts';

/** Opens the socket of a book, for anybody. */
export async function openSocket(
  c: Context<AppEnv>,
  book: { product_id: string; size_id: string },
  ticket: string | undefined,
): Promise<Response> {
  const bookKey = keyOf('siz', book.size_id);
  const upgrade = await readUpgrade(c, ticket);
  if (bookKey === null) throw problem('size_not_found', 'There is no such size.');
  const response = await c
    .get('deps')
    .books.connect(bookKey, upgrade.forwardTo(`https://book/${book.product_id}`));
  if (response.status === 404)
    throw problem('size_not_found', 'There is no such size, or it is not yours to see.');
  if (response.status === 503)
    throw problem('unavailable', 'This book has as many watchers as it can take. Try again later.');
  return response;
}
