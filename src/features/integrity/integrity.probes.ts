/** The checks of reconciliation that ask somebody else than the database: the books, and the payment processor. */
import { and, asc, eq, gt, inArray, lt, notExists, sql } from 'drizzle-orm';
import { payments, refunds } from '../../db/payments-schema.ts';
import { sizes } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { keyOf } from '../../domain/ids.ts';
import type { CheckResult, Finding } from '../../domain/integrity/findings.ts';
import { MINUTE_MS, SECOND_MS } from '../../domain/time.ts';

/** A page of results, and where the next one begins: empty when the round is over. */
export interface ProbePage {
  results: CheckResult[];
  through: string;
}

const PROJECTION_LIMIT_MS = 5 * MINUTE_MS;
const ALARM_LIMIT_MS = MINUTE_MS;

/** Asks a page of books how far they are behind, and wakes those that are late. */
export async function probeBooks(deps: Deps, afterSizeId: string, limit: number): Promise<ProbePage> {
  const page = await deps.db
    .select({ id: sizes.id })
    .from(sizes)
    .where(and(gt(sizes.id, afterSizeId), gt(sizes.configSynced, 0)))
    .orderBy(asc(sizes.id))
    .limit(limit);
  const asked = await Promise.all(page.map(({ id }) => probeBook(deps, id)));
  const findings = asked.flat();
  return {
    results: [{ name: 'books_are_projected_in_time', kind: 'backlog', findings }],
    through: page.length < limit ? '' : page.at(-1)!.id,
  };
}

async function probeBook(deps: Deps, sizeId: string): Promise<Finding[]> {
  const bookKey = keyOf('siz', sizeId);
  if (bookKey === null) return [];
  try {
    const pulse = await deps.books.pulse(bookKey);
    if (pulse === null) return [];
    const { projectionLateMs, alarmLateMs } = pulse;
    const late: Finding[] = [];
    if (projectionLateMs > PROJECTION_LIMIT_MS)
      late.push(lateness(`${sizeId} projection`, PROJECTION_LIMIT_MS, projectionLateMs));
    if (alarmLateMs > ALARM_LIMIT_MS) late.push(lateness(`${sizeId} alarm`, ALARM_LIMIT_MS, alarmLateMs));
    if (late.length > 0) await deps.books.poke(bookKey);
    return late;
  } catch (error) {
    deps.log.warn('book_pulse_failed', { size_id: sizeId, error: String(error) });
    return [{ subject: `${sizeId} answer`, expected: 'an answer', found: null }];
  }
}

const lateness = (subject: string, limitMs: number, foundMs: number): Finding => ({
  subject,
  expected: limitMs / SECOND_MS,
  found: Math.floor(foundMs / SECOND_MS),
});

/** A payment that changed so recently may be changing at the processor right now. */
const QUIET_MS = 10 * MINUTE_MS;
const NAME = 'processor_charges_agree';

/**
 * Compares a page of captured card payments with what the processor has of them. Payments with a refund that is still
 * on its way are left for another round, and so is what the processor does not answer for.
 */
export async function probeProcessor(deps: Deps, afterPaymentId: string, limit: number): Promise<ProbePage> {
  const onItsWay = deps.db
    .select({ one: sql`1` })
    .from(refunds)
    .where(and(eq(refunds.paymentId, payments.id), sql`${refunds.status} <> 'succeeded'`));
  const page = await deps.db
    .select()
    .from(payments)
    .where(
      and(
        gt(payments.id, afterPaymentId),
        eq(payments.source, 'card'),
        inArray(payments.status, ['succeeded', 'partially_refunded', 'refunded']),
        lt(payments.updatedAt, deps.now() - QUIET_MS),
        notExists(onItsWay),
      ),
    )
    .orderBy(asc(payments.id))
    .limit(limit);
  const findings: Finding[] = [];
  for (const payment of page) {
    const found = await deps.payments.retrieve(payment.processorPaymentId ?? '');
    if (found.kind === 'timeout' || found.kind === 'unavailable' || found.kind === 'unknown') break;
    const ours = `succeeded ${payment.amountCents} ${payment.currency} ${payment.refundedCents}`;
    const theirs =
      'value' in found && found.value !== null
        ? `${found.value.status} ${found.value.amountCents} ${found.value.currency} ${found.value.refundedCents}`
        : found.kind;
    if (ours !== theirs) findings.push({ subject: payment.id, expected: ours, found: theirs });
  }
  return {
    results: [{ name: NAME, kind: 'money', findings }],
    through: page.length < limit ? '' : page.at(-1)!.id,
  };
}
