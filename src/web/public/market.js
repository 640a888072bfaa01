/** The market of one shoe: its sizes, and the live book of the size that is being watched. */
import { accessToken, get } from './api.js';
import { followBook } from './book-feed.js';
import { candleChart } from './chart.js';
import { byId, dateOf, el, money, when } from './dom.js';

const LADDER_ROWS = 10;
const TAPE_ROWS = 14;
/** A sale of another size changes its line of the table; nobody watches those lines by the second. */
const SIZES_REFRESH_MS = 15_000;
const RANGES = [
  { label: '3 months', interval: '1d', days: 91, slotDays: 1 },
  { label: '2 years', interval: '1w', days: 728, slotDays: 7 },
];
const FIRST_RANGE = RANGES[1];
const DAY_MS = 86_400_000;

const STATES = { live: 'Live', connecting: 'Connecting …', closed: 'No longer shown' };

/**
 * Shows the market of a product in `#market` and follows the book of one size. `onBook` hears of the book that is shown,
 * `onTop` of its best prices, `onOrders` of the user's own orders as the feed tells them.
 */
export function createMarket({ onBook, onTop, onOrders }) {
  const host = byId('market');
  let shown = null;

  function stop() {
    shown?.feed?.stop();
    clearInterval(shown?.sizesTimer);
    shown = null;
  }

  /** Opens a product, and of its sizes the one asked for or the busiest. */
  async function open(productId, sizeId) {
    if (shown?.product.id === productId) {
      if (sizeId !== undefined && sizeId !== shown.size?.id) await openSize(sizeId);
      return;
    }
    stop();
    const mine = { product: { id: productId }, size: null };
    shown = mine;
    const product = await get(`/products/${productId}`);
    const lines = await sizeLines(productId);
    if (shown !== mine) return;
    mine.product = product;
    mine.parts = frame(product);
    host.replaceChildren(...mine.parts.all);
    showSizes(lines);
    mine.sizesTimer = setInterval(async () => {
      if (document.hidden || shown !== mine) return;
      const fresh = await sizeLines(productId).catch(() => null);
      if (fresh !== null && shown === mine) showSizes(fresh);
    }, SIZES_REFRESH_MS);
    const wanted = lines.find((line) => line.size_id === sizeId) ?? busiest(lines);
    if (wanted) await openSize(wanted.size_id);
    else mine.parts.state.textContent = 'No sizes yet';
  }

  const sizeLines = async (productId) =>
    (await get(`/market/${productId}`).catch(() => ({ sizes: [] }))).sizes;

  const openOrders = (line) => line.total_bids + line.total_asks;
  const busiest = (lines) =>
    [...lines].sort((a, b) => b.volume_30d - a.volume_30d || openOrders(b) - openOrders(a))[0];

  async function openSize(sizeId) {
    const mine = shown;
    const { product, parts } = mine;
    mine.feed?.stop();
    const size = product.sizes.find(({ id }) => id === sizeId);
    const path = `/market/${product.id}/${sizeId}`;
    Object.assign(mine, { size, feed: null, copy: null, ticker: null, trades: [], range: FIRST_RANGE, path });
    history.replaceState(null, '', `#/${product.id}/${sizeId}`);
    parts.sizeLabel.textContent = `Size ${size.label}`;
    parts.ladder.replaceChildren();
    parts.tape.replaceChildren();
    markSize();
    onBook({ product, size });

    const [market, trades] = await Promise.all([get(path), get(`${path}/trades?limit=${TAPE_ROWS}`)]);
    if (shown !== mine || mine.size !== size) return;
    mine.market = market;
    mine.ticker = market;
    mine.trades = trades.data;
    showTicker();
    showTape();
    showChart();
    follow(mine);
  }

  function follow(mine) {
    const { size, parts } = mine;
    const isCurrent = () => shown === mine && mine.size === size;
    let isDrawing = false;
    mine.feed?.stop();
    mine.feed = followBook({
      url: `${location.origin.replace(/^http/, 'ws')}/api/v1${mine.path}/ws`,
      token: accessToken,
      onState(state) {
        if (!isCurrent()) return;
        parts.state.textContent = STATES[state];
        parts.state.dataset.state = state;
      },
      onBook(copy) {
        mine.copy = copy;
        if (isDrawing) return;
        isDrawing = true;
        // Updates may come faster than a screen draws.
        requestAnimationFrame(() => {
          isDrawing = false;
          if (isCurrent()) showLadder();
        });
      },
      onUpdate({ trades, ticker }) {
        if (!isCurrent()) return;
        if (ticker) {
          mine.ticker = ticker;
          showTicker();
          showSizes(mine.lines.map((line) => (line.size_id === size.id ? { ...line, ...ticker } : line)));
        }
        if (trades) {
          mine.trades = [...trades.toReversed(), ...mine.trades].slice(0, TAPE_ROWS);
          showTape(trades.length);
          showChart();
        }
      },
      onOrders: (orders) => isCurrent() && onOrders(orders),
    });
  }

  function showSizes(lines) {
    const { currency } = shown.product;
    shown.lines = lines;
    shown.parts.sizes.replaceChildren(
      ...lines.map((line) =>
        el(
          'tr',
          { 'data-size': line.size_id },
          el(
            'th',
            { scope: 'row' },
            el('button', { type: 'button', onclick: () => openSize(line.size_id) }, line.label),
          ),
          el('td', { class: 'bid' }, money(line.highest_bid_cents, currency)),
          el('td', { class: 'ask' }, money(line.lowest_ask_cents, currency)),
          el('td', {}, money(line.last_sale_cents, currency)),
          el('td', {}, String(line.volume_30d)),
        ),
      ),
    );
    markSize();
  }

  function markSize() {
    for (const row of shown.parts.sizes.children) {
      const isChosen = row.dataset.size === shown.size?.id;
      row.classList.toggle('chosen', isChosen);
      row.querySelector('button').setAttribute('aria-pressed', String(isChosen));
    }
  }

  function showTicker() {
    const { ticker, market, product, parts } = shown;
    const { currency } = product;
    const premium = premiumOf(ticker.last_sale_cents, product.retail_price_cents);
    const facts = [
      ['Highest bid', money(ticker.highest_bid_cents, currency), 'bid'],
      ['Lowest ask', money(ticker.lowest_ask_cents, currency), 'ask'],
      ['Last sale', money(ticker.last_sale_cents, currency), ''],
      ['Over retail', premium, ''],
      ['Sold in 30 days', String(market.volume_30d), ''],
      [
        '12-month range',
        `${money(market.low_52w_cents, currency)} – ${money(market.high_52w_cents, currency)}`,
        '',
      ],
    ];
    parts.ticker.replaceChildren(
      ...facts.map(([name, value, kind]) =>
        el('div', { class: kind }, el('dt', {}, name), el('dd', {}, value)),
      ),
    );
    onTop({ bid: ticker.highest_bid_cents, ask: ticker.lowest_ask_cents });
  }

  function showLadder() {
    const { copy, product, parts } = shown;
    const sides = { bid: copy.depth('bid', LADDER_ROWS), ask: copy.depth('ask', LADDER_ROWS) };
    const deepest = Math.max(...Object.values(sides).map((levels) => sum(levels)), 1);
    parts.ladder.replaceChildren(
      ladderSide('bid', 'Bids', sides.bid, deepest, product.currency),
      ladderSide('ask', 'Asks', sides.ask, deepest, product.currency),
    );
    parts.seq.textContent = `Sequence ${copy.seq}`;
  }

  function showTape(fresh = 0) {
    const { trades, product, parts } = shown;
    parts.tape.replaceChildren(
      ...trades.map((trade, index) => {
        const before = trades[index + 1]?.price_cents ?? trade.price_cents;
        const kind = trade.price_cents > before ? 'up' : trade.price_cents < before ? 'down' : '';
        return el(
          'li',
          { class: `${kind}${index < fresh ? ' fresh' : ''}` },
          el('span', { class: 'price' }, money(trade.price_cents, product.currency)),
          el('span', {}, trade.quantity === 1 ? '' : `${trade.quantity} pairs`),
          el('time', { datetime: trade.at }, when(trade.at)),
        );
      }),
    );
    if (trades.length === 0) parts.tape.append(el('li', { class: 'empty' }, 'No sale yet.'));
  }

  async function showChart() {
    const mine = shown;
    const { path, range, product, parts } = mine;
    const toMs = Date.now();
    const fromMs = toMs - range.days * DAY_MS;
    const from = encodeURIComponent(new Date(fromMs).toISOString());
    const { data } = await get(`${path}/candles?interval=${range.interval}&from=${from}`);
    if (shown !== mine || mine.path !== path || mine.range !== range) return;
    parts.chart.replaceChildren(
      candleChart(data, {
        width: parts.chart.clientWidth,
        fromMs,
        toMs,
        slotMs: range.slotDays * DAY_MS,
        currency: product.currency,
      }) ?? el('p', { class: 'empty' }, 'No sale in this time.'),
    );
    for (const button of parts.ranges.children)
      button.setAttribute('aria-pressed', String(button.textContent === range.label));
  }

  /** The parts of the market that later change, and the tree that holds them. */
  function frame(product) {
    const [image] = [...product.images].sort((a, b) => Number(b.primary) - Number(a.primary));
    const parts = {
      state: el('span', { class: 'state', role: 'status' }, 'Opening …'),
      sizeLabel: el('span', { class: 'size-label' }),
      seq: el('span', { class: 'quiet' }),
      ticker: el('dl', { class: 'ticker' }),
      sizes: el('tbody'),
      ladder: el('div', { class: 'ladder' }),
      tape: el('ol', { class: 'tape' }),
      chart: el('div', { class: 'chart' }),
      ranges: el('div', { class: 'switch', role: 'group', 'aria-label': 'Time of the chart' }),
      desk: byId('desk') ?? el('div', { id: 'desk', class: 'desk' }),
    };
    parts.ranges.append(
      ...RANGES.map((range) =>
        el(
          'button',
          {
            type: 'button',
            onclick: () => {
              shown.range = range;
              showChart();
            },
          },
          range.label,
        ),
      ),
    );
    const about = el(
      'div',
      { class: 'about panel' },
      image
        ? el('img', { src: image.url, alt: image.alt, width: 640, height: 480 })
        : el('div', { class: 'no-picture' }, 'The picture is being drawn.'),
      el(
        'div',
        { class: 'about-text' },
        el('h2', {}, product.name),
        el(
          'p',
          { class: 'quiet' },
          [product.colorway, product.sku].filter(Boolean).join(' · '),
          el('br'),
          `Retail ${money(product.retail_price_cents, product.currency)}`,
          product.release_date ? `, released ${dateOf(product.release_date)}` : '',
        ),
      ),
      el(
        'div',
        { class: 'sizes', tabindex: '0', role: 'region', 'aria-label': 'Sizes' },
        el(
          'table',
          {},
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              ...['Size', 'Bid', 'Ask', 'Last', '30 d'].map((name) => el('th', { scope: 'col' }, name)),
            ),
          ),
          parts.sizes,
        ),
      ),
    );
    const book = el(
      'div',
      { class: 'book panel' },
      el('div', { class: 'book-head' }, el('h3', {}, 'The book', parts.sizeLabel), parts.seq, parts.state),
      parts.ticker,
      parts.ladder,
      el('div', { class: 'book-head' }, el('h3', {}, 'Prices paid'), parts.ranges),
      parts.chart,
    );
    const side = el(
      'div',
      { class: 'side' },
      parts.desk,
      el('div', { class: 'panel' }, el('h3', {}, 'Sales'), parts.tape),
    );
    parts.all = [about, book, side];
    return parts;
  }

  return {
    open,
    /** Connects again as whoever is signed in now. */
    reconnect() {
      if (shown?.feed) follow(shown);
    },
  };
}

const sum = (levels) => levels.reduce((total, { quantity }) => total + quantity, 0);

function premiumOf(lastSale, retail) {
  if (lastSale === null || !retail) return '–';
  const percent = Math.round((lastSale / retail - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent}%`;
}

/** One side of the book; the bar behind a level shows how much stands up to it. */
function ladderSide(side, title, levels, deepest, currency) {
  let total = 0;
  const rows = levels.map(({ price, quantity, count }) => {
    total += quantity;
    const row = el(
      'tr',
      {},
      el('td', { class: 'price' }, money(price, currency)),
      el('td', {}, String(quantity)),
      el('td', { class: 'quiet' }, String(count)),
    );
    row.style.setProperty('--share', `${(total / deepest) * 100}%`);
    return row;
  });
  return el(
    'table',
    { class: side },
    el('caption', {}, title),
    el(
      'thead',
      {},
      el('tr', {}, ...['Price', 'Pairs', 'Orders'].map((name) => el('th', { scope: 'col' }, name))),
    ),
    el(
      'tbody',
      {},
      rows.length > 0 ? rows : el('tr', {}, el('td', { colspan: 3, class: 'empty' }, 'Nobody yet')),
    ),
  );
}
