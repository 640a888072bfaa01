import type { DomainEventHandlers } from '../../deps.ts';
import { pauseListingsOf } from './seller-listings.usecases.ts';

/**
 * What listings do about what happens elsewhere. How they follow the order of an offer is written by the offer, in the
 * batches that move it.
 */
export const LISTING_HANDLERS: DomainEventHandlers = {
  /** Nobody is left to sell what an account that was deleted had on sale. */
  'account.deleted': async (deps, event) => {
    const { user_id: userId } = event.data as { user_id: string };
    await pauseListingsOf(deps, userId, event.correlation_id);
  },
};
