import type { Deps, DomainEventHandlers } from '../deps.ts';
import { DISPUTE_HANDLERS } from '../features/disputes/disputes.events.ts';
import { closeResolvedDisputes } from '../features/disputes/disputes.usecases.ts';
import {
  liftExpiredSuspensions,
  MODERATION_HANDLERS,
  repeatRecentMeasures,
} from '../features/moderation/moderation.effects.ts';
import { REPORT_HANDLERS } from '../features/reports/reports.events.ts';
import { REVIEW_HANDLERS } from '../features/reviews/reviews.events.ts';
import { publishReviews } from '../features/reviews/reviews.usecases.ts';

/** What the features of trust do about events. */
export const TRUST_HANDLERS: readonly DomainEventHandlers[] = [
  REVIEW_HANDLERS,
  MODERATION_HANDLERS,
  REPORT_HANDLERS,
  DISPUTE_HANDLERS,
];

/** What time does to reviews, disputes and measures. */
export const TRUST_JOBS: Record<string, (deps: Deps) => Promise<unknown>> = {
  reviews: (deps) => publishReviews(deps),
  disputes: closeResolvedDisputes,
  suspensions: liftExpiredSuspensions,
  measures: repeatRecentMeasures,
};
