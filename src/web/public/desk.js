/** The trading desk of the book that is shown: a ticket for orders, and the user's own open orders and matches. */
import { change, get, getMine, onUser, Refusal } from './api.js';
import { byId, el, money, when } from './dom.js';

const QUOTE_DELAY_MS = 250;
const REFRESH_DELAY_MS = 150;
const EXPIRIES = [1, 3, 7, 14, 30, 60].map((days) => [
  String(days * 24),
  days === 1 ? '1 day' : `${days} days`,
]);

const WORDS = {
  bid: { place: 'Place bid', now: 'Buy now', action: 'buy-now', best: 'ask', path: 'bids', verb: 'Bought' },
  ask: { place: 'Place ask', now: 'Sell now', action: 'sell-now', best: 'bid', path: 'asks', verb: 'Sold' },
};

/** The whole cents of a typed price such as 220 or 219.50, or null. */
export function centsOf(text) {
  const match = /^\s*(\d{1,8})(?:[.,](\d{1,2}))?\s*$/.exec(text);
  if (match === null) return null;
  const cents = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return cents > 0 ? cents : null;
}

export function createDesk({ onSignIn }) {
  const products = new Map();
  let user = null;
  let book = null;
  let top = { bid: null, ask: null };
  let side = 'bid';
  let quoteTimer;
  let refreshTimer;

  const message = el('p', { class: 'message', role: 'status' });
  const feeNote = el('p', { class: 'quiet fee' });
  const orders = el('ul', { class: 'orders' });
  const matches = el('ul', { class: 'orders' });
  const price = el('input', {
    name: 'price',
    inputmode: 'decimal',
    autocomplete: 'off',
    required: true,
    oninput: quote,
  });
  const quantity = el('input', {
    name: 'quantity',
    type: 'number',
    min: 1,
    max: 100,
    value: 1,
    required: true,
    oninput: quote,
  });
  const expiry = el(
    'select',
    { name: 'expiry' },
    EXPIRIES.map(([hours, label]) => el('option', { value: hours, selected: hours === '720' }, label)),
    el('option', { value: '0' }, 'Never'),
  );
  const placeButton = el('button', { type: 'submit', class: 'primary' });
  const nowButton = el('button', { type: 'button', onclick: takeBest });
  const sides = el(
    'div',
    { class: 'switch', role: 'group', 'aria-label': 'Side' },
    ...[
      ['bid', 'Buy'],
      ['ask', 'Sell'],
    ].map(([value, label]) =>
      el('button', { type: 'button', 'data-side': value, onclick: () => choose(value) }, label),
    ),
  );
  const ticket = el(
    'form',
    { class: 'ticket', onsubmit: place },
    sides,
    el('label', {}, el('span', {}, 'Price'), price),
    el(
      'div',
      { class: 'pair' },
      el('label', {}, el('span', {}, 'Pairs'), quantity),
      el('label', {}, el('span', {}, 'Good for'), expiry),
    ),
    feeNote,
    el('div', { class: 'actions' }, placeButton, nowButton),
    message,
  );

  function choose(value) {
    side = value;
    for (const button of sides.children)
      button.setAttribute('aria-pressed', String(button.dataset.side === value));
    ticket.dataset.side = value;
    say('');
    label();
    quote();
  }

  function label() {
    const words = WORDS[side];
    const best = top[words.best];
    placeButton.textContent = words.place;
    nowButton.disabled = best === null;
    nowButton.textContent =
      best === null || book === null ? words.now : `${words.now} at ${money(best, book.product.currency)}`;
  }

  function say(text, kind = '') {
    message.replaceChildren(text);
    message.dataset.kind = kind;
  }

  /** What the typed price comes to with the fees, as the server counts them. */
  function quote() {
    clearTimeout(quoteTimer);
    const cents = centsOf(price.value);
    const pairs = Number(quantity.value);
    if (cents === null || book === null || !Number.isInteger(pairs) || pairs < 1 || pairs > 100) {
      feeNote.textContent =
        side === 'bid' ? 'A sale adds 5% for the buyer.' : 'A sale takes 4% from the seller.';
      return;
    }
    const asked = side;
    const { currency } = book.product;
    quoteTimer = setTimeout(async () => {
      const fees = await get(
        `/fees/calculate?price_cents=${cents}&quantity=${pairs}&currency=${currency}`,
      ).catch(() => null);
      if (fees === null || asked !== side) return;
      feeNote.textContent =
        side === 'bid'
          ? `You pay ${money(fees.buyer_total_cents, currency)} with the fee of ${money(fees.buyer_fee_cents, currency)}.`
          : `You receive ${money(fees.seller_payout_cents, currency)} after the fee of ${money(fees.seller_fee_cents, currency)}.`;
    }, QUOTE_DELAY_MS);
  }

  function outcome(answer) {
    const order = answer.bid ?? answer.ask;
    const { currency } = order;
    const sold = answer.matches.map((match) => {
      const total = match.buyer_total_cents ?? match.seller_payout_cents;
      return `${WORDS[order.side].verb} ${match.quantity} at ${money(match.price_cents, currency)} (${money(total, currency)} with fees).`;
    });
    if (order.status === 'active')
      sold.push(`${order.remaining_quantity} open at ${money(order.price_cents, currency)}.`);
    say(sold.join(' ') || 'Nothing matched at that price.', 'good');
    refresh();
  }

  async function attempt(work) {
    if (user === null) {
      onSignIn();
      return;
    }
    placeButton.disabled = true;
    try {
      outcome(await work());
    } catch (error) {
      say(error.message, 'bad');
      throw error;
    } finally {
      placeButton.disabled = false;
    }
  }

  async function place(event, confirm = false) {
    event?.preventDefault();
    const cents = centsOf(price.value);
    if (cents === null) {
      say('Type a price such as 220 or 219.50.', 'bad');
      price.focus();
      return;
    }
    const order = {
      product_id: book.product.id,
      size_id: book.size.id,
      price_cents: cents,
      quantity: Number(quantity.value),
      expires_in_hours: Number(expiry.value),
      confirm,
    };
    try {
      await attempt(() => change('POST', `/${WORDS[side].path}`, order));
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'price_outside_collar') return;
      say('This price is far from where the market is.', 'bad');
      message.append(
        ' ',
        el('button', { type: 'button', onclick: () => place(null, true) }, 'Place it anyway'),
      );
    }
  }

  async function takeBest() {
    const words = WORDS[side];
    const best = top[words.best];
    if (best === null) return;
    const path = `/market/${book.product.id}/${book.size.id}/${words.action}`;
    const body = { quantity: Number(quantity.value), limit_price_cents: best };
    await attempt(() => change('POST', path, body)).catch(() => {});
  }

  async function cancel(order) {
    try {
      await change('DELETE', `/${WORDS[order.side].path}/${order.id}`);
      say('Cancelled.', 'good');
    } catch (error) {
      say(error.message, 'bad');
    }
    refresh();
  }

  const productOf = (id) => {
    if (!products.has(id)) products.set(id, get(`/products/${id}`));
    return products.get(id);
  };

  async function describe({ product_id, size_id }) {
    const product = await productOf(product_id).catch(() => null);
    const size = product?.sizes.find(({ id }) => id === size_id);
    return `${product?.name ?? 'A shoe no longer shown'}${size ? `, size ${size.label}` : ''}`;
  }

  async function orderLine(order) {
    const left = order.partially_filled
      ? `${order.remaining_quantity} of ${order.quantity}`
      : String(order.quantity);
    return el(
      'li',
      { class: order.side },
      el(
        'span',
        { class: 'order-what' },
        el(
          'strong',
          {},
          `${order.side === 'bid' ? 'Bid' : 'Ask'} ${money(order.price_cents, order.currency)} × ${left}`,
        ),
        el('span', { class: 'quiet' }, await describe(order)),
      ),
      order.allowed_actions.includes('cancel') &&
        el('button', { type: 'button', onclick: () => cancel(order) }, 'Cancel'),
    );
  }

  async function matchLine(match) {
    const total = match.buyer_total_cents ?? match.seller_payout_cents;
    return el(
      'li',
      { class: match.role === 'buyer' ? 'bid' : 'ask' },
      el(
        'span',
        { class: 'order-what' },
        el(
          'strong',
          {},
          `${match.role === 'buyer' ? 'Bought' : 'Sold'} at ${money(match.price_cents, match.currency)} × ${match.quantity}`,
        ),
        el('span', { class: 'quiet' }, await describe(match)),
        el(
          'span',
          { class: 'quiet' },
          `${money(total, match.currency)} with fees, ${when(match.created_at)}`,
        ),
      ),
    );
  }

  /** Reads the user's orders and matches again; many reasons in a moment make one read. */
  function refresh() {
    clearTimeout(refreshTimer);
    if (user === null) return;
    refreshTimer = setTimeout(async () => {
      const asked = user;
      const lists = await Promise.all([
        getMine('/bids?status=open&limit=50'),
        getMine('/asks?status=open&limit=50'),
        getMine('/matches?limit=5'),
      ]).catch(() => null);
      if (lists === null || user !== asked) return;
      const [bids, asks, taken] = lists.map(({ data }) => data);
      const open = [...bids, ...asks].sort((a, b) => b.created_at.localeCompare(a.created_at));
      const nothing = (text) => [el('li', { class: 'empty' }, text)];
      orders.replaceChildren(
        ...(open.length > 0 ? await Promise.all(open.map(orderLine)) : nothing('You have no open orders.')),
      );
      matches.replaceChildren(
        ...(taken.length > 0 ? await Promise.all(taken.map(matchLine)) : nothing('No match yet.')),
      );
    }, REFRESH_DELAY_MS);
  }

  function show() {
    const mine =
      user === null
        ? []
        : [
            el(
              'div',
              { class: 'panel' },
              el('h3', {}, 'My open orders'),
              orders,
              el('h3', {}, 'My matches'),
              matches,
            ),
          ];
    byId('desk')?.replaceChildren(
      el(
        'div',
        { class: 'panel' },
        el('h3', {}, book ? `Trade size ${book.size.label}` : 'Trade'),
        ticket,
        user === null &&
          el(
            'p',
            { class: 'quiet' },
            el('button', { type: 'button', class: 'link', onclick: onSignIn }, 'Sign in'),
            ' to place an order. Watching needs no account.',
          ),
      ),
      ...mine,
    );
  }

  choose('bid');
  onUser((current) => {
    user = current;
    show();
    refresh();
  });
  return {
    showBook(shown) {
      const isNew = book?.size.id !== shown.size.id;
      book = shown;
      if (isNew) {
        price.value = '';
        top = { bid: null, ask: null };
        say('');
      }
      show();
      label();
      quote();
    },
    showTop(best) {
      top = best;
      label();
      const suggestion = top[side];
      if (price.value === '' && suggestion !== null && document.activeElement !== price) {
        price.value = (suggestion / 100).toFixed(2);
        quote();
      }
    },
    refresh,
  };
}
