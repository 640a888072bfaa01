/**
 * How the banks behind the demo processor feel (EV-10): how long they take, and how many charges they decline for no
 * reason. The same seed gives the same charge the same fate.
 */
import { hash53 } from '../../domain/hash.ts';

export interface DemoBankMood {
  minLatencyMs: number;
  maxLatencyMs: number;
  /** A bank that takes longer is not waited for: its answer is lost, and a repeat under the key gets it. */
  timeoutMs: number;
  /** Of the charges that nothing speaks against. */
  declinePercent: number;
  seed: number;
}

export interface DemoBank {
  declines(chargeName: string): boolean;
  /** Takes its time over a call; false when the caller has given up meanwhile. */
  answersInTime(callName: string): Promise<boolean>;
}

/** Banks that answer at once and decline nothing. */
export const CALM: DemoBankMood = {
  minLatencyMs: 0,
  maxLatencyMs: 0,
  timeoutMs: 4_000,
  declinePercent: 0,
  seed: 0,
};

export function createDemoBank(mood: DemoBankMood, sleep: (ms: number) => Promise<void>): DemoBank {
  /** From 0 up to and without `below`. */
  const draw = (what: string, name: string, below: number): number =>
    hash53(`${mood.seed} ${what} ${name}`) % below;
  const spreadMs = Math.max(0, mood.maxLatencyMs - mood.minLatencyMs);
  return {
    declines: (chargeName) => draw('decline', chargeName, 100) < mood.declinePercent,
    answersInTime: async (callName) => {
      const latencyMs = mood.minLatencyMs + draw('latency', callName, spreadMs + 1);
      if (latencyMs > 0) await sleep(Math.min(latencyMs, mood.timeoutMs));
      return latencyMs <= mood.timeoutMs;
    },
  };
}
