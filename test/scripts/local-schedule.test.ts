import { describe, expect, it } from 'vitest';
import { type ScheduleSource, startLocalSchedule } from '../../scripts/support/local-schedule.ts';

const MINUTE = 60_000;

/** A clock that the test turns. */
function clock(startMs: number, runMs: number, fails = false) {
  let nowMs = startMs;
  let waiting: { act: () => unknown; ms: number } | null = null;
  const triggered: string[] = [];
  const source: ScheduleSource = {
    now: () => nowMs,
    later: (act, ms) => {
      waiting = { act, ms };
    },
    trigger: async (url) => {
      triggered.push(url);
      nowMs += runMs;
      if (fails) throw new Error('the server has ended');
    },
  };
  const turn = async () => {
    const due = waiting;
    waiting = null;
    nowMs += due!.ms;
    await due!.act();
  };
  return { source, triggered, turn, now: () => nowMs };
}

const run = (minute: number) => `http://here/cdn-cgi/local/scheduled?time=${minute * MINUTE}`;

describe('the schedule of a local market', () => {
  it('runs at each full minute, told which', async () => {
    const { source, triggered, turn } = clock(10 * MINUTE + 17_000, 900);
    startLocalSchedule('http://here', source);
    expect(triggered).toEqual([]);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(triggered).toEqual([run(11), run(12), run(13)]);
  });

  it('runs once at a time: a slow run swallows the minutes that it covers', async () => {
    const { source, triggered, turn } = clock(10 * MINUTE, 2.5 * MINUTE);
    startLocalSchedule('http://here', source);
    for (let turns = 0; turns < 2; turns += 1) await turn();
    expect(triggered).toEqual([run(11), run(14)]);
  });

  it('goes on after a run that failed', async () => {
    const { source, triggered, turn } = clock(10 * MINUTE, 10, true);
    startLocalSchedule('http://here', source);
    for (let turns = 0; turns < 2; turns += 1) await turn();
    expect(triggered).toEqual([run(11), run(12)]);
  });
});
