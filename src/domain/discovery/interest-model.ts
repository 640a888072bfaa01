/**
 * What is wanted now, and what some fact makes more wanted. An item scores its recent popularity, times a lift for each
 * thing known about the one who looks: how much more often it goes together with that thing than by chance. A lift that
 * few observations support is drawn towards 1, so that an unknown user simply sees what is popular (C.11).
 *
 * Evidence is any text key: `size:10`, `region:Texas`, `item:prd_...` for something bought or looked at before.
 */

/** Recent popularity halves its memory fast, the habits behind a lift slowly; in days, to a fall by 1/e. */
export const POPULARITY_DAYS = 2;
export const HABIT_DAYS = 30;
/** This many observations with an evidence weigh as much as the general taste; with a single item there are fewer. */
const PRIOR_WEIGHT = 200;
const PRIOR_WEIGHT_OF_ITEM = 20;

export const itemEvidence = (item: string): string => `item:${item}`;
const priorOf = (evidence: string): number =>
  evidence.startsWith('item:') ? PRIOR_WEIGHT_OF_ITEM : PRIOR_WEIGHT;

/** A sum that fades with time and is brought up to date only when it is touched. */
class FadingSum {
  private readonly days: number;
  private value = 0;
  private day = Number.NEGATIVE_INFINITY;

  constructor(days: number) {
    this.days = days;
  }

  add(weight: number, day: number): void {
    this.value = this.at(day) + weight;
    this.day = Math.max(day, this.day);
  }

  at(day: number): number {
    return this.value === 0 || day <= this.day
      ? this.value
      : this.value * Math.exp((this.day - day) / this.days);
  }
}

/** A count of each item that fades with time. */
export class FadingCounts {
  private readonly days: number;
  private readonly sums = new Map<string, FadingSum>();
  private readonly total: FadingSum;

  constructor(days: number) {
    this.days = days;
    this.total = new FadingSum(days);
  }

  add(item: string, weight: number, day: number): void {
    let sum = this.sums.get(item);
    if (!sum) {
      sum = new FadingSum(this.days);
      this.sums.set(item, sum);
    }
    sum.add(weight, day);
    this.total.add(weight, day);
  }

  of(item: string, day: number): number {
    return this.sums.get(item)?.at(day) ?? 0;
  }

  totalAt(day: number): number {
    return this.total.at(day);
  }

  items(): Iterable<string> {
    return this.sums.keys();
  }
}

export interface Recommendation {
  item: string;
  score: number;
  /** The evidence that lifted it most, or null when it is merely popular. */
  because: string | null;
}

export class InterestModel {
  private readonly popularity = new FadingCounts(POPULARITY_DAYS);
  private readonly habits = new FadingCounts(HABIT_DAYS);
  private readonly habitsWith = new Map<string, FadingCounts>();

  /** Somebody took an item; `evidence` is what was known of them before. Days may be fractions, and never fall. */
  observe(item: string, evidence: readonly string[], day: number, weight = 1): void {
    this.popularity.add(item, weight, day);
    this.habits.add(item, weight, day);
    for (const key of evidence) {
      let counts = this.habitsWith.get(key);
      if (!counts) {
        counts = new FadingCounts(HABIT_DAYS);
        this.habitsWith.set(key, counts);
      }
      counts.add(item, weight, day);
    }
  }

  popularityOf(item: string, day: number): number {
    return this.popularity.of(item, day);
  }

  /** How much more often the item goes together with the evidence than in general; 1 when nothing is known. */
  lift(item: string, evidence: string, day: number): number {
    const expected = this.habits.of(item, day) / this.habits.totalAt(day);
    const counts = this.habitsWith.get(evidence);
    if (!counts || !(expected > 0)) return 1;
    const prior = priorOf(evidence);
    return (counts.of(item, day) + prior * expected) / (counts.totalAt(day) + prior) / expected;
  }

  /** Every evidence that was seen at least so often lately, the most seen first. */
  evidence(day: number, least = 0): string[] {
    return Array.from(this.habitsWith, ([key, counts]) => ({ key, total: counts.totalAt(day) }))
      .filter(({ total }) => total >= least)
      .sort((a, b) => b.total - a.total || (a.key < b.key ? -1 : 1))
      .map(({ key }) => key);
  }

  /** The items that the evidence speaks for most: those with the highest lifts above 1. */
  strongest(evidence: string, day: number, limit: number): [item: string, lift: number][] {
    return Array.from(this.habitsWith.get(evidence)?.items() ?? [], (item): [string, number] => [
      item,
      this.lift(item, evidence, day),
    ])
      .filter(([, lift]) => lift > 1)
      .sort(([itemA, a], [itemB, b]) => b - a || (itemA < itemB ? -1 : 1))
      .slice(0, limit);
  }

  /** The items that are taken most now. */
  mostPopular(day: number, limit: number): [item: string, popularity: number][] {
    return Array.from(this.popularity.items(), (item): [string, number] => [
      item,
      this.popularityOf(item, day),
    ])
      .sort(([itemA, a], [itemB, b]) => b - a || (itemA < itemB ? -1 : 1))
      .slice(0, limit);
  }

  /** Every item that was ever taken, with its popularity now and its lifts: what `recommend` ranks. */
  candidates(evidence: readonly string[], day: number): Candidate[] {
    return Array.from(this.popularity.items(), (item) => ({
      item,
      popularity: this.popularity.of(item, day),
      lifts: evidence.map((key): [string, number] => [key, this.lift(item, key, day)]),
    }));
  }

  recommend(evidence: readonly string[], day: number, limit: number): Recommendation[] {
    return rank(this.candidates(evidence, day), limit);
  }
}

export interface Candidate {
  item: string;
  popularity: number;
  lifts: readonly (readonly [evidence: string, lift: number])[];
}

/** The best candidates, best first; equal ones in the order of their names. */
export function rank(candidates: readonly Candidate[], limit: number): Recommendation[] {
  return candidates
    .map(({ item, popularity, lifts }): Recommendation => {
      let score = popularity;
      let because: string | null = null;
      let most = 1;
      for (const [evidence, lift] of lifts) {
        score *= lift;
        if (lift > most) [because, most] = [evidence, lift];
      }
      return { item, score, because };
    })
    .sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1))
    .slice(0, limit);
}
