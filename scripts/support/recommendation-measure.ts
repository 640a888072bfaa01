/**
 * The offline measure of the recommendations on recorded sales: day by day, each sale is guessed from the sales of the
 * days before and from what is known of its buyer, who is nobody but a size and a region. A hit is a guess that has the
 * sneaker among the first k.
 */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import {
  FadingCounts,
  InterestModel,
  POPULARITY_DAYS,
  rank,
} from '../../src/domain/discovery/interest-model.ts';

export const GUESSES = [1, 3, 5, 10] as const;
const MOST_GUESSES = Math.max(...GUESSES);
const DAY_MS = 24 * 3_600_000;

export interface BoughtItem {
  day: number;
  item: string;
  size: string;
  region: string;
}

/** Share of sales that were among the first k guesses, by the ways of guessing, in the order of {@link GUESSES}. */
export interface Measure {
  sales: number;
  hitRates: Record<'recommended' | 'popular lately' | 'popular in 30 days' | 'popular ever', number[]>;
}

/** Sales of the recorded file with the region of the buyer, in the order of their days. */
export async function readPurchases(file: string): Promise<BoughtItem[]> {
  const text = gunzipSync(await readFile(file)).toString('utf8');
  const [header, ...lines] = text.trim().split('\n');
  const columns = header!.trim().split(',');
  const [date, item, size, region] = ['order_date', 'sneaker', 'size', 'buyer_region'].map((name) => {
    const at = columns.indexOf(name);
    if (at < 0) throw new Error(`the sales file has no column "${name}"`);
    return at;
  }) as [number, number, number, number];
  return lines.map((line) => {
    const cells = line.trim().split(',');
    return {
      day: Date.parse(cells[date]!) / DAY_MS,
      item: cells[item]!,
      size: cells[size]!,
      region: cells[region]!,
    };
  });
}

export function measureRecommendations(sales: readonly BoughtItem[], fromDay: number): Measure {
  const model = new InterestModel();
  const popular = {
    'popular lately': new FadingCounts(POPULARITY_DAYS),
    'popular in 30 days': new FadingCounts(30),
    'popular ever': new FadingCounts(Number.POSITIVE_INFINITY),
  };
  const hits = new Map<string, number[]>();
  const score = (way: string, guesses: readonly { item: string }[], item: string) => {
    const counts = hits.get(way) ?? GUESSES.map(() => 0);
    hits.set(way, counts);
    const place = guesses.findIndex((guess) => guess.item === item);
    GUESSES.forEach((k, index) => {
      if (place >= 0 && place < k) counts[index]! += 1;
    });
  };

  let measured = 0;
  for (const [day, ofDay] of Map.groupBy(sales, (sale) => sale.day)) {
    if (day >= fromDay) {
      const lists = Object.entries(popular).map(
        ([way, counts]) =>
          [
            way,
            rank(
              Array.from(counts.items(), (item) => ({ item, popularity: counts.of(item, day), lifts: [] })),
              MOST_GUESSES,
            ),
          ] as const,
      );
      const forBuyer = new Map<string, { item: string }[]>();
      for (const { item, size, region } of ofDay) {
        measured += 1;
        for (const [way, guesses] of lists) score(way, guesses, item);
        const buyer = evidenceOf({ size, region });
        const key = buyer.join();
        let guesses = forBuyer.get(key);
        if (!guesses) {
          guesses = model.recommend(buyer, day, MOST_GUESSES);
          forBuyer.set(key, guesses);
        }
        score('recommended', guesses, item);
      }
    }
    for (const sale of ofDay) {
      model.observe(sale.item, evidenceOf(sale), day);
      for (const counts of Object.values(popular)) counts.add(sale.item, 1, day);
    }
  }
  return {
    sales: measured,
    hitRates: Object.fromEntries(
      [...hits].map(([way, counts]) => [way, counts.map((count) => count / measured)]),
    ) as Measure['hitRates'],
  };
}

const evidenceOf = ({ size, region }: { size: string; region: string }) => [
  `size:${size}`,
  `region:${region}`,
];
