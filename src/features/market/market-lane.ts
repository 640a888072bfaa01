import type { Deps } from '../../deps.ts';
import { countRequest } from '../../http/request-context.ts';
import { jsonAnswer } from '../../http/standard-headers.ts';

const MARKET_PATH = /^https?:\/\/[^/]+\/api\/v1\/market\/(prd_[0-9a-z]{16})\/siz_([0-9a-z]{16})$/;

/**
 * The short way of the most asked question, `GET /market/{product}/{size}`: from the book to the answer, without the
 * router's way there. Null when it is another request, or one that the route had better refuse.
 */
export function marketLane(deps: Deps, request: Request): Promise<Response | null> | null {
  if (request.method !== 'GET') return null;
  const path = MARKET_PATH.exec(request.url);
  return path === null ? null : readMarket(deps, request, path[1]!, path[2]!);
}

async function readMarket(
  deps: Deps,
  request: Request,
  productId: string,
  bookKey: string,
): Promise<Response | null> {
  try {
    countRequest(deps, request.headers, 'read', deps.config.RATE_READS_PER_ADDRESS);
    const drops = deps.memo.drops(bookKey);
    const answer = await deps.books.read(bookKey, productId, { view: 'market' });
    if (!answer.ok) return null;
    deps.memo.put(bookKey, request.url, { body: answer.body, drops }, deps.now());
    return jsonAnswer(answer.body);
  } catch {
    // Too many requests, or a book out of reach: the route says so.
    return null;
  }
}
