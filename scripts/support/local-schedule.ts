/**
 * The minute of a local market. The platform runs a deployment's schedule; `wrangler dev` does not, and then no offer
 * would end, no unpaid order be cancelled and no roll-up be made on this machine.
 */
const MINUTE_MS = 60_000;

/** Where `wrangler dev` lets a scheduled event be triggered. */
export const SCHEDULE_PATH = '/cdn-cgi/local/scheduled';

export interface ScheduleSource {
  now(): number;
  later(act: () => void, ms: number): unknown;
  trigger(url: string): Promise<unknown>;
}

const REAL: ScheduleSource = {
  now: Date.now,
  later: (act, ms) => setTimeout(act, ms).unref(),
  // A run that hangs is given up, so that the minutes after it come.
  trigger: (url) => fetch(url, { signal: AbortSignal.timeout(5 * MINUTE_MS) }),
};

/**
 * Triggers the schedule at each full minute, one run at a time: a run that takes longer swallows the minutes it covers. A
 * failed one is in the server's log, or the server is about to end; the next minute comes either way.
 */
export function startLocalSchedule(url: string, source: ScheduleSource = REAL): void {
  const untilNextMinute = () => MINUTE_MS - (source.now() % MINUTE_MS);
  const turn = async () => {
    const minute = Math.floor(source.now() / MINUTE_MS) * MINUTE_MS;
    await source.trigger(`${url}${SCHEDULE_PATH}?time=${minute}`).catch(() => {});
    source.later(turn, untilNextMinute());
  };
  source.later(turn, untilNextMinute());
}
