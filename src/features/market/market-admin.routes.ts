import { createRoute, z } from '@hono/zod-openapi';
import { keyOf, newId } from '../../domain/ids.ts';
import type { BookStatus } from '../../domain/market/order.ts';
import type { HistoricTrade } from '../../domain/market/record.ts';
import { mutation, permitted } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { readIdempotencyKey } from '../../http/idempotency.ts';
import { IDEMPOTENCY_KEY, json, jsonBody, problems } from '../../http/openapi.ts';
import { Problem, problem } from '../../http/problem.ts';
import { rawJson } from '../../http/raw-json.ts';
import { auditedActor, auditStatement } from '../audit/audit.statements.ts';
import { syncBooks } from '../catalog/book-config.ts';
import { type BookRulesRow, findBookRules, listSizeIds, updateBookRules } from './market.repository.ts';
import { BookParams, HistoryAnswer, HistoryBody, RulesAnswer, RulesBody } from './market.schemas.ts';

const TAGS = ['Administration'];
/** Books asked in one request of a rebuild. */
const BOOKS_PER_REBUILD = 200;

const rulesView = (row: BookRulesRow) => ({
  status: row.bookStatus,
  price_rule: row.priceRule,
  self_trade: row.selfTrade,
  collar_factor: row.collarFactor,
});

const BOOK_AUDITED_AS: Record<BookStatus, string> = {
  open: 'book_rules_changed',
  cancel_only: 'book_cancel_only',
  halted: 'book_halted',
};

export const marketAdminRoutes = createRoutes();

marketAdminRoutes.openapi(
  createRoute({
    ...permitted('market.manage'),
    method: 'post',
    path: '/admin/market/{product_id}/{size_id}/history',
    tags: TAGS,
    operationId: 'importHistory',
    summary: 'Import sales of the past with their recorded times',
    parameters: [IDEMPOTENCY_KEY],
    request: { params: BookParams, body: jsonBody(HistoryBody) },
    responses: {
      200: json(HistoryAnswer, 'How many were imported'),
      ...problems(400, 401, 403, 404, 413, 415),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { product_id, size_id } = c.req.valid('param');
    const bookKey = keyOf('siz', size_id);
    if (bookKey === null) throw problem('size_not_found', 'There is no such size.');
    const nowMs = deps.now();
    const trades = c.req
      .valid('json')
      .trades.map((trade): HistoricTrade => [Date.parse(trade.at), trade.price_cents, trade.quantity]);
    const future = trades.findIndex(([atMs]) => atMs > nowMs);
    if (future >= 0) {
      throw new Problem({
        code: 'validation_failed',
        detail: 'History lies in the past.',
        errors: [{ pointer: `/trades/${future}/at`, detail: 'Must not be in the future' }],
      });
    }
    const key = readIdempotencyKey(c.req.header('Idempotency-Key'));
    const answer = await deps.books.importHistory(bookKey, product_id, trades, {
      userId: callerIn(c).userId,
      keys: key === null ? [] : [`history ${key}`],
      correlationId: c.get('requestId'),
    });
    if (!answer.ok) throw new Problem(answer.failure);
    deps.memo.drop(bookKey);
    await auditStatement(
      deps.db,
      auditedActor(c),
      { action: 'history_imported', target: { type: 'book', id: size_id }, after: { trades: trades.length } },
      { id: newId('aud', deps.random), atMs: deps.now() },
    );
    return rawJson(answer.body, 200, answer.replayed ? { 'Idempotency-Replayed': 'true' } : {});
  },
);

marketAdminRoutes.openapi(
  createRoute({
    ...mutation(permitted('market.manage')),
    method: 'patch',
    path: '/admin/market/{product_id}/{size_id}',
    tags: TAGS,
    operationId: 'changeBookRules',
    summary: 'Change the rules of a book: halt it, its price rule, self-trade rule or collar',
    request: { params: BookParams, body: jsonBody(RulesBody) },
    responses: { 200: json(RulesAnswer, 'The rules in force'), ...problems(400, 401, 403, 404, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { product_id, size_id } = c.req.valid('param');
    const { status, price_rule, self_trade, collar_factor, reason } = c.req.valid('json');
    const before = await findBookRules(deps.db, product_id, size_id);
    if (before === null) throw problem('size_not_found', 'This product has no such size.');
    const changes: Partial<BookRulesRow> = {
      ...(status === undefined ? {} : { bookStatus: status }),
      ...(price_rule === undefined ? {} : { priceRule: price_rule }),
      ...(self_trade === undefined ? {} : { selfTrade: self_trade }),
      ...(collar_factor === undefined ? {} : { collarFactor: collar_factor }),
    };
    const row = await updateBookRules(deps.db, product_id, size_id, changes, deps.now(), [
      auditStatement(
        deps.db,
        auditedActor(c),
        {
          action: BOOK_AUDITED_AS[changes.bookStatus ?? before.bookStatus],
          target: { type: 'book', id: size_id },
          before: rulesView(before),
          after: rulesView({ ...before, ...changes }),
          reason: reason ?? null,
        },
        { id: newId('aud', deps.random), atMs: deps.now() },
      ),
    ]);
    await syncBooks(deps, [size_id]);
    deps.memo.drop(keyOf('siz', size_id) ?? '');
    deps.log.info('book_rules_changed', {
      user_id: callerIn(c).userId,
      size_id,
      request_id: c.get('requestId'),
    });
    return c.json({ size_id, ...rulesView(row) }, 200);
  },
);

marketAdminRoutes.openapi(
  createRoute({
    ...permitted('market.manage'),
    method: 'post',
    path: '/admin/projection/rebuild',
    tags: TAGS,
    operationId: 'rebuildProjection',
    summary: 'Send the journals of the books to the projection once more, a page of books at a time',
    request: {
      body: jsonBody(
        z.strictObject({ after: z.string().max(40).default('') }).meta({ id: 'RebuildProjection' }),
      ),
    },
    responses: {
      200: json(
        z
          .object({
            books: z.int(),
            next_after: z.string().nullable().meta({ description: 'Send it as `after` for the next page' }),
          })
          .meta({ id: 'RebuildProgress' }),
        'How many books were asked',
      ),
      ...problems(400, 401, 403, 413, 415),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { after } = c.req.valid('json');
    const ids = await listSizeIds(deps.db, after, BOOKS_PER_REBUILD);
    await auditStatement(
      deps.db,
      auditedActor(c),
      {
        action: 'projection_rebuilt',
        target: { type: 'projection', id: 'books' },
        after: { after, books: ids.length },
      },
      { id: newId('aud', deps.random), atMs: deps.now() },
    );
    await Promise.all(ids.map((id) => deps.books.replayJournal(keyOf('siz', id) ?? '')));
    return c.json(
      { books: ids.length, next_after: ids.length === BOOKS_PER_REBUILD ? (ids.at(-1) ?? null) : null },
      200,
    );
  },
);
