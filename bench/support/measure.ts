/** Figures that can be compared: both sides in one run, taking turns, and the median of the rounds. */

export const ROUNDS = 3;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Runs every side once a round, in turn, so that a noisy minute hits all of them; answers the samples of each. */
export async function takeTurns<K extends string, T>(
  sides: Record<K, () => Promise<T>>,
  rounds: number = ROUNDS,
): Promise<Record<K, T[]>> {
  const names = Object.keys(sides) as K[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<K, T[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) samples[name].push(await sides[name]());
  }
  return samples;
}

/** The `share` quantile of sorted values, such as 0.99. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** One line of the final table. A measurement without a threshold is only reported. */
export interface Line {
  what: string;
  /** The figures behind the value, in words. */
  figures: string;
  value: number;
  unit: 'x' | 'ms';
  threshold?: { atLeast: number } | { atMost: number };
}

export const perSecond = (rate: number): string => `${Math.round(rate).toLocaleString('en')}/s`;

function verdict({ value, threshold }: Line): string {
  if (threshold === undefined) return '';
  const isMet = 'atLeast' in threshold ? value >= threshold.atLeast : value <= threshold.atMost;
  return isMet ? 'met' : 'NOT MET';
}

/** The table as Markdown: it is pasted into docs/benchmarks.md as it is printed. */
export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => {
    const wanted =
      line.threshold === undefined
        ? ''
        : 'atLeast' in line.threshold
          ? `>= ${line.threshold.atLeast}`
          : `<= ${line.threshold.atMost}`;
    const value = `${line.value.toFixed(line.value < 10 ? 2 : 1)} ${line.unit}`;
    return `| ${line.what} | ${line.figures} | ${value} | ${wanted} | ${verdict(line)} |`;
  });
  return ['| What | Figures | Result | Wanted | |', '|---|---|---|---|---|', ...rows].join('\n');
}
