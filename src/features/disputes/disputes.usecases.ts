import { z } from 'zod';
import { isStale } from '../../db/client.ts';
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import {
  allowedDisputeActions,
  CLOSES_AFTER_MS,
  type DisputeAction,
  type DisputePriority,
  type DisputeRole,
  type DisputeStatus,
  nextDisputeStatus,
  spanOfPriority,
} from '../../domain/trust/dispute.ts';
import { permissionsOf } from '../../http/auth.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import { withFreshOrder } from '../orders/order-steps.ts';
import { act } from '../orders/orders.usecases.ts';
import { type DisputeRow, disputeEvent } from './dispute.statements.ts';
import {
  changeDisputeStatements,
  closableIds,
  countEntries,
  type EntryRow,
  entryStatements,
  findDispute,
  listEntries,
  listOfParty,
  listQueue,
} from './disputes.repository.ts';

const ATTEMPTS = 8;
const CLOSED_PER_RUN = 100;
/** Words and pictures of one person in one dispute. */
export const MAX_ENTRIES_PER_AUTHOR = 50;

const disputeNotFound = () => problem('dispute_not_found', 'There is no such dispute, or it is not yours.');
const notOpen = (status: DisputeStatus) =>
  problem('invalid_transition', `The dispute is ${status}.`, { dispute_status: status });

/** A dispute with what this caller is to it and can do to it. */
export interface DisputeOfCaller {
  row: DisputeRow;
  role: DisputeRole;
  allowedActions: DisputeAction[];
}

function roleOf(row: DisputeRow, userId: string, permissions: readonly string[]): DisputeRole | null {
  if (userId === row.buyerId) return 'buyer';
  if (userId === row.sellerId) return 'seller';
  return permissions.includes('disputes.manage') ? 'staff' : null;
}

/** What waits for the seller waits for the seller alone: the buyer is asked after that. */
function actionsOn(row: DisputeRow, role: DisputeRole): DisputeAction[] {
  const waits = row.status === 'awaiting_seller';
  return allowedDisputeActions(row.status, role).filter(
    (action) => !(waits && (action === 'ask_buyer' || action === 'return_first' || action === 'ask_seller')),
  );
}

/** The dispute as its order stands now: reading the order first lets fall due what is due. */
export async function getDispute(deps: Deps, disputeId: string, caller: Caller): Promise<DisputeOfCaller> {
  const read = await findDispute(deps.db, disputeId);
  if (read === null) throw disputeNotFound();
  const isParty = caller.userId === read.buyerId || caller.userId === read.sellerId;
  const role = roleOf(read, caller.userId, isParty ? [] : await permissionsOf(deps.db, caller.userId));
  if (role === null) throw disputeNotFound();
  if (!read.isOpen) return { row: read, role, allowedActions: actionsOn(read, role) };
  await withFreshOrder(deps, read.orderId, async () => null);
  const row = (await findDispute(deps.db, disputeId)) ?? read;
  return { row, role, allowedActions: actionsOn(row, role) };
}

const PartyCursor = z.tuple([z.number().int(), z.string()]);
interface Page {
  limit: number;
  cursor?: string | undefined;
}

export async function listMyDisputes(
  deps: Deps,
  userId: string,
  role: 'buyer' | 'seller' | undefined,
  page: Page,
): Promise<{ disputes: DisputeOfCaller[]; nextCursor: string | null }> {
  const position = decodeCursor(page.cursor, PartyCursor);
  const rows = await listOfParty(deps.db, userId, role, position, page.limit + 1);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    disputes: shown.map((row) => {
      const mine = roleOf(row, userId, [])!;
      return { row, role: mine, allowedActions: actionsOn(row, mine) };
    }),
    nextCursor: rows.length > page.limit && last ? encodeCursor([last.openedAt, last.id]) : null,
  };
}

export async function listDisputes(
  deps: Deps,
  filter: {
    status?: DisputeStatus | undefined;
    priority?: DisputePriority | undefined;
    assigneeId?: string | undefined;
  },
  page: Page,
): Promise<{ disputes: DisputeOfCaller[]; nextCursor: string | null }> {
  const { status, assigneeId, priority } = filter;
  const rows = await listQueue(
    deps.db,
    { status, assigneeId, span: priority === undefined ? null : spanOfPriority(priority, deps.now()) },
    decodeCursor(page.cursor, PartyCursor),
    page.limit + 1,
  );
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    disputes: shown.map((row) => ({ row, role: 'staff', allowedActions: actionsOn(row, 'staff') })),
    nextCursor: rows.length > page.limit && last ? encodeCursor([last.queuedFrom, last.id]) : null,
  };
}

export async function listThread(
  deps: Deps,
  disputeId: string,
  caller: Caller,
  page: Page,
): Promise<{ entries: EntryRow[]; nextCursor: string | null }> {
  await getDispute(deps, disputeId, caller);
  const position = decodeCursor(page.cursor, PartyCursor);
  const rows = await listEntries(deps.db, disputeId, position, page.limit + 1);
  const entries = rows.slice(0, page.limit);
  const last = entries.at(-1);
  return {
    entries,
    nextCursor: rows.length > page.limit && last ? encodeCursor([last.createdAt, last.id]) : null,
  };
}

export interface Picture {
  hash: string;
  widths: number[];
}

function entryOf(
  deps: Deps,
  row: DisputeRow,
  author: { id: string; role: DisputeRole },
  body: string,
  pictures: readonly Picture[],
): EntryRow {
  return {
    id: newId('dse', deps.random),
    disputeId: row.id,
    authorId: author.id,
    authorRole: author.role,
    body,
    pictures: JSON.stringify(pictures),
    createdAt: deps.now(),
  };
}

/** Refuses more evidence than anybody can read, and any once the dispute is decided. */
export async function assertMayWrite(deps: Deps, { row }: DisputeOfCaller, authorId: string): Promise<void> {
  if (!row.isOpen) throw notOpen(row.status);
  if ((await countEntries(deps.db, row.id, authorId)) >= MAX_ENTRIES_PER_AUTHOR)
    throw problem(
      'too_many_images',
      `A dispute takes at most ${MAX_ENTRIES_PER_AUTHOR} entries of each person.`,
    );
}

async function run(deps: Deps, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  if (first) await deps.db.batch([first, ...rest]);
}

/** Adds a word or a picture to the thread, for both parties and staff to see. */
export async function addEntry(
  deps: Deps,
  disputeId: string,
  caller: Caller,
  evidence: { body: string; pictures: readonly Picture[] },
): Promise<EntryRow> {
  const dispute = await getDispute(deps, disputeId, caller);
  await assertMayWrite(deps, dispute, caller.userId);
  const author = { id: caller.userId, role: dispute.role };
  const entry = entryOf(deps, dispute.row, author, evidence.body, evidence.pictures);
  const event = disputeEvent('dispute.updated', dispute.row, dispute.row, {
    suffix: `entry:${entry.id}`,
    seq: dispute.row.version,
    atMs: entry.createdAt,
    correlationId: dispute.row.orderId,
    actorId: caller.userId,
  });
  try {
    await run(deps, [...entryStatements(deps.db, entry), outboxStatement(deps.db, [event], entry.createdAt)]);
  } catch (error) {
    if (isStale(error)) throw notOpen('resolved');
    throw error;
  }
  await deps.outbox.drain();
  return entry;
}

/** Changes a dispute by its own machine; again from the read when somebody else was faster. */
async function change(
  deps: Deps,
  disputeId: string,
  caller: Caller,
  action: DisputeAction,
  next: (dispute: DisputeOfCaller) => { changes: Partial<DisputeRow>; more: Statement[] },
): Promise<DisputeOfCaller> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const dispute = await getDispute(deps, disputeId, caller);
    const { row, role } = dispute;
    const status = nextDisputeStatus(row.status, action, role);
    if (!status.ok && status.error === 'forbidden')
      throw problem('forbidden', `A ${role} does not ${action.replaceAll('_', ' ')} a dispute.`);
    if (!status.ok || !dispute.allowedActions.includes(action)) throw notOpen(row.status);
    const { changes, more } = next(dispute);
    const nowMs = deps.now();
    const after = { ...row, ...changes, status: status.value, updatedAt: nowMs };
    const event = disputeEvent('dispute.updated', row, after, {
      suffix: `v${row.version + 1}`,
      seq: row.version + 1,
      atMs: nowMs,
      correlationId: row.orderId,
      actorId: caller.userId,
    });
    try {
      await run(deps, [
        ...changeDisputeStatements(deps.db, row, { ...changes, status: status.value, updatedAt: nowMs }),
        ...more,
        outboxStatement(deps.db, [event], nowMs),
      ]);
      await deps.outbox.drain();
      return getDispute(deps, disputeId, caller);
    } catch (error) {
      if (!isStale(error)) throw error;
    }
  }
  throw problem('unavailable', 'This dispute is changing too fast; try again.');
}

const facts = ({ status, assigneeId, outcome }: Partial<DisputeRow>) => ({
  status,
  assignee_id: assigneeId,
  outcome,
});

const audited = (
  deps: Deps,
  actor: AuditedActor,
  row: DisputeRow,
  action: string,
  after: Record<string, unknown>,
  reason: string | null,
): Statement =>
  auditStatement(
    deps.db,
    actor,
    { action, target: { type: 'dispute', id: row.id }, before: facts(row), after, reason },
    { id: newId('aud', deps.random), atMs: deps.now() },
  );

/** Staff take a dispute on, or take it over. */
export const assignDispute = (
  deps: Deps,
  disputeId: string,
  takeOver: boolean,
  caller: Caller,
  actor: AuditedActor,
): Promise<DisputeOfCaller> =>
  change(deps, disputeId, caller, 'assign', ({ row }) => {
    if (row.assigneeId !== null && row.assigneeId !== caller.userId && !takeOver)
      throw problem('invalid_transition', 'Somebody else has this dispute; take it over on purpose.');
    const changes = { assigneeId: caller.userId };
    return {
      changes,
      more: [audited(deps, actor, row, 'dispute_assigned', { assignee_id: caller.userId }, null)],
    };
  });

/** Staff ask the buyer something, or to send the goods back first: then the buyer's answer is awaited. */
export const askBuyer = (
  deps: Deps,
  disputeId: string,
  action: Extract<DisputeAction, 'ask_buyer' | 'return_first'>,
  note: string,
  caller: Caller,
  actor: AuditedActor,
): Promise<DisputeOfCaller> =>
  change(deps, disputeId, caller, action, ({ row, role }) => ({
    changes: action === 'return_first' ? { outcome: 'return_first', note } : {},
    more: [
      ...entryStatements(deps.db, entryOf(deps, row, { id: caller.userId, role }, note, [])),
      audited(deps, actor, row, `dispute_${action}`, { status: 'awaiting_buyer' }, note),
    ],
  }));

/** Staff ask the seller, who has 3 days: the order's own clock sees to that. */
export async function askSeller(
  deps: Deps,
  disputeId: string,
  note: string,
  caller: Caller,
  actor: AuditedActor,
): Promise<DisputeOfCaller> {
  const { row, role, allowedActions } = await getDispute(deps, disputeId, caller);
  if (role !== 'staff') throw problem('forbidden', 'Staff ask; nobody decides about their own order.');
  if (!allowedActions.includes('ask_seller')) throw notOpen(row.status);
  const entry = entryOf(deps, row, { id: caller.userId, role }, note, []);
  await onOrder(deps, () =>
    act(
      deps,
      row.orderId,
      'ask-seller',
      caller,
      {},
      {
        audited: actor,
        more: entryStatements(deps.db, entry),
      },
    ),
  );
  return getDispute(deps, disputeId, caller);
}

/** The side that was asked answers: the seller through the order, whose clock stops, the buyer here. */
export async function answerDispute(
  deps: Deps,
  disputeId: string,
  body: string,
  caller: Caller,
): Promise<DisputeOfCaller> {
  const { row, role } = await getDispute(deps, disputeId, caller);
  const entry = entryOf(deps, row, { id: caller.userId, role }, body, []);
  if (role === 'seller') {
    if (row.status !== 'awaiting_seller') throw notOpen(row.status);
    const more = entryStatements(deps.db, entry);
    await onOrder(deps, () => act(deps, row.orderId, 'answer-dispute', caller, { reason: body }, { more }));
    return getDispute(deps, disputeId, caller);
  }
  if (role !== 'buyer') throw problem('forbidden', 'The sides of a dispute answer.');
  return change(deps, disputeId, caller, 'answer_as_buyer', () => ({
    changes: {},
    more: entryStatements(deps.db, entry),
  }));
}

export interface Resolution {
  outcome: 'refund_full' | 'refund_partial' | 'release';
  refundCents: number | null;
  note: string;
}

const ORDER_OUTCOME = { refund_full: 'refund', refund_partial: 'partial', release: 'release' } as const;

/**
 * Staff decide. The order carries it out: its state, the money, the dispute and the audit log change in one batch, so that
 * of two decisions at one moment exactly one is taken, and the other hears that there is nothing left to decide.
 */
export async function resolveDispute(
  deps: Deps,
  disputeId: string,
  { outcome, refundCents, note }: Resolution,
  caller: Caller,
  actor: AuditedActor,
): Promise<DisputeOfCaller> {
  const { row, role } = await getDispute(deps, disputeId, caller);
  if (role !== 'staff') throw problem('forbidden', 'Nobody decides about their own order.');
  if (!row.isOpen) throw notOpen(row.status);
  await onOrder(deps, () =>
    act(
      deps,
      row.orderId,
      'resolve',
      caller,
      { outcome: ORDER_OUTCOME[outcome], reason: note, ...(refundCents === null ? {} : { refundCents }) },
      {
        audited: actor,
        more: [
          audited(
            deps,
            actor,
            row,
            'dispute_resolved',
            { status: 'resolved', outcome, refund_cents: refundCents },
            note,
          ),
        ],
      },
    ),
  );
  return getDispute(deps, disputeId, caller);
}

/** Runs an action of the order. Evidence that comes too late is refused by the thread, not by the order. */
async function onOrder(deps: Deps, run: () => Promise<unknown>): Promise<void> {
  await run();
  await deps.outbox.drain();
}

export const closeDispute = (
  deps: Deps,
  disputeId: string,
  caller: Caller,
  actor: AuditedActor,
): Promise<DisputeOfCaller> =>
  change(deps, disputeId, caller, 'close', ({ row }) => ({
    changes: { closedAt: deps.now() },
    more: [audited(deps, actor, row, 'dispute_closed', { status: 'closed' }, null)],
  }));

/** Resolved disputes that nobody touched for two weeks are closed. */
export async function closeResolvedDisputes(deps: Deps): Promise<number> {
  const nowMs = deps.now();
  let closed = 0;
  for (const id of await closableIds(deps.db, nowMs - CLOSES_AFTER_MS, CLOSED_PER_RUN)) {
    const row = await findDispute(deps.db, id);
    if (row?.status !== 'resolved') continue;
    try {
      const changes = { status: 'closed', closedAt: nowMs, updatedAt: nowMs } as const;
      await run(deps, changeDisputeStatements(deps.db, row, changes));
      closed += 1;
    } catch (error) {
      if (!isStale(error)) throw error;
    }
  }
  return closed;
}
