import { describe, expect, it } from 'vitest';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { evict, inside, ring, setClock } from '../support/book-object.ts';
import { createBook, depthOf, place, placed } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';
import { connect, type Frame, TestSocket, upgrade } from '../support/sockets.ts';

const term = (price_cents: number, more: Record<string, unknown> = {}) => ({ price_cents, ...more });
const placing = (side: string, price: number, more: Record<string, unknown> = {}) => ({
  op: 'place',
  side,
  order: term(price, more),
});
const results = (frame: Frame) => frame.results as Record<string, unknown>[];

async function connected(response: Response): Promise<Frame> {
  if (response.webSocket === null) throw new Error(await refusalOf(response));
  return new TestSocket(response.webSocket).next(({ type }) => type === 'connected');
}

describe('opening a socket', () => {
  it('needs no account', async () => {
    const book = await createBook();
    expect(await connected(await upgrade(book))).toMatchObject({
      product_id: book.productId,
      size_id: book.sizeId,
      currency: 'USD',
      book_status: 'open',
      user_id: null,
      seq: 0,
    });
  });

  it('takes a token by header, by subprotocol, or as a ticket that works once', async () => {
    const book = await createBook();
    const { token, userId } = await signUp('opener');
    expect(await connected(await upgrade(book, { Authorization: `Bearer ${token}` }))).toMatchObject({
      user_id: userId,
    });
    const bySubprotocol = await upgrade(book, { 'Sec-WebSocket-Protocol': `bourse.v1, bearer.${token}` });
    expect(bySubprotocol.headers.get('Sec-WebSocket-Protocol')).toBe('bourse.v1');
    expect(await connected(bySubprotocol)).toMatchObject({ user_id: userId });
    const { ticket } = await bodyOf<{ ticket: string }>(
      await request('/api/v1/ws-tickets', { method: 'POST', token }),
    );
    expect(await connected(await upgrade(book, {}, `?ticket=${ticket}`))).toMatchObject({ user_id: userId });
    expect(await refusalOf(await upgrade(book, {}, `?ticket=${ticket}`))).toBe('401 invalid_ticket');
  });

  it('does not read a token from the address', async () => {
    const book = await createBook();
    const { token } = await signUp('in-the-url');
    expect(await connected(await upgrade(book, {}, `?token=${token}&access_token=${token}`))).toMatchObject({
      user_id: null,
    });
    expect(await refusalOf(await upgrade(book, {}, `?ticket=${token}`))).toMatch(/^4\d\d /);
  });

  it('is refused to bad tokens, other origins, plain requests and unknown books', async () => {
    const book = await createBook();
    const bad = { Authorization: 'Bearer no.such.token' };
    expect(await refusalOf(await upgrade(book, bad))).toBe('401 invalid_token');
    const proto = { 'Sec-WebSocket-Protocol': 'bourse.v1, bearer.nope' };
    expect(await refusalOf(await upgrade(book, proto))).toBe('401 invalid_token');
    expect(await refusalOf(await upgrade(book, { Authorization: 'Basic YTpi' }))).toBe('401 invalid_token');
    for (const Origin of ['https://evil.test', 'null', 'https://bourse.test.evil.test'])
      expect(await refusalOf(await upgrade(book, { Origin }))).toBe('403 origin_not_allowed');
    expect((await upgrade(book, { Origin: 'https://bourse.test' })).status).toBe(101);
    expect(await refusalOf(await request(`${book.market}/ws`))).toBe('426 upgrade_required');
    const other = await createBook();
    for (const market of [
      `/api/v1/market/${other.productId}/${book.sizeId}`,
      `/api/v1/market/${book.productId}/siz_0000000000000000`,
      `/api/v1/market/${book.productId}/nonsense`,
    ])
      expect(await refusalOf(await upgrade({ ...book, market }))).toBe('404 size_not_found');
  });

  it('cannot be signed in by the headers that the Worker tells the object with', async () => {
    const book = await createBook();
    const { userId } = await signUp('impersonated');
    const headers = {
      'X-Bourse-User': userId,
      'X-Bourse-Session': 'ses_x',
      'X-Bourse-Expires': '9999999999999',
    };
    expect(await connected(await upgrade(book, headers))).toMatchObject({ user_id: null });
  });
});

describe('the feed', () => {
  it('sends a snapshot, then diffs, trades and the ticker in one update', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('feed-ann'), signUp('feed-ben')]);
    await placed(book, ann, 'ask', term(10_000, { quantity: 3 }));
    const socket = await connect(book);
    expect(await socket.ask({ type: 'subscribe', channels: ['book', 'trades', 'ticker'] })).toMatchObject({
      type: 'subscribed',
      channels: ['book', 'ticker', 'trades'],
    });
    expect(await socket.next(({ type }) => type === 'snapshot')).toEqual({
      type: 'snapshot',
      seq: 1,
      bids: [],
      asks: [[10_000, 3, 1]],
    });
    const bid = await placed(book, ben, 'bid', term(10_100));
    expect(await socket.next(({ type }) => type === 'update')).toEqual({
      type: 'update',
      book: { prev_seq: 1, first_seq: 2, last_seq: 2, changes: [['ask', 10_000, 2, 1]] },
      trades: [
        {
          id: bid.matches[0]!.id.replace('mat_', 'trd_'),
          price_cents: 10_000,
          quantity: 1,
          at: expect.any(String),
          source: 'match',
        },
      ],
      ticker: {
        highest_bid_cents: null,
        lowest_ask_cents: 10_000,
        spread_cents: null,
        last_sale_cents: 10_000,
        last_sale_at: expect.any(String),
        total_bids: 0,
        total_asks: 1,
      },
    });
    for (const text of socket.texts) {
      expect(text).not.toContain(ann.userId);
      expect(text).not.toContain(ben.userId);
    }
  });

  it('tells each user of their own orders, and nobody else', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('own-ann'), signUp('own-ben')]);
    const [hers, his, nobodys] = await Promise.all([
      connect(book, ann.token),
      connect(book, ben.token),
      connect(book),
    ]);
    await hers.ask({ type: 'subscribe', channels: ['orders'] });
    await his.ask({ type: 'subscribe', channels: ['orders'] });
    expect(await nobodys.ask({ type: 'subscribe', channels: ['orders'] })).toMatchObject({
      type: 'error',
      code: 'unauthenticated',
    });
    const ask = await placed(book, ann, 'ask', term(10_000));
    expect(await hers.next(({ type }) => type === 'orders')).toMatchObject({
      orders: [{ id: ask.id, status: 'active' }],
    });
    const bid = await placed(book, ben, 'bid', term(10_000));
    await his.next(({ type }) => type === 'orders');
    await hers.until(() => hers.ofType('orders').length === 2);
    expect(hers.ofType('orders')[1]).toMatchObject({ orders: [{ id: ask.id, status: 'matched' }] });
    expect(his.ofType('orders')).toMatchObject([{ orders: [{ id: bid.id, status: 'matched' }] }]);
    await nobodys.settle();
    expect(nobodys.ofType('orders')).toEqual([]);
  });

  it('replays what a client missed while that is at hand, and sends a snapshot past that', async () => {
    const book = await createBook();
    const ann = await signUp('resume-ann');
    for (const price of [9_000, 9_001, 9_002]) await placed(book, ann, 'bid', term(price));
    const resume = async (resume_from: number) => {
      const socket = await connect(book);
      await socket.ask({ type: 'subscribe', channels: ['book'], resume_from });
      await socket.settle();
      return socket.frames.filter(({ type }) => type === 'snapshot' || type === 'update');
    };
    expect(await resume(1)).toEqual([
      {
        type: 'update',
        book: {
          prev_seq: 1,
          first_seq: 2,
          last_seq: 3,
          changes: [
            ['bid', 9_001, 1, 1],
            ['bid', 9_002, 1, 1],
          ],
        },
      },
    ]);
    expect(await resume(3)).toEqual([]);
    // A client that is ahead of the server holds the copy of another life of the book.
    expect(await resume(99)).toMatchObject([{ type: 'snapshot', seq: 3 }]);
    await evict(book);
    expect(await resume(1)).toMatchObject([{ type: 'snapshot', seq: 3 }]);
    await placed(book, ann, 'bid', term(9_003));
    expect(await resume(2)).toMatchObject([{ type: 'snapshot', seq: 4 }]);
    expect(await resume(3)).toMatchObject([{ type: 'update', book: { prev_seq: 3, last_seq: 4 } }]);
  });

  it('stops the channels that a client leaves', async () => {
    const book = await createBook();
    const ann = await signUp('leave-ann');
    const socket = await connect(book);
    await socket.ask({ type: 'subscribe', channels: ['book', 'ticker'] });
    expect(await socket.ask({ type: 'unsubscribe', channels: ['book', 'trades'] })).toMatchObject({
      channels: ['ticker'],
    });
    await placed(book, ann, 'bid', term(9_000));
    await socket.settle();
    expect(socket.ofType('update')).toEqual([{ type: 'update', ticker: expect.any(Object) }]);
  });

  it('beats while somebody listens, with the time and the sequence', async () => {
    const book = await createBook();
    const socket = await connect(book);
    await socket.ask({ type: 'subscribe', channels: ['heartbeat'] });
    const armed = await inside(book, (_, state) => state.storage.getAlarm());
    expect(armed! % 15_000).toBe(0);
    await setClock(book, () => armed!);
    await ring(book);
    expect(await socket.next(({ type }) => type === 'heartbeat')).toEqual({
      type: 'heartbeat',
      server_time: new Date(armed!).toISOString(),
      seq: 0,
    });
    expect(await inside(book, (_, state) => state.storage.getAlarm())).toBe(armed! + 15_000);
  });

  it('goes on after hibernation, with its channels and its caller', async () => {
    const book = await createBook();
    const ann = await signUp('hibernating');
    const socket = await connect(book, ann.token);
    await socket.ask({ type: 'subscribe', channels: ['book', 'orders'] });
    await evict(book);
    await placed(book, ann, 'bid', term(9_000));
    expect(await socket.next(({ type }) => type === 'update')).toMatchObject({
      book: { prev_seq: 0, last_seq: 1, changes: [['bid', 9_000, 1, 1]] },
    });
    await socket.next(({ type }) => type === 'orders');
    await evict(book);
    expect(results(await socket.ask({ type: 'commands', commands: [placing('bid', 9_001)] }))).toMatchObject([
      { ok: true },
    ]);
  });

  it('closes when the product is hidden', async () => {
    const book = await createBook();
    const { token } = await signUp('hider', 'admin');
    const socket = await connect(book);
    await request(`/api/v1/products/${book.productId}`, {
      method: 'PATCH',
      token,
      json: { hidden: true },
      headers: { 'If-Match': '*' },
    });
    await socket.until(() => socket.closedWith !== null);
    expect(socket.closedWith).toMatchObject({ code: 4404 });
    expect(await refusalOf(await upgrade(book))).toBe('404 size_not_found');
  });
});

describe('trading over the socket', () => {
  it('answers as REST does', async () => {
    const [one, two] = await Promise.all([createBook(), createBook()]);
    const [ann, ben] = await Promise.all([signUp('same-ann'), signUp('same-ben')]);
    const socket = await connect(one, ben.token);
    const withoutIds = (text: string) =>
      JSON.parse(
        text.replaceAll(/(bid|ask|mat|prd|siz)_[0-9a-z]+/g, '$1').replaceAll(/"\d{4}-[^"]+Z"/g, '"time"'),
      );
    for (const book of [one, two]) await placed(book, ann, 'ask', term(10_000, { quantity: 2 }));
    for (const order of [
      term(10_000, { client_id: 'a' }),
      term(9_000),
      term(9_000, { time_in_force: 'fok' }),
      term(10_000, { post_only: true }),
      term(1),
      term(0),
      term(9_000, { expires_at: '2001-01-01T00:00:00Z' }),
    ]) {
      const overSocket = results(
        await socket.ask({ type: 'commands', commands: [{ op: 'place', side: 'bid', order }] }),
      )[0]!;
      const response = await place(two, ben, 'bid', order);
      const overRest = await response.json<Record<string, unknown>>();
      const { ok, ...answer } = overSocket;
      expect(ok).toBe(response.ok);
      if (ok) {
        expect(withoutIds(JSON.stringify(answer))).toEqual(withoutIds(JSON.stringify(overRest)));
        continue;
      }
      expect(answer.code).toBe(overRest.code);
      const { type, title, status, request_id, ...rest } = overRest;
      if (overRest.code !== 'validation_failed')
        expect(withoutIds(JSON.stringify(answer))).toEqual(withoutIds(JSON.stringify(rest)));
    }
  });

  it('takes several commands to a frame, good and bad ones, each answered in its place', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('many-ann'), signUp('many-ben')]);
    const bens = await placed(book, ben, 'bid', term(8_000));
    const socket = await connect(book, ann.token);
    const first = results(
      await socket.ask({
        type: 'commands',
        commands: [
          placing('bid', 9_000, { quantity: 3 }),
          placing('bid', 0),
          { op: 'sabotage' },
          null,
          placing('ask', 9_500, { surprise: true }),
          { op: 'cancel', id: bens.id },
          { op: 'cancel', id: 'bid_nonsense' },
          placing('ask', 9_500),
        ],
      }),
    );
    expect(first.map(({ ok, code }) => (ok ? 'ok' : code))).toEqual([
      'ok',
      'validation_failed',
      'validation_failed',
      'validation_failed',
      'validation_failed',
      'not_resting',
      'order_not_found',
      'ok',
    ]);
    const bid = first[0]!.bid as { id: string };
    const ask = first[7]!.ask as { id: string };
    const second = results(
      await socket.ask({
        type: 'commands',
        commands: [
          { op: 'amend', id: bid.id, changes: { quantity: 2 } },
          { op: 'cancel', id: ask.id },
          { op: 'cancel', id: ask.id },
          { op: 'amend', id: bid.id, changes: {} },
        ],
      }),
    );
    expect(second).toMatchObject([
      { ok: true, bid: { id: bid.id, quantity: 2 }, matches: [] },
      { ok: true, ask: { id: ask.id, status: 'cancelled' }, matches: [] },
      { ok: false, code: 'not_resting' },
      { ok: false, code: 'nothing_to_amend' },
    ]);
    expect(await depthOf(book)).toMatchObject({
      bids: [
        [9_000, 2, 1],
        [8_000, 1, 1],
      ],
      asks: [],
    });
  });

  it('knows a client id again, over REST and over the socket', async () => {
    const book = await createBook();
    const ann = await signUp('mixed-ann');
    const order = term(9_000, { client_id: 'mine-1' });
    const overRest = await placed(book, ann, 'bid', order);
    const socket = await connect(book, ann.token);
    const commands = [
      { op: 'place', side: 'bid', order },
      { op: 'place', side: 'bid', order: { ...order, price_cents: 9_001 } },
    ];
    const [again, other] = results(await socket.ask({ type: 'commands', commands }));
    expect(again).toMatchObject({ ok: true, bid: { id: overRest.id } });
    expect(other).toMatchObject({ ok: false, code: 'idempotency_key_reused' });
    const amend = { op: 'amend', id: overRest.id, changes: { quantity: 5 }, client_id: 'mine-2' };
    const cancel = { op: 'cancel', id: overRest.id, client_id: 'mine-3' };
    const twice = results(await socket.ask({ type: 'commands', commands: [amend, amend, cancel, cancel] }));
    expect(twice[1]).toEqual(twice[0]);
    expect(twice[3]).toEqual(twice[2]);
    expect(twice[3]).toMatchObject({ ok: true, bid: { status: 'cancelled' } });
  });

  it('is not for strangers', async () => {
    const book = await createBook();
    const socket = await connect(book);
    expect(await socket.ask({ type: 'commands', commands: [placing('bid', 9_000)] })).toMatchObject({
      type: 'error',
      code: 'unauthenticated',
    });
    expect(await depthOf(book)).toMatchObject({ seq: 0 });
  });

  it('ends with the session', async () => {
    const book = await createBook();
    const [ann, ben] = await Promise.all([signUp('logged-out'), signUp('staying')]);
    const [hers, his] = await Promise.all([connect(book, ann.token), connect(book, ben.token)]);
    for (const socket of [hers, his]) await socket.ask({ type: 'subscribe', channels: ['orders'] });
    await request('/api/v1/auth/logout', { method: 'POST', token: ann.token });
    hers.send({ type: 'commands', commands: [placing('bid', 9_000)] });
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4401 });
    expect(await depthOf(book)).toMatchObject({ seq: 0 });
    await his.settle();
    expect(his.closedWith).toBeNull();
  });

  it('ends with the token, and its orders are told no more', async () => {
    const book = await createBook();
    const ann = await signUp('expiring-ann');
    const socket = await connect(book, ann.token);
    await socket.ask({ type: 'subscribe', channels: ['orders'] });
    await setClock(book, () => Date.now() + 3_600_000);
    // By another session of the same user: this socket may no longer hear of it.
    await placed(book, ann, 'bid', term(9_000));
    await socket.until(() => socket.closedWith !== null);
    expect(socket.closedWith).toMatchObject({ code: 4401 });
    expect(socket.ofType('orders')).toEqual([]);
  });
});

describe('bad frames', () => {
  const BAD: [string, string | ArrayBuffer, string][] = [
    ['binary', new Uint8Array([1, 2, 3]).buffer, 'unsupported_media_type'],
    ['too large', `{"type":"ping","ref":"${'x'.repeat(70_000)}"}`, 'body_too_large'],
    ['too large in bytes alone', `{"type":"ping","ref":"${'é'.repeat(40_000)}"}`, 'body_too_large'],
    ['broken', '{"type":', 'malformed_json'],
    ['not an object', '[1]', 'validation_failed'],
    ['of no known type', '{"type":"order"}', 'validation_failed'],
    ['with unknown fields', '{"type":"ping","extra":1}', 'validation_failed'],
    ['on no known channel', '{"type":"subscribe","channels":["all"]}', 'validation_failed'],
    [
      'resuming from nowhere',
      '{"type":"subscribe","channels":["book"],"resume_from":-1}',
      'validation_failed',
    ],
    ['with no command', '{"type":"commands","commands":[]}', 'validation_failed'],
    [
      'with too many commands',
      JSON.stringify({
        type: 'commands',
        commands: Array.from({ length: 101 }, () => ({ op: 'cancel', id: 'x' })),
      }),
      'validation_failed',
    ],
  ];

  it.each(BAD)('%s: refused, and the socket goes on', async (_, data, code) => {
    const book = await createBook();
    const { token } = await signUp(`bad-${code}-${crypto.randomUUID().slice(0, 8)}`);
    const socket = await connect(book, token);
    socket.sendRaw(data);
    expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code });
    await socket.settle();
    expect(socket.closedWith).toBeNull();
  });

  it('ten of them end the socket, and disturb no neighbour', async () => {
    const book = await createBook();
    const ann = await signUp('neighbour');
    const [bad, good] = await Promise.all([connect(book), connect(book)]);
    await good.ask({ type: 'subscribe', channels: ['book'] });
    for (let index = 0; index < 12; index += 1) bad.sendRaw('nonsense');
    await bad.until(() => bad.closedWith !== null);
    expect(bad.closedWith).toMatchObject({ code: 4400 });
    expect(bad.ofType('error')).toHaveLength(10);
    await placed(book, ann, 'bid', term(9_000));
    await good.next(({ type }) => type === 'update');
    expect(good.ofType('error')).toEqual([]);
  });

  it('a stranger who floods is refused alone', async () => {
    const book = await createBook();
    await inside(book, ({ sockets }) => {
      sockets.host.commandsPerMinute = 3;
    });
    const [flood, calm] = await Promise.all([connect(book), connect(book)]);
    for (let index = 0; index < 5; index += 1) flood.send({ type: 'ping' });
    await flood.until(() => flood.ofType('error').length === 2);
    expect(flood.ofType('pong')).toHaveLength(3);
    expect(flood.ofType('error')[0]).toMatchObject({ code: 'rate_limited' });
    await calm.settle();
    expect(calm.ofType('error')).toEqual([]);
  });

  it('answers a bare ping by itself', async () => {
    const socket = await connect(await createBook());
    socket.sendRaw('ping');
    await socket.until(() => socket.texts.includes('pong'));
    expect(socket.ofType('error')).toEqual([]);
  });
});
