import { DAY_MS, MINUTE_MS } from '../../domain/time.ts';

/** Attempts without a success, for one account from one place, before that place has to wait. */
export const MAX_LOGIN_ATTEMPTS = 10;
/** The first wait; each one that follows is twice as long, up to sixteen hours. */
export const LOGIN_WINDOW_MS = 15 * MINUTE_MS;
export const MAX_WINDOW_DOUBLINGS = 6;
/** A place that has been quiet for so long begins anew. */
export const ATTEMPTS_FORGOTTEN_MS = DAY_MS;
