/** Candles of a book as one SVG: prices above, volume below. */
import { dateOf, money, svg } from './dom.js';

const NARROWEST = 260;
const HEIGHT = 240;
const RIGHT = 56;
const BOTTOM = 20;
const VOLUME_HEIGHT = 36;
const PRICE_HEIGHT = HEIGHT - BOTTOM - VOLUME_HEIGHT - 8;

/** Round prices for a scale: 1, 2 or 5 times a power of ten apart. */
function ticks(low, high) {
  const rough = (high - low) / 4 || 100;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((candidate) => candidate >= rough);
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, index) => first + index * step);
}

function candle(entry, { x, y, width, highestVolume, currency }) {
  const { start, open_cents: open, high_cents: high, low_cents: low, close_cents: close, volume } = entry;
  const left = x(Date.parse(start));
  const middle = left + width / 2;
  const top = y(Math.max(open, close));
  const volumeHeight = (volume / highestVolume) * VOLUME_HEIGHT;
  const body = { x: left + width * 0.12, width: width * 0.76 };
  return svg(
    'g',
    { class: close >= open ? 'up' : 'down' },
    svg(
      'title',
      {},
      `${dateOf(start)}: opened ${money(open, currency)}, closed ${money(close, currency)}, ` +
        `${money(low, currency)} to ${money(high, currency)}, ${volume} sold`,
    ),
    svg('rect', { class: 'hit', x: left, y: 0, width, height: HEIGHT - BOTTOM }),
    svg('line', { x1: middle, x2: middle, y1: y(high), y2: y(low) }),
    svg('rect', { ...body, y: top, height: Math.max(2, y(Math.min(open, close)) - top) }),
    svg('rect', { ...body, class: 'volume', y: HEIGHT - BOTTOM - volumeHeight, height: volumeHeight }),
  );
}

/** The chart of `candles` (oldest first) on their place in time, `width` pixels wide; null when there is nothing to draw. */
export function candleChart(candles, { width, fromMs, toMs, slotMs, currency }) {
  if (candles.length === 0) return null;
  const low = Math.min(...candles.map((entry) => entry.low_cents));
  const high = Math.max(...candles.map((entry) => entry.high_cents));
  const margin = Math.max(100, (high - low) * 0.06);
  const [bottom, top] = [Math.max(0, low - margin), high + margin];
  const whole = Math.max(NARROWEST, width);
  const plot = whole - RIGHT;
  // The first candle may have begun before the range, and the last one ends after it.
  const perMs = plot / (toMs - fromMs + slotMs);
  const scale = {
    x: (ms) => Math.max(0, (ms - fromMs) * perMs),
    y: (cents) => 4 + ((top - cents) / (top - bottom)) * PRICE_HEIGHT,
    width: slotMs * perMs,
    highestVolume: Math.max(...candles.map((entry) => entry.volume), 1),
    currency,
  };
  const first = candles[0];
  const last = candles.at(-1);
  return svg(
    'svg',
    {
      class: 'candles',
      viewBox: `0 0 ${whole} ${HEIGHT}`,
      role: 'img',
      'aria-label':
        `Sales from ${dateOf(first.start)} to ${dateOf(last.start)}: from ${money(first.open_cents, currency)} ` +
        `to ${money(last.close_cents, currency)}, lowest ${money(low, currency)}, highest ${money(high, currency)}.`,
    },
    ticks(bottom, top).map((cents) =>
      svg(
        'g',
        { class: 'tick' },
        svg('line', { x1: 0, x2: plot, y1: scale.y(cents), y2: scale.y(cents) }),
        svg('text', { x: plot + 8, y: scale.y(cents) + 4 }, money(cents, currency)),
      ),
    ),
    svg('polyline', {
      class: 'closes',
      points: candles
        .map((entry) => `${scale.x(Date.parse(entry.start)) + scale.width / 2},${scale.y(entry.close_cents)}`)
        .join(' '),
    }),
    candles.map((entry) => candle(entry, scale)),
    svg('text', { x: 0, y: HEIGHT - 4 }, dateOf(fromMs)),
    svg('text', { x: plot, y: HEIGHT - 4, 'text-anchor': 'end' }, dateOf(toMs)),
  );
}
