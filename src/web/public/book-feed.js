/**
 * One book, followed by the documented rules of its feed: a snapshot replaces the copy, an update applies when it begins
 * at or before the copy and ends after it, an older one is a duplicate, a later one a gap that is asked for again.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** Heartbeats come every 15 s; a line that has been silent for longer than two is dead, whatever the browser thinks. */
const SILENCE_MS = 40_000;
const CLOSED_FOR_GOOD = 4404;
const CHANNELS = ['book', 'trades', 'ticker', 'heartbeat'];

export class BookCopy {
  /** The last sequence in this copy; null before the first snapshot. */
  seq = null;
  levels = { bid: new Map(), ask: new Map() };

  replace({ seq, bids, asks }) {
    const level = ([price, quantity, count]) => [price, { quantity, count }];
    this.levels = { bid: new Map(bids.map(level)), ask: new Map(asks.map(level)) };
    this.seq = seq;
  }

  /** 'applied', 'duplicate', or 'gap' when something between is missing. */
  apply({ prev_seq, last_seq, changes }) {
    if (this.seq === null || prev_seq > this.seq) return 'gap';
    if (last_seq <= this.seq) return 'duplicate';
    for (const [side, price, quantity, count] of changes) {
      if (quantity === 0) this.levels[side].delete(price);
      else this.levels[side].set(price, { quantity, count });
    }
    this.seq = last_seq;
    return 'applied';
  }

  /** Levels of a side, best first. */
  depth(side, limit) {
    const direction = side === 'bid' ? -1 : 1;
    return [...this.levels[side]]
      .map(([price, level]) => ({ price, ...level }))
      .sort((a, b) => direction * (a.price - b.price))
      .slice(0, limit);
  }
}

/**
 * Keeps a copy of the book at `url` until it is stopped. `token` gives an access token or null for each connection; the
 * others are told: `onBook(copy)`, `onUpdate(frame)` for trades and ticker, `onOrders(orders)`, and
 * `onState('live' | 'connecting' | 'closed')`.
 */
export function followBook({ url, token, onBook, onUpdate, onOrders, onState }, Socket = WebSocket) {
  const copy = new BookCopy();
  let socket = null;
  let waitMs = FIRST_WAIT_MS;
  let retryTimer;
  let silenceTimer;
  let isStopped = false;
  let isAsking = false;

  const send = (frame) => socket?.readyState === 1 && socket.send(JSON.stringify(frame));

  /** Asks for what is missing: once, however many frames show the same gap. */
  function catchUp() {
    if (isAsking) return;
    isAsking = true;
    send({
      type: 'subscribe',
      channels: ['book'],
      ...(copy.seq === null ? {} : { resume_from: copy.seq }),
    });
  }

  function hear(frame) {
    switch (frame.type) {
      case 'snapshot':
        isAsking = false;
        copy.replace(frame);
        onBook(copy);
        break;
      case 'update':
        if (frame.book) {
          const outcome = copy.apply(frame.book);
          if (outcome === 'gap') catchUp();
          else isAsking = false;
          if (outcome === 'applied') onBook(copy);
        }
        if (frame.trades || frame.ticker) onUpdate(frame);
        break;
      case 'heartbeat':
        if (copy.seq === null || frame.seq > copy.seq) catchUp();
        break;
      case 'orders':
        onOrders(frame.orders);
        break;
      case 'error':
        console.warn('The feed refused a frame:', frame.code, frame.detail);
        break;
    }
  }

  function listenForSilence() {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => socket?.close(), SILENCE_MS);
  }

  async function connect() {
    onState('connecting');
    const accessToken = await token().catch(() => null);
    if (isStopped) return;
    const mine = new Socket(url, ['bourse.v1', ...(accessToken === null ? [] : [`bearer.${accessToken}`])]);
    socket = mine;
    isAsking = false;
    mine.onopen = () => {
      listenForSilence();
      send({
        type: 'subscribe',
        channels: accessToken === null ? CHANNELS : [...CHANNELS, 'orders'],
        ...(copy.seq === null ? {} : { resume_from: copy.seq }),
      });
    };
    mine.onmessage = ({ data }) => {
      listenForSilence();
      waitMs = FIRST_WAIT_MS;
      const frame = JSON.parse(data);
      if (frame.type === 'subscribed') onState('live');
      else hear(frame);
    };
    mine.onclose = ({ code }) => {
      clearTimeout(silenceTimer);
      if (isStopped || socket !== mine) return;
      if (code === CLOSED_FOR_GOOD) {
        onState('closed');
        return;
      }
      onState('connecting');
      // Watchers that lost a book together must not come back together.
      retryTimer = setTimeout(connect, waitMs * (0.5 + Math.random() / 2));
      waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    };
  }

  connect();
  return {
    stop() {
      isStopped = true;
      clearTimeout(retryTimer);
      clearTimeout(silenceTimer);
      socket?.close();
    },
  };
}
