/**
 * What the simulator was fitted to: statistics of recorded sales, never the sales themselves. `fit.ts` prints these
 * numbers; `docs/demo-market.md` says how they were found and how well they hold.
 */
import type { MarketParameters } from './price-process.ts';

/** From 83 763 sales of 49 models, September 2017 to December 2018. */
export const MARKET_PARAMETERS: MarketParameters = {
  ageEffect: [0.133, 0, -0.0317, 0.0025, 0.0614, -0.3843, -0.4699],
  activityEffect: [0.2269, 1, 0.3151, 0.1319, 0.0816, 0.2742, 0.309],
  sizeEffect: {
    '4': -0.0622,
    '5': -0.0027,
    '6': 0.0193,
    '7': -0.0287,
    '8': -0.0126,
    '9': -0.0201,
    '10': -0.0039,
    '11': 0.0003,
    '12': 0.001,
    '13': 0.0099,
    '14': 0.0396,
    '4.5': 0.0184,
    '5.5': 0.0552,
    '6.5': 0.0341,
    '7.5': -0.0068,
    '8.5': -0.0065,
    '9.5': 0.0019,
    '10.5': -0.0091,
    '11.5': 0.0125,
    '12.5': 0.1198,
  },
  sizeShare: {
    '4': 0.0215,
    '5': 0.0346,
    '6': 0.0398,
    '7': 0.0388,
    '8': 0.0539,
    '9': 0.0964,
    '10': 0.1124,
    '11': 0.0965,
    '12': 0.0749,
    '13': 0.0472,
    '14': 0.0178,
    '4.5': 0.0114,
    '5.5': 0.0237,
    '6.5': 0.0212,
    '7.5': 0.0261,
    '8.5': 0.0517,
    '9.5': 0.0861,
    '10.5': 0.089,
    '11.5': 0.0464,
    '12.5': 0.006,
  },
  levelQuantiles: [
    0.1675, 0.2824, 0.5237, 0.5774, 0.7256, 0.801, 0.8992, 1.0444, 1.2215, 1.3161, 1.385, 1.4052, 1.4342,
    1.4944, 1.5283, 1.654, 1.7889, 1.9453, 2.0432, 2.1497, 2.5018,
  ],
  logActivityQuantiles: [
    -1.0854, -0.7155, -0.2965, 0.4601, 1.0657, 1.4204, 1.5417, 1.5866, 1.6289, 1.717, 1.7976, 2.218, 2.73,
    3.0333, 3.1883, 3.2957, 3.6065, 4.0312, 4.5265, 4.7283, 5.3524,
  ],
  levelActivityCorrelation: -0.7793,
  driftSd: 0.3443,
  weeklyPersistence: 0.9809,
  noiseSd: 0.0791,
  clumping: 0.4454,
};

/**
 * Average price over retail as ln, evenly spaced quantiles over 1 993 listings of spring 2023. The sales above are of
 * sought-after models only, so the demo's premiums come from this wider market.
 */
export const CATALOGUE_LEVEL_QUANTILES = [
  -1.8473, -0.2102, -0.078, -0.0113, 0.0383, 0.077, 0.115, 0.1515, 0.1816, 0.2079, 0.2412, 0.2693, 0.3089,
  0.3498, 0.4007, 0.4643, 0.5306, 0.6012, 0.7128, 0.8959, 2.6302,
];

/** (ask - bid) / middle over the 120 listings of that snapshot whose best bid and ask do not cross. */
export const SPREAD_QUANTILES = [
  0.0032, 0.0086, 0.0104, 0.0146, 0.0184, 0.0243, 0.0272, 0.0321, 0.0376, 0.0404, 0.0443, 0.0488, 0.0527,
  0.0593, 0.0716, 0.084, 0.0978, 0.1142, 0.1461, 0.1848, 0.3979,
];
