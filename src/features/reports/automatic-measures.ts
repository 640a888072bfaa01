/** What the reports of many do by themselves, until a moderator has looked; and how it is taken back. */
import { and, eq, isNull } from 'drizzle-orm';
import { isStale, isUniqueViolation } from '../../db/client.ts';
import { listingHistory } from '../../db/listings-schema.ts';
import { moderationActions } from '../../db/trust-schema.ts';
import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { LISTING_SYSTEM } from '../../domain/listings/listing.ts';
import { automaticMeasure, type ReportTarget } from '../../domain/trust/report.ts';
import type { Statement } from '../ledger/ledger.statements.ts';
import {
  type ListingRow,
  loadListings,
  removeListing,
  restoreListing,
} from '../listings/listing.statements.ts';
import { runStatements } from '../moderation/moderation.statements.ts';
import { suspendByHouse } from '../moderation/moderation.usecases.ts';
import { countReporters } from './reports.repository.ts';

const ATTEMPTS = 16;
const REASON = 'Reported by many people; a moderator will look at it';

/** Hides a listing or suspends a user whom enough people have reported. Done already, or not possible now: nothing. */
export async function takeAutomaticMeasure(
  deps: Deps,
  type: ReportTarget,
  id: string,
  correlationId: string,
): Promise<void> {
  if (type !== 'listing' && type !== 'user') return;
  const measure = automaticMeasure(type, await countReporters(deps.db, type, id));
  if (measure === 'hide_listing') await hideListing(deps, id, correlationId);
  if (measure === 'suspend_user') await suspendByHouse(deps, id, REASON);
}

async function hideListing(deps: Deps, id: string, correlationId: string): Promise<void> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const [row] = await loadListings(deps.db, [id]);
    if (!row) return;
    const removal = removeListing(deps.db, row, LISTING_SYSTEM, REASON, { atMs: deps.now(), correlationId });
    // Hidden already, gone, or promised to somebody: then its release asks again.
    if (!removal.ok) return;
    try {
      await runStatements(deps, removal.value);
      deps.log.info('listing_hidden_by_reports', { listing_id: id });
      return;
    } catch (error) {
      if (!isStale(error) && !isUniqueViolation(error)) throw error;
    }
  }
  throw new Error(`listing ${id} is changing too fast to be hidden`);
}

/** True when it was the house that took this listing out of sight. */
export async function isHiddenByHouse(deps: Deps, row: ListingRow): Promise<boolean> {
  if (row.status !== 'removed') return false;
  const [step] = await deps.db
    .select({ actorType: listingHistory.actorType })
    .from(listingHistory)
    .where(and(eq(listingHistory.listingId, row.id), eq(listingHistory.version, row.version)));
  return step?.actorType === 'system';
}

/** Statements that show a listing again which the house has hidden; none for any other. */
export async function unhideStatements(
  deps: Deps,
  row: ListingRow,
  moderatorId: string,
  note: string,
  correlationId: string,
): Promise<Statement[]> {
  if (!(await isHiddenByHouse(deps, row))) return [];
  const actor = { id: moderatorId, role: 'moderator' } as const;
  const restored = restoreListing(deps.db, row, actor, note, { atMs: deps.now(), correlationId });
  return restored.ok ? restored.value : [];
}

/** True when it was the house that suspended this user, and still does. */
export async function isSuspendedByHouse(deps: Deps, userId: string): Promise<boolean> {
  const [action] = await deps.db
    .select({ id: moderationActions.id })
    .from(moderationActions)
    .where(
      and(
        eq(moderationActions.userId, userId),
        eq(moderationActions.kind, 'suspend'),
        eq(moderationActions.actorId, LISTING_SYSTEM.id),
        isNull(moderationActions.liftedAt),
      ),
    )
    .limit(1);
  return action !== undefined;
}

async function onReport(deps: Deps, event: EventEnvelope): Promise<void> {
  const { target_type: type, target_id: id } = event.data as { target_type: ReportTarget; target_id: string };
  await takeAutomaticMeasure(deps, type, id, event.correlation_id);
}

/** A listing that was promised to somebody when it was reported is hidden once it is on sale again. */
async function onBackOnSale(deps: Deps, event: EventEnvelope): Promise<void> {
  const { listing_id: id } = event.data as { listing_id: string };
  await takeAutomaticMeasure(deps, 'listing', id, event.correlation_id);
}

export const AUTOMATIC_HANDLERS: DomainEventHandlers = {
  'report.created': onReport,
  'listing.released': onBackOnSale,
};
