/** Hours and days, UTC, as figures are gathered by. */
import { DAY_MS, HOUR_MS } from '../time.ts';

export const GRAINS = ['hour', 'day'] as const;
export type Grain = (typeof GRAINS)[number];

export const GRAIN_MS: Readonly<Record<Grain, number>> = { hour: HOUR_MS, day: DAY_MS };

export const startOf = (grain: Grain, atMs: number): number => atMs - (atMs % GRAIN_MS[grain]);

/** Figures of a running hour are brought up to date this often. */
export const REFRESH_MS = 10 * 60_000;
/** After a longer silence the newest so many are made up for in one run; the rest follow in the next ones. */
const MOST_AT_ONCE: Readonly<Record<Grain, number>> = { hour: 24, day: 7 };

/** The periods to recompute: from the one that the last run left unfinished to the running one, oldest first. */
export function periodsDue(grain: Grain, lastRunMs: number | null, nowMs: number): number[] {
  const current = startOf(grain, nowMs);
  const first = lastRunMs === null ? current - GRAIN_MS[grain] : Math.min(startOf(grain, lastRunMs), current);
  const periods: number[] = [];
  for (let start = first; start <= current && periods.length < MOST_AT_ONCE[grain]; start += GRAIN_MS[grain])
    periods.push(start);
  return periods;
}
