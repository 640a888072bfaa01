import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, type RequestOptions, request, signUp, type TestUser } from '../support/accounts.ts';
import { projected } from '../support/book-object.ts';
import { adminUser, createBook, depthOf, marketOf, place, placed, type TestBook } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';

/** Rows of everything that an order could touch; of the projection only this book's, as other books may still fill it. */
async function rowCounts(): Promise<unknown> {
  return env.DB.prepare(
    `select (select count(*) from book_orders where size_id = ?1) as orders,
       (select count(*) from matches where size_id = ?1) as matches,
       (select count(*) from trades where size_id = ?1) as trades, (select count(*) from products) as products,
       (select count(*) from sizes) as sizes, (select count(*) from idempotency_keys) as keys,
       (select count(*) from dead_letters) as letters`,
  )
    .bind(book.sizeId)
    .first();
}

let book: TestBook;
let ann: TestUser;
let ben: TestUser;
let annsBid: string;
let bensMatch: { bid: string; match: string };

beforeAll(async () => {
  book = await createBook();
  [ann, ben] = await Promise.all([signUp('refused-ann'), signUp('refused-ben')]);
  annsBid = (await placed(book, ann, 'bid', { price_cents: 10_000, quantity: 3 })).id;
  await placed(book, ann, 'ask', { price_cents: 12_000 });
  const taken = await placed(book, ben, 'bid', { price_cents: 12_000 });
  bensMatch = { bid: taken.id, match: taken.matches[0]!.id };
  await projected(book);
});

/** The request is refused as said, as a problem document, and nothing has changed by it. */
async function refused(
  expected: string,
  response: () => Promise<Response>,
): Promise<Record<string, unknown>> {
  const before = [await depthOf(book), await marketOf(book), await rowCounts()];
  const answer = await response();
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  const problem = await bodyOf(answer);
  expect(`${answer.status} ${problem.code}`).toBe(expected);
  expect(problem).toMatchObject({
    type: `urn:bourse:problem:${problem.code}`,
    status: answer.status,
    request_id: answer.headers.get('X-Request-Id'),
  });
  expect([await depthOf(book), await marketOf(book), await rowCounts()]).toEqual(before);
  return problem;
}

const order = (changes: Record<string, unknown>) => ({
  product_id: book.productId,
  size_id: book.sizeId,
  price_cents: 10_001,
  ...changes,
});
/** JSON with one member written out, for values that JavaScript would write differently. */
const rawOrder = (member: string) => JSON.stringify(order({ here: 0 })).replace('"here":0', member);
const raw = (body: BodyInit, type = 'application/json'): RequestOptions => ({
  method: 'POST',
  token: ben.token,
  body,
  headers: { 'Content-Type': type },
});

describe('an order with a bad value', () => {
  it.each(
    [
      [
        'price_cents',
        [
          0,
          -1,
          -10_000,
          1.5,
          2 ** 53,
          2 ** 53 + 2,
          1e300,
          10 ** 15,
          '10001',
          '1e3',
          null,
          [10_001],
          {},
          true,
        ],
      ],
      ['quantity', [0, -1, 101, 10 ** 9, 0.5, '1', null, [], {}]],
      ['time_in_force', ['GTC', 'day', '', 0, null]],
      ['post_only', ['true', 1, null]],
      ['confirm', ['yes', 0, null]],
      ['expires_in_hours', [-1, 0.5, 1e9, '24', null]],
      ['expires_at', ['tomorrow', '2030-01-01', '2030-02-30T00:00:00Z', 1_900_000_000, '', null]],
      ['client_id', ['', 'with space', 'x'.repeat(65), 7, null, 'ü']],
      ['product_id', [null, 7, 'x'.repeat(41), []]],
      ['size_id', [null, 7, 'x'.repeat(41), {}]],
    ].flatMap(([field, values]) => (values as unknown[]).map((value) => [field as string, value] as const)),
  )('%s: %j', async (field, value) => {
    const problem = await refused('422 validation_failed', () =>
      request('/api/v1/bids', { token: ben.token, json: order({ [field]: value }) }),
    );
    for (const error of problem.errors as unknown[])
      expect(error).toMatchObject({ pointer: expect.stringMatching(`^/${field}(/|$)`) });
  });

  it.each(['product_id', 'size_id', 'price_cents'])('without %s', async (field) => {
    await refused('422 validation_failed', () =>
      request('/api/v1/asks', { token: ben.token, json: order({ [field]: undefined }) }),
    );
  });

  it('with a price that is no number at all', async () => {
    for (const text of ['NaN', 'Infinity', '0x10', '01', '1e', "'1'"])
      await refused('400 malformed_json', () => request('/api/v1/bids', raw(rawOrder(`"quantity":${text}`))));
    for (const text of ['1e400', '-1e400', '9007199254740993', '1e-3', '-0'])
      await refused('422 validation_failed', () =>
        request('/api/v1/bids', raw(rawOrder(`"price_cents":${text}`))),
      );
  });

  it('with both expiries, or one that has passed', async () => {
    const both = { expires_in_hours: 1, expires_at: '2999-01-01T00:00:00Z' };
    await refused('422 validation_failed', () => place(book, ben, 'bid', { price_cents: 9_000, ...both }));
    for (const expires_at of ['2020-01-01T00:00:00Z', '0001-01-01T00:00:00Z', new Date().toISOString()])
      await refused('422 order_expired', () => place(book, ben, 'bid', { price_cents: 9_000, expires_at }));
    await refused('422 validation_failed', () =>
      place(book, ben, 'bid', { price_cents: 9_000, time_in_force: 'gtt' }),
    );
    await refused('422 validation_failed', () =>
      place(book, ben, 'bid', { price_cents: 9_000, time_in_force: 'gtt', expires_in_hours: 0 }),
    );
  });

  it('with fields that nobody knows, whatever they are called', async () => {
    for (const member of [
      '"surprise":1',
      '"userId":"usr_x"',
      '"__proto__":{"confirm":true}',
      '"constructor":{}',
    ])
      await refused('422 validation_failed', () => request('/api/v1/bids', raw(rawOrder(member))));
  });

  it('with a member twice: the last one counts, for the checks as for the order', async () => {
    await refused('422 validation_failed', () => request('/api/v1/bids', raw(rawOrder('"price_cents":0'))));
    await refused('422 validation_failed', () =>
      request('/api/v1/bids', raw(`{"price_cents":10001,${rawOrder('"price_cents":-5').slice(1)}`)),
    );
  });
});

describe('a body that cannot be read', () => {
  it.each(['/api/v1/bids', '/api/v1/asks', '/api/v1/bids/batch', '/api/v1/asks/batch'])(
    '%s',
    async (path) => {
      for (const body of ['{', '', 'null,', '{"price_cents":1,}', '\u0000', '[1', 'undefined'])
        await refused(body === '' ? '422 validation_failed' : '400 malformed_json', () =>
          request(path, body === '' ? { method: 'POST', token: ben.token } : raw(body)),
        );
      for (const body of ['null', '[]', '1', '"text"', 'true'])
        await refused('422 validation_failed', () => request(path, raw(body)));
    },
  );

  it('of a megabyte', async () => {
    const large = JSON.stringify(order({ client_id: 'x'.repeat(1_048_576) }));
    await refused('413 body_too_large', () => request('/api/v1/bids', raw(large)));
    const stream = new Response(large).body!;
    await refused('413 body_too_large', () => request('/api/v1/bids', raw(stream)));
  });

  it('of another type than JSON', async () => {
    const good = JSON.stringify(order({}));
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json-patch',
      'text/json',
      'application/jsonp',
      'application/json, text/plain',
    ])
      await refused('415 unsupported_media_type', () => request('/api/v1/bids', raw(good, type)));
    await refused('415 unsupported_media_type', () =>
      request('/api/v1/bids', { method: 'POST', token: ben.token, body: new TextEncoder().encode(good) }),
    );
    // A limit in a body that is passed over would be no limit at all.
    await refused('415 unsupported_media_type', () =>
      request(`${book.market}/buy-now`, raw('{"limit_price_cents":1}', 'text/plain')),
    );
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
    ])
      await refused('422 validation_failed', () => request('/api/v1/bids', raw('{}', type)));
  });
});

describe('a book or an order that is not there', () => {
  it('answers the same for unknown, foreign and nonsensical books', async () => {
    const other = await createBook();
    for (const changes of [
      { size_id: 'siz_0000000000000000' },
      { size_id: 'siz_' },
      { size_id: "siz_'; drop table" },
      { size_id: '' },
      { size_id: book.productId },
      { product_id: 'prd_0000000000000000' },
      { product_id: other.productId },
      { size_id: other.sizeId },
      { product_id: '' },
    ])
      await refused('404 size_not_found', () =>
        request('/api/v1/bids', { token: ben.token, json: order(changes) }),
      );
    for (const market of [
      `/api/v1/market/${other.productId}/${book.sizeId}`,
      `/api/v1/market/${book.productId}/siz_zzzzzzzzzzzzzzzz`,
      `/api/v1/market/${book.productId}/x`,
      '/api/v1/market/%00/%F0%9F%91%9F',
    ]) {
      for (const path of ['', '/book', '/trades', '/candles', '/quote?side=bid'])
        await refused('404 size_not_found', () => request(`${market}${path}`));
      for (const action of ['buy-now', 'sell-now'])
        await refused('404 size_not_found', () =>
          request(`${market}/${action}`, { token: ben.token, json: {} }),
        );
    }
  });

  it('answers the same for unknown orders and those of others', async () => {
    const details = new Set<unknown>();
    for (const id of [
      annsBid,
      'bid_0000000000000000zz',
      `${annsBid.slice(0, 20)}zzz`,
      annsBid.replace('bid', 'ask'),
      'bid_',
      'nonsense',
      'bid_00000000000000000000000000000',
      `${annsBid.slice(0, 20)}zzzzzzzzzzz`,
    ]) {
      const path = `/api/v1/bids/${id}`;
      for (const options of [
        { token: ben.token },
        { token: ben.token, method: 'PATCH', json: { quantity: 1 } },
        { token: ben.token, method: 'DELETE' },
      ])
        details.add((await refused('404 order_not_found', () => request(path, options))).detail);
    }
    expect(details.size).toBe(1);
    await refused('404 match_not_found', async () => {
      const stranger = await signUp('match-stranger');
      return request(`/api/v1/matches/${bensMatch.match}`, { token: stranger.token });
    });
    await refused('404 match_not_found', () => request('/api/v1/matches/mat_x', { token: ben.token }));
    expect((await request(`/api/v1/matches/${bensMatch.match}`, { token: ann.token })).status).toBe(200);
  });
});

describe('an order that the book refuses', () => {
  it('after it has matched', async () => {
    const path = `/api/v1/bids/${bensMatch.bid}`;
    await refused('409 not_resting', () => request(path, { token: ben.token, method: 'DELETE' }));
    await refused('409 not_resting', () =>
      request(path, { token: ben.token, method: 'PATCH', json: { quantity: 5 } }),
    );
  });

  it('when an amendment asks for what cannot be', async () => {
    const cat = await signUp('amending-cat');
    const own = await createBook();
    const bid = await placed(own, cat, 'bid', { price_cents: 10_000, quantity: 5 });
    await placed(own, ann, 'ask', { price_cents: 10_000, quantity: 2 });
    await placed(own, ann, 'ask', { price_cents: 11_000 });
    const amend = async (json: Record<string, unknown>) => {
      const before = await depthOf(own);
      const code = await refusalOf(
        await request(`/api/v1/bids/${bid.id}`, { token: cat.token, method: 'PATCH', json }),
      );
      expect(await depthOf(own)).toEqual(before);
      return code;
    };
    expect(await amend({ quantity: 1 })).toBe('409 quantity_below_filled');
    expect(await amend({ quantity: 2 })).toBe('409 quantity_below_filled');
    expect(await amend({})).toBe('422 nothing_to_amend');
    expect(await amend({ price_cents: 10_000, quantity: 5 })).toBe('422 nothing_to_amend');
    expect(await amend({ price_cents: 0 })).toBe('422 validation_failed');
    expect(await amend({ price_cents: 1 })).toBe('422 price_outside_collar');
    expect(await amend({ quantity: 101 })).toBe('422 validation_failed');
    expect(await amend({ expires_at: '2020-01-01T00:00:00Z' })).toBe('422 order_expired');
    expect(await amend({ side: 'ask' })).toBe('422 validation_failed');
  });

  it('as a trade with oneself, as post-only that would cross, as fill-or-kill that cannot be filled', async () => {
    const own = await refused('409 self_trade_prevented', () =>
      place(book, ann, 'ask', { price_cents: 10_000 }),
    );
    expect(own.own_order_id).toBe(annsBid);
    const cross = await refused('409 post_only_would_cross', () =>
      place(book, ben, 'ask', { price_cents: 10_000, post_only: true }),
    );
    expect(cross.best_price_cents).toBe(10_000);
    const fok = await refused('409 fok_unfillable', () =>
      place(book, ben, 'ask', { price_cents: 10_000, quantity: 4, time_in_force: 'fok' }),
    );
    expect(fok.available_quantity).toBe(3);
  });

  it('outside the collar, unless confirmed', async () => {
    for (const price_cents of [2_399, 60_001]) {
      const problem = await refused('422 price_outside_collar', () =>
        place(book, ben, 'ask', { price_cents, post_only: true }),
      );
      expect(problem).toMatchObject({ reference_cents: 12_000, factor: 5 });
    }
    await refused('409 post_only_would_cross', () =>
      place(book, ben, 'ask', { price_cents: 2_400, post_only: true }),
    );
    const far = await placed(await createBook({ retailCents: 10_000 }), ben, 'ask', {
      price_cents: 50_001,
      confirm: true,
    });
    expect(far.status).toBe('active');
  });

  it('off the tick', async () => {
    const ticking = await createBook({ tickCents: 100 });
    const response = await place(ticking, ben, 'bid', { price_cents: 10_050 });
    expect(await bodyOf(response)).toMatchObject({ code: 'price_off_tick', tick_cents: 100 });
    expect(await depthOf(ticking)).toMatchObject({ seq: 0 });
  });

  it('as the fifty-first that is open', async () => {
    const full = await createBook();
    const cat = await signUp('fifty-cat');
    const answers = await Promise.all(
      Array.from({ length: 51 }, (_, index) => place(full, cat, 'bid', { price_cents: 10_000 + index })),
    );
    expect(answers.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(50);
    const last = answers.find(({ status }) => status !== 201)!;
    expect(await bodyOf(last)).toMatchObject({ status: 409, code: 'open_order_limit', limit: 50 });
  });
});

describe('a caller whose token is no good', () => {
  const forged = (change: (parts: string[]) => string[]) => change(ann.token.split('.')).join('.');
  const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll('=', '');

  it.each<[string, () => string]>([
    ['tampered in its claims', () => forged(([head, , tail]) => [head!, encode({ sub: 'usr_x' }), tail!])],
    [
      'tampered in its signature',
      () => forged(([head, body, tail]) => [head!, body!, `A${tail!.slice(1)}B`]),
    ],
    ['of no algorithm', () => forged(([, body]) => [encode({ alg: 'none', typ: 'at+jwt' }), body!, ''])],
    ['cut off', () => ann.token.slice(0, -10)],
    ['empty', () => ''],
    ['enormous', () => 'x'.repeat(20_000)],
  ])('%s', async (_, token) => {
    const body = JSON.stringify(order({}));
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token()}` };
    await refused('401 invalid_token', () => request('/api/v1/bids', { method: 'POST', body, headers }));
    await refused('401 invalid_token', () => request(`/api/v1/bids/${annsBid}`, { headers }));
  });

  it('absent', async () => {
    for (const [path, options] of [
      ['/api/v1/bids', { json: order({}) }],
      ['/api/v1/bids', {}],
      [`/api/v1/bids/${annsBid}`, { method: 'DELETE' }],
      ['/api/v1/matches', {}],
      [`${book.market}/buy-now`, { json: {} }],
    ] as [string, RequestOptions][])
      await refused('401 unauthenticated', () => request(path, options));
  });
});

describe('a request that no route takes', () => {
  it('in its path or its method', async () => {
    for (const path of [
      '/api/v1/bid',
      '/api/v2/bids',
      '/api/v1/bids/a/b',
      '/api/v1/market',
      '/api/v1/bids//',
    ])
      await refused('404 route_not_found', () => request(path));
    const wrong = await request('/api/v1/bids', { method: 'PUT', token: ben.token });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('Allow')!.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
    await refused('405 method_not_allowed', () => request(book.market, { method: 'POST' }));
    await refused('405 method_not_allowed', () =>
      request(`/api/v1/matches/${bensMatch.match}`, { method: 'DELETE' }),
    );
  });

  it('in its query', async () => {
    const { token } = ben;
    for (const [path, code] of [
      ['/api/v1/bids?limit=0', 'validation_failed'],
      ['/api/v1/bids?limit=101', 'validation_failed'],
      ['/api/v1/bids?limit=ten', 'validation_failed'],
      ['/api/v1/bids?limit=1.5', 'validation_failed'],
      ['/api/v1/bids?status=gone', 'validation_failed'],
      ['/api/v1/matches?role=watcher', 'validation_failed'],
      ['/api/v1/bids?cursor=nonsense', 'invalid_cursor'],
      [`/api/v1/bids?cursor=${btoa('[1]')}`, 'invalid_cursor'],
      [`/api/v1/bids?cursor=${btoa('["1","x"]')}`, 'invalid_cursor'],
      [`/api/v1/bids?cursor=${btoa('{"a":1}')}`, 'invalid_cursor'],
      [`/api/v1/matches?cursor=${btoa('null')}`, 'invalid_cursor'],
      [`${book.market}/trades?cursor=${btoa('[null,"x"]')}`, 'invalid_cursor'],
      [`${book.market}/trades?limit=0`, 'validation_failed'],
      [`${book.market}/book?depth=0`, 'validation_failed'],
      [`${book.market}/book?depth=501`, 'validation_failed'],
      [`${book.market}/candles?interval=1m`, 'validation_failed'],
      [`${book.market}/candles?limit=1001`, 'validation_failed'],
      [`${book.market}/candles?from=yesterday`, 'validation_failed'],
      [`${book.market}/candles?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z`, 'validation_failed'],
      [`${book.market}/quote`, 'validation_failed'],
      [`${book.market}/quote?side=bid&quantity=0`, 'validation_failed'],
      [`${book.market}/quote?side=bid&quantity=101`, 'validation_failed'],
      ['/api/v1/fees/calculate', 'validation_failed'],
      ['/api/v1/fees/calculate?price_cents=0', 'validation_failed'],
      ['/api/v1/fees/calculate?price_cents=9007199254740993', 'validation_failed'],
      ['/api/v1/fees/calculate?price_cents=100&currency=XXX', 'validation_failed'],
    ] as const)
      expect([path, await refusalOf(await request(path, { token }))]).toEqual([path, `422 ${code}`]);
  });
});

it('an admin is refused with the same care', async () => {
  const { token } = await adminUser();
  const history = `/api/v1/admin/market/${book.productId}/${book.sizeId}/history`;
  const sale = { at: '2020-01-01T00:00:00Z', price_cents: 100 };
  for (const json of [
    {},
    { trades: [] },
    { trades: [{ ...sale, price_cents: 0 }] },
    { trades: [{ ...sale, at: 'then' }] },
    { trades: [{ ...sale, extra: 1 }] },
    { trades: [sale, { ...sale, at: new Date(Date.now() + 3_600_000).toISOString() }] },
    { trades: Array.from({ length: 501 }, () => sale) },
  ])
    await refused('422 validation_failed', () => request(history, { token, json }));
  await refused('403 forbidden', () => request(history, { token: ben.token, json: { trades: [sale] } }));
  await refused('401 unauthenticated', () => request(history, { json: { trades: [sale] } }));
});
