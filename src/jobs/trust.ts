import type { Deps } from '../deps.ts';
import { publishReviews } from '../features/reviews/reviews.usecases.ts';

/** What time does to reviews, disputes and measures; one that fails leaves the others alone and comes again. */
const TRUST_JOBS: Record<string, (deps: Deps) => Promise<unknown>> = {
  reviews: publishReviews,
};

export async function runTrustJobs(deps: Deps): Promise<void> {
  for (const [job, run] of Object.entries(TRUST_JOBS)) {
    try {
      await run(deps);
    } catch (error) {
      deps.log.error('trust_job_failed', { job, error: String(error) });
    }
  }
}
