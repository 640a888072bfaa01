/** Hours in which nothing may buzz: pushes and texts wait for their end; nothing is lost. */
import { DAY_MS, MINUTE_MS } from '../time.ts';

const DAY_MINUTES = 1_440;

export interface QuietHours {
  /** `HH:MM`, in the reader's own time; an end before the start lies on the next day. */
  start: string;
  end: string;
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

/** Minutes since midnight on the clock of a time zone. */
function localMinutes(atMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(atMs);
  return minutesOf(parts);
}

export function isQuiet(atMs: number, quiet: QuietHours, timeZone: string): boolean {
  const [start, end, now] = [minutesOf(quiet.start), minutesOf(quiet.end), localMinutes(atMs, timeZone)];
  return start <= end ? now >= start && now < end : now >= start || now < end;
}

/** When something may buzz that comes up now: at once, or when the quiet hours end on the reader's clock. */
export function audibleAtMs(nowMs: number, quiet: QuietHours | null, timeZone: string): number {
  if (quiet === null || quiet.start === quiet.end || !isQuiet(nowMs, quiet, timeZone)) return nowMs;
  const end = minutesOf(quiet.end);
  const untilEnd = (atMs: number): number =>
    (end - localMinutes(atMs, timeZone) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const minute = nowMs - (nowMs % MINUTE_MS);
  const guess = minute + untilEnd(minute) * MINUTE_MS;
  // The clocks may have changed on the way: then the guess is off by what they were moved.
  const off = (localMinutes(guess, timeZone) - end + DAY_MINUTES) % DAY_MINUTES;
  const correction = off > DAY_MINUTES / 2 ? DAY_MINUTES - off : -off;
  return Math.min(guess + correction * MINUTE_MS, nowMs + 2 * DAY_MS);
}
