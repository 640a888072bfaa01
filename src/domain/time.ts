/** Time as numbers: milliseconds since the epoch, always UTC. Nothing here reads a clock. */
export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const SUNDAY = 0;
const SATURDAY = 6;

function isWeekend(atMs: number): boolean {
  const day = new Date(atMs).getUTCDay();
  return day === SUNDAY || day === SATURDAY;
}

/** The same time of day `days` business days later; Saturdays and Sundays (UTC) are skipped, holidays are not. */
export function addBusinessDays(startMs: number, days: number): number {
  let atMs = startMs;
  for (let left = days; left > 0; ) {
    atMs += DAY_MS;
    if (!isWeekend(atMs)) left -= 1;
  }
  return atMs;
}

/** The UTC calendar day as `YYYYMMDD`. */
export function dayStamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '');
}
