/**
 * The orders of the load: most rest near a middle that wanders up and down, the others cross it and take what rests, so
 * that a book keeps its size however long the load lasts. Drawn endlessly from a seed; every side of a comparison gets
 * the same flow.
 */
import type { Side } from '../../src/domain/market/order.ts';

export interface DrawnOrder {
  side: Side;
  /** Index of the user; buyers and sellers are different people, so that nobody meets an own order. */
  user: number;
  priceCents: number;
  quantity: number;
}

export const RETAIL_CENTS = 50_000;
export const TICK_CENTS = 10;
const DEPTH_TICKS = 100;
/** The middle goes up and down by this much, so that what rests far away is reached in time. */
const SWING_TICKS = 120;
const ORDERS_PER_SWING = 6_000;
/** Six in ten orders rest with one unit; the other four take one and a half units on average. */
const RESTING_SHARE = 0.6;

/** Mulberry32: small, seeded and good enough to draw a flow. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function createOrderFlow(seed: number, usersPerSide: number): () => DrawnOrder {
  const random = randomFrom(seed);
  let drawn = 0;
  return () => {
    const phase = (drawn++ % ORDERS_PER_SWING) / ORDERS_PER_SWING;
    const middle = Math.round(SWING_TICKS * (phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase));
    const side: Side = random() < 0.5 ? 'bid' : 'ask';
    const isResting = random() < RESTING_SHARE;
    const away = isResting ? 1 + Math.floor(DEPTH_TICKS * random() ** 2) : -DEPTH_TICKS;
    const ticks = middle + (side === 'bid' ? -away : away);
    return {
      side,
      user: Math.floor(random() * usersPerSide),
      priceCents: RETAIL_CENTS + ticks * TICK_CENTS,
      quantity: isResting || random() < 0.5 ? 1 : 2,
    };
  };
}
