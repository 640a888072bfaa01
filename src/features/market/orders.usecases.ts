import type { bookOrders } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { type Failure, failure } from '../../domain/errors.ts';
import { keyOf, parseSequencedId } from '../../domain/ids.ts';
import type { OrderState, Side } from '../../domain/market/order.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { BookCommand, CommandAnswer, CommandContext } from '../../platform/books/books.ts';
import { type AmendTerms, orderView } from '../../wire/orders.ts';
import { bookRefusal } from '../accounts/trading-rights.ts';
import { findOrder, type OrderRow } from './market.repository.ts';

/** How long a list waits for the caller's own last writes to be projected. */
const READ_BARRIER_MS = 3_000;

const ORDER_NOT_FOUND = failure('order_not_found', 'There is no such order, or it is not yours.');
const SIZE_NOT_FOUND = failure('size_not_found', 'There is no such size, or it is not yours to see.');

/** Who asks, with the request keys they gave: the Idempotency-Key header, the client id, or both. */
export interface Asker {
  userId: string;
  idempotencyKey: string | null;
  requestId: string;
}

function contextOf(asker: Asker, op: string, clientId: string | undefined): CommandContext {
  const keys = new Set(
    [asker.idempotencyKey, clientId ?? null].filter((key) => key !== null).map((key) => `${op} ${key}`),
  );
  return { userId: asker.userId, keys: [...keys], correlationId: asker.requestId };
}

async function run(
  deps: Deps,
  bookKey: string,
  command: BookCommand,
  context: CommandContext,
): Promise<CommandAnswer> {
  const answer = await deps.books.execute(bookKey, command, context);
  if (answer.ok) {
    deps.writes.note(context.userId, bookKey, answer.seq, deps.now());
    deps.memo.drop(bookKey);
  }
  return answer;
}

type PlaceInput = { product_id: string; size_id: string; client_id?: string | undefined } & Extract<
  BookCommand,
  { op: 'place' }
>['terms'];

/** Places a bid or an ask. The book itself knows whether product and size exist: no database is asked. */
export async function placeOrder(
  deps: Deps,
  side: Side,
  input: PlaceInput,
  asker: Asker,
): Promise<CommandAnswer> {
  const { product_id, size_id, ...terms } = input;
  const bookKey = keyOf('siz', size_id);
  if (bookKey === null) return refused(SIZE_NOT_FOUND);
  const refusal = bookRefusal(deps, side, asker.userId);
  if (refusal !== null) return refused(refusal);
  return run(
    deps,
    bookKey,
    { op: 'place', side, productId: product_id, terms },
    contextOf(asker, 'place', terms.client_id),
  );
}

/** Buys at the lowest ask or sells at the highest bid, at once or not at all. */
export async function takeBest(
  deps: Deps,
  side: Side,
  book: { productId: string; sizeId: string },
  input: { quantity: number; limit_price_cents?: number | undefined; client_id?: string | undefined },
  asker: Asker,
): Promise<CommandAnswer> {
  const bookKey = keyOf('siz', book.sizeId);
  if (bookKey === null) return refused(SIZE_NOT_FOUND);
  const refusal = bookRefusal(deps, side, asker.userId);
  if (refusal !== null) return refused(refusal);
  const command: BookCommand = {
    op: 'take',
    side,
    productId: book.productId,
    quantity: input.quantity,
    limitCents: input.limit_price_cents ?? null,
    clientId: input.client_id ?? null,
  };
  return run(deps, bookKey, command, contextOf(asker, 'place', input.client_id));
}

export async function amendOrder(
  deps: Deps,
  side: Side,
  id: string,
  terms: AmendTerms,
  asker: Asker,
): Promise<CommandAnswer> {
  const refusal = bookRefusal(deps, side, asker.userId);
  if (refusal !== null) return refused(refusal);
  return onOpenOrder(deps, side, id, asker, (seq) => ({ op: 'amend', side, seq, terms }));
}

export function cancelOrder(deps: Deps, side: Side, id: string, asker: Asker): Promise<CommandAnswer> {
  return onOpenOrder(deps, side, id, asker, (seq) => ({ op: 'cancel', side, seq }));
}

async function onOpenOrder(
  deps: Deps,
  side: Side,
  id: string,
  asker: Asker,
  toCommand: (seq: number) => BookCommand,
): Promise<CommandAnswer> {
  const named = parseSequencedId(side, id);
  if (named === null) return refused(ORDER_NOT_FOUND);
  const command = toCommand(named.sequence);
  const answer = await run(deps, named.bookKey, command, contextOf(asker, command.op, undefined));
  if (answer.ok || (answer.failure.code !== 'not_resting' && answer.failure.code !== 'size_not_found'))
    return answer;
  // Closed, somebody else's, or never there: only the owner may learn which.
  const known = await readOrder(deps, side, id, asker.userId);
  return known.ok ? answer : refused(ORDER_NOT_FOUND);
}

/** One's own order: from the book while it is open or just closed, from the projection after that. */
export async function readOrder(
  deps: Deps,
  side: Side,
  id: string,
  userId: string,
): Promise<Result<string, Failure>> {
  const named = parseSequencedId(side, id);
  if (named === null) return err(ORDER_NOT_FOUND);
  const live = await deps.books.readOrder(named.bookKey, side, named.sequence, userId);
  if (live.ok) return ok(live.body);
  if (live.reason === 'not_yours') return err(ORDER_NOT_FOUND);
  const row = await findOrder(deps.db, id, userId);
  return row ? ok(JSON.stringify(projectedOrderView(row))) : err(ORDER_NOT_FOUND);
}

/** Waits until the projection holds the caller's own last writes, so that a list shows what they just did. */
export async function awaitOwnWrites(deps: Deps, userId: string): Promise<void> {
  const writes = deps.writes.of(userId, deps.now());
  await Promise.all(
    writes.map(({ bookKey, seq }) => deps.books.whenProjected(bookKey, seq, READ_BARRIER_MS)),
  );
}

/** The state of an order as its projected row has it. */
export function projectedOrder(row: typeof bookOrders.$inferSelect): OrderState {
  return {
    seq: row.seq,
    prioritySeq: row.prioritySeq ?? row.seq,
    side: row.side,
    userId: row.userId,
    clientId: row.clientId,
    priceCents: row.priceCents,
    quantity: row.quantity,
    filled: row.filled,
    timeInForce: row.timeInForce,
    postOnly: row.postOnly,
    expiresAtMs: row.expiresAt,
    createdAtMs: row.createdAt,
    updatedAtMs: row.updatedAt,
    status: row.status,
    closeReason: row.closeReason,
    relinks: row.relinks,
    version: row.version,
  };
}

export function projectedOrderView(row: OrderRow) {
  return orderView(projectedOrder(row), {
    bookKey: keyOf('siz', row.sizeId) ?? '',
    sizeId: row.sizeId,
    productId: row.productId,
    currency: row.currency,
  });
}

const refused = (value: Failure): CommandAnswer => ({ ok: false, failure: value });
