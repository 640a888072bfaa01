import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { listingActor } from '../../domain/listings/listing.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem, problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { commit, withFreshListing } from './fresh-listing.ts';
import { removeListing, restoreListing } from './listing.statements.ts';
import { getListing, type ViewedListing } from './listings.usecases.ts';

/** A moderator takes a listing out of sight, or puts it back to where it was; audited with the reason its owner reads. */
export async function moderateListing(
  deps: Deps,
  id: string,
  caller: Caller,
  action: 'remove' | 'restore',
  reason: string,
  audited: AuditedActor,
): Promise<ViewedListing> {
  const correlationId = audited.requestId ?? id;
  await withFreshListing(
    deps,
    id,
    correlationId,
    () => true,
    async (row) => {
      const actor = listingActor(row, { id: caller.userId, isModerator: true });
      if (actor?.role !== 'moderator')
        throw problem('forbidden', 'Your own listings are moderated by somebody else.');
      const occasion = { atMs: deps.now(), correlationId };
      const change = action === 'remove' ? removeListing : restoreListing;
      const statements = change(deps.db, row, actor, reason, occasion);
      if (!statements.ok) throw new Problem(statements.error);
      await commit(deps, [
        ...statements.value,
        auditStatement(
          deps.db,
          audited,
          {
            action: action === 'remove' ? 'listing_removed' : 'listing_restored',
            target: { type: 'listing', id },
            before: { status: row.status },
            after: { status: action === 'remove' ? 'removed' : row.removedFrom },
            reason,
          },
          { id: newId('aud', deps.random), atMs: occasion.atMs },
        ),
      ]);
    },
  );
  await deps.outbox.drain();
  return getListing(deps, id, caller);
}
