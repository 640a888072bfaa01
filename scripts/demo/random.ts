/** Seeded randomness: the same seed text gives the same numbers on every machine. */
export type Random = {
  /** In [0, 1). */
  uniform(): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
  /** A count with the given mean. */
  poisson(mean: number): number;
  /** Mean 1, variance `spread`. */
  gamma(spread: number): number;
};

/** Above this mean a Poisson count is drawn from the normal distribution, which it then closely follows. */
const POISSON_BY_NORMAL = 60;

export function seededRandom(seed: string): Random {
  let state = hash(seed);
  const uniform = (): number => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (mean: number): number => {
    if (mean > POISSON_BY_NORMAL) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = uniform(); product > limit; product *= uniform()) count += 1;
    return count;
  };
  /** Marsaglia and Tsang (2000), with their power boost for shapes below 1. */
  const gammaOfShape = (shape: number): number => {
    if (shape < 1) return gammaOfShape(shape + 1) * (1 - uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  const gamma = (spread: number): number => (spread <= 0 ? 1 : gammaOfShape(1 / spread) * spread);
  return { uniform, normal, poisson, gamma };
}

/** FNV-1a over the text's code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
