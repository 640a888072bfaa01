import { describe, expect, it } from 'vitest';
import { isBlocked } from '../../src/features/conversations/blocks.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';
import { connectTo, upgradeTo } from '../support/channels.ts';
import {
  chatDevice,
  chatHeard,
  evictConversation,
  insideConversation,
  newPair,
  type Pair,
  projected,
  say,
  sendOver,
} from '../support/conversations.ts';
import { greyPng } from '../support/pictures.ts';

interface Summary {
  id: string;
  unread_count: number;
  is_archived: boolean;
  last_message: { preview: string } | null;
  message?: { content: string } | null;
}
interface Inbox {
  data: Summary[];
  next_cursor: string | null;
  unread_count: number;
}
interface MessageAnswer {
  id: string;
  seq: number;
  content: string;
  status: string;
  warnings: string[];
  sender: { username: string } | null;
  allowed_actions: string[];
  edits: { content: string }[];
  edited_at: string | null;
  deleted_at: string | null;
  reactions: Record<string, string[]>;
}
interface MessagePage {
  data: MessageAnswer[];
  next_cursor: string | null;
}

const start = (caller: TestUser, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  request('/api/v1/conversations', { token: caller.token, json: body, headers });
const inbox = async (user: TestUser, query = ''): Promise<Inbox> =>
  bodyOf<Inbox>(await request(`/api/v1/conversations${query}`, { token: user.token }));
const messages = async (pair: Pair, user: TestUser, query = ''): Promise<MessagePage> =>
  bodyOf<MessagePage>(await request(`${pair.path}/messages${query}`, { token: user.token }));

let people = 0;
const somebody = (): Promise<TestUser> => {
  people += 1;
  return signUp(`talker-${people}`);
};

describe('POST /conversations (SL-01)', () => {
  it('begins one with its first message, and finds it again whoever asks', async () => {
    const [ann, ben] = await Promise.all([somebody(), somebody()]);
    const first = await start(ann, { other_user_id: ben.userId, initial_message: 'Hello Ben' });
    expect(first.status).toBe(201);
    const begun = await bodyOf<Summary>(first);
    expect(begun).toMatchObject({
      last_message: { preview: 'Hello Ben' },
      message: { content: 'Hello Ben' },
      other_user: { id: ben.userId, username: ben.username },
    });
    const again = await start(ben, { other_user_id: ann.userId });
    expect([again.status, (await bodyOf<Summary>(again)).id]).toEqual([200, begun.id]);
  });

  it('says its first message once under one Idempotency-Key', async () => {
    const [ann, ben] = await Promise.all([somebody(), somebody()]);
    const body = { other_user_id: ben.userId, initial_message: 'once' };
    const key = { 'Idempotency-Key': crypto.randomUUID() };
    const answers = [await start(ann, body, key), await start(ann, body, key)];
    const [first, second] = await Promise.all(answers.map((answer) => bodyOf<Summary>(answer)));
    expect(second).toEqual(first);
    expect((await inbox(ben)).data).toMatchObject([{ id: first!.id, unread_count: 1 }]);
  });

  it('is seen by the other only when something was said', async () => {
    const { ann, ben, id, ...pair } = await newPair();
    expect((await inbox(ann)).data).toMatchObject([{ id, last_message: null }]);
    expect((await inbox(ben)).data).toEqual([]);
    await say({ ann, ben, id, ...pair }, ann, 'now');
    await projected(id);
    expect((await inbox(ben)).data).toMatchObject([{ id }]);
  });

  it('refuses oneself, nobody, what is not there, two things at once, unknown fields and strangers', async () => {
    const [ann, ben] = await Promise.all([somebody(), somebody()]);
    const other_user_id = ben.userId;
    const refused = async (body: Record<string, unknown>) => refusalOf(await start(ann, body));
    expect(await refused({ other_user_id: ann.userId })).toBe('422 self_conversation');
    expect(await refused({ other_user_id: 'usr_0000000000000000' })).toBe('404 user_not_found');
    expect(await refused({ other_user_id, product_id: 'prd_0000000000000000' })).toBe(
      '404 product_not_found',
    );
    expect(await refused({ other_user_id, product_id: 'lst_0000000000000000' })).toBe(
      '404 listing_not_found',
    );
    expect(await refused({ other_user_id, order_id: 'ord_0000000000000000' })).toBe('404 order_not_found');
    expect(await refused({ other_user_id, offer_id: 'ofr_0000000000000000' })).toBe('404 offer_not_found');
    expect(await refused({ other_user_id, order_id: 'a', offer_id: 'b' })).toBe('422 validation_failed');
    expect(await refused({ other_user_id, sender_id: ben.userId })).toBe('422 validation_failed');
    expect(await refused({ other_user_id, initial_message: 'x'.repeat(5_001) })).toBe(
      '422 validation_failed',
    );
    expect(await refusalOf(await request('/api/v1/conversations', { json: { other_user_id } }))).toBe(
      '401 unauthenticated',
    );
  });
});

describe('GET /conversations (SL-02)', () => {
  it('is sorted by the newest message and filtered by all, unread and archived, by cursor or page', async () => {
    const me = await somebody();
    const others = await Promise.all([somebody(), somebody(), somebody()]);
    const ids: string[] = [];
    for (const other of others) {
      const answer = await start(other, { other_user_id: me.userId, initial_message: 'hi' });
      ids.unshift((await bodyOf<Summary>(answer)).id);
    }
    const all = await inbox(me);
    expect(all.data.map(({ id }) => id)).toEqual(ids);
    expect(all.unread_count).toBe(3);
    const first = await inbox(me, '?limit=2');
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const rest = await inbox(me, `?limit=2&cursor=${first.next_cursor}`);
    expect([rest.data.map(({ id }) => id), rest.next_cursor]).toEqual([ids.slice(2), null]);
    expect((await inbox(me, '?page=2&per_page=2')).data.map(({ id }) => id)).toEqual(ids.slice(2));

    await request(`/api/v1/conversations/${ids[0]}/read`, { method: 'PATCH', token: me.token });
    await request(`/api/v1/conversations/${ids[1]}`, { method: 'DELETE', token: me.token });
    expect((await inbox(me, '?filter=unread')).data.map(({ id }) => id)).toEqual([ids[2]]);
    expect((await inbox(me, '?filter=archived')).data).toMatchObject([{ id: ids[1], is_archived: true }]);
    expect((await inbox(me)).data.map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    for (const query of ['?filter=none', '?cursor=x', '?limit=101', '?per_page=0'])
      expect((await request(`/api/v1/conversations${query}`, { token: me.token })).status).toBe(422);
  });
});

describe('GET /conversations/{id} (SL-03)', () => {
  it('shows messages, people and what can be done, and marks all of it read', async () => {
    const pair = await newPair();
    const { ann, ben } = pair;
    await say(pair, ann, 'one');
    await say(pair, ann, 'two');
    const his = await bodyOf(await request(pair.path, { token: ben.token }));
    expect(his).toMatchObject({
      id: pair.id,
      role: 'seller',
      other_user: { id: ann.userId, username: ann.username },
      unread_count: 0,
      last_seq: 2,
      messages: [
        { content: 'two', sender: { username: ann.username }, status: 'read' },
        { content: 'one', status: 'read' },
      ],
      allowed_actions: ['send', 'archive'],
    });
    expect((await inbox(ben)).data).toMatchObject([{ unread_count: 0 }]);
    expect((await messages(pair, ann)).data[0]).toMatchObject({ status: 'read' });
  });
});

describe('messages', () => {
  it('are checked by their type (SL-04)', async () => {
    const pair = await newPair();
    const refused = async (json: Record<string, unknown>) => refusalOf(await sendOver(pair, pair.ann, json));
    expect(await refused({})).toBe('422 validation_failed');
    expect(await refused({ content: 'x'.repeat(2_001) })).toBe('422 message_too_long');
    expect(await refused({ content: 'x'.repeat(5_001) })).toBe('422 validation_failed');
    expect(await refused({ message_type: 'image' })).toBe('422 validation_failed');
    expect(await refused({ message_type: 'image', image_urls: ['https://evil.example/x.png'] })).toBe(
      '404 image_not_found',
    );
    expect(await refused({ message_type: 'image', image_urls: Array(11).fill('/x') })).toBe(
      '422 validation_failed',
    );
    for (const message_type of ['offer', 'system'])
      expect(await refused({ message_type, content: 'Accepted: 1.00 USD' })).toBe(
        '422 message_type_reserved',
      );
    expect(await refused({ content: 'x', offer_data: { price_cents: 1 } })).toBe('422 message_type_reserved');
    expect(await refused({ content: 'x', sender_id: pair.ben.userId })).toBe('422 validation_failed');
    expect(await refused({ content: 'x', reply_to: 'msg_00000000000000001' })).toBe('404 message_not_found');
    expect((await messages(pair, pair.ann)).data).toEqual([]);
  });

  it('come in pages before a message or a cursor (SL-05), with who sent them', async () => {
    const pair = await newPair();
    for (const n of [1, 2, 3, 4, 5]) await say(pair, n % 2 === 0 ? pair.ben : pair.ann, `n${n}`);
    const first = await messages(pair, pair.ann, '?limit=2');
    expect(first.data.map(({ content }) => content)).toEqual(['n5', 'n4']);
    expect(first.data.map(({ sender }) => sender!.username)).toEqual([pair.ann.username, pair.ben.username]);
    const second = await messages(pair, pair.ann, `?limit=2&cursor=${first.next_cursor}`);
    expect(second.data.map(({ content }) => content)).toEqual(['n3', 'n2']);
    const before = await messages(pair, pair.ann, `?limit=9&before_message_id=${second.data[0]!.id}`);
    expect([before.data.map(({ content }) => content), before.next_cursor]).toEqual([['n2', 'n1'], null]);
    for (const query of ['?before_message_id=nonsense', '?cursor=x', '?limit=0'])
      expect(
        (await request(`${pair.path}/messages${query}`, { token: pair.ann.token })).status,
      ).toBeGreaterThan(400);
  });

  it('are edited, deleted, answered and reacted to, and stay so', async () => {
    const pair = await newPair();
    const { ann, ben } = pair;
    const { id } = await say(pair, ann, 'teh shoe');
    const at = `${pair.path}/messages/${id}`;
    const edited = await bodyOf<MessageAnswer>(
      await request(at, { method: 'PATCH', token: ann.token, json: { content: 'the shoe' } }),
    );
    expect(edited).toMatchObject({ content: 'the shoe', edits: [{ content: 'teh shoe' }] });
    expect(
      await refusalOf(await request(at, { method: 'PATCH', token: ben.token, json: { content: 'mine' } })),
    ).toBe('409 message_not_editable');
    const react = (json: unknown) => request(`${at}/reactions`, { method: 'PUT', token: ben.token, json });
    expect(await bodyOf(await react({ emoji: '👍🏽' }))).toMatchObject({
      reactions: { '👍🏽': [ben.userId] },
    });
    for (const emoji of ['', 'abc', '<script>', '1', '👍'.repeat(40)])
      expect((await react({ emoji })).status).toBe(422);
    const reply = await bodyOf(await sendOver(pair, ben, { content: 'nice', reply_to: id }));
    expect(reply).toMatchObject({ reply_to: id });
    expect((await request(at, { method: 'DELETE', token: ben.token })).status).toBe(409);
    expect((await request(at, { method: 'DELETE', token: ann.token })).status).toBe(204);
    await evictConversation(pair.id);
    expect((await messages(pair, ben)).data[1]).toMatchObject({
      id,
      content: '',
      edits: [],
      reactions: {},
      allowed_actions: [],
    });
    await insideConversation(pair.id, (innards) => {
      innards.now = () => Date.now() + 16 * 60_000;
    });
    const late = `${pair.path}/messages/${(reply as { id: string }).id}`;
    expect(
      await refusalOf(await request(late, { method: 'PATCH', token: ben.token, json: { content: 'late' } })),
    ).toBe('409 message_not_editable');
  });

  it('warn of what is better not done, are stored all the same, and script in them stays text', async () => {
    const pair = await newPair();
    expect(await say(pair, pair.ann, 'pay me by PayPal, mail a@b.example')).toMatchObject({
      warnings: ['off_platform_payment', 'contact_details'],
    });
    const script = '<script>alert(1)</script>';
    expect(await say(pair, pair.ann, script)).toMatchObject({ content: script });
  });

  it('are ten in ten seconds at most, also after a sleep of the object (429)', async () => {
    const pair = await newPair();
    for (let n = 0; n < 10; n += 1) await say(pair, pair.ann, `n${n}`);
    await evictConversation(pair.id);
    const refused = await sendOver(pair, pair.ann, 'one too many');
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await refusalOf(refused)).toBe('429 rate_limited');
    await say(pair, pair.ben, 'I may');
    await insideConversation(pair.id, (innards) => {
      innards.now = () => Date.now() + 10_000;
    });
    await say(pair, pair.ann, 'later');
  });

  it('under an Idempotency-Key are sent once, and another body under it is refused', async () => {
    const pair = await newPair();
    const key = { 'Idempotency-Key': 'key-1' };
    const answers = await Promise.all([1, 2, 3].map(() => sendOver(pair, pair.ann, 'once', key)));
    const ids = await Promise.all(answers.map(async (answer) => (await bodyOf<{ id: string }>(answer)).id));
    expect(new Set(ids).size).toBe(1);
    expect(await refusalOf(await sendOver(pair, pair.ann, 'other', key))).toBe('422 idempotency_key_reused');
    expect((await messages(pair, pair.ann)).data).toHaveLength(1);
  });
});

describe('PATCH /conversations/{id}/read (SL-06)', () => {
  it('reads up to a message or all of it, never back, and the others hear of it', async () => {
    const pair = await newPair();
    for (const n of [1, 2, 3]) await say(pair, pair.ann, `n${n}`);
    const hers = await chatDevice(pair, pair.ann);
    const read = async (json?: unknown) =>
      bodyOf(await request(`${pair.path}/read`, { method: 'PATCH', token: pair.ben.token, json }));
    expect(await read({ seq: 2 })).toMatchObject({ read_seq: 2, unread_count: 1 });
    expect(await read({ seq: 1 })).toMatchObject({ read_seq: 2, unread_count: 1 });
    expect(await read({ seq: 99 })).toMatchObject({ read_seq: 3, unread_count: 0 });
    await chatHeard(hers);
    expect(hers.ofType('message:read')).toMatchObject([{ data: { seq: 2 } }, { data: { seq: 3 } }]);
    await say(pair, pair.ann, 'n4');
    expect(await read()).toMatchObject({ read_seq: 4, unread_count: 0 });
    await chatHeard(hers);
    expect(hers.ofType('messages:read')).toMatchObject([{ data: { seq: 4, user_id: pair.ben.userId } }]);
    expect((await inbox(pair.ben)).unread_count).toBe(0);
  });
});

describe('DELETE /conversations/{id} (SL-07)', () => {
  it('puts it away for the caller alone, until a new message comes', async () => {
    const pair = await newPair();
    await say(pair, pair.ann, 'hi');
    for (const _ of [1, 2])
      expect((await request(pair.path, { method: 'DELETE', token: pair.ben.token })).status).toBe(204);
    expect((await inbox(pair.ben)).data).toEqual([]);
    expect((await inbox(pair.ann)).data).toMatchObject([{ id: pair.id, is_archived: false }]);
    await say(pair, pair.ann, 'still there?');
    await projected(pair.id);
    expect((await inbox(pair.ben)).data).toMatchObject([{ id: pair.id, is_archived: false }]);
    await request(pair.path, { method: 'DELETE', token: pair.ben.token });
    const back = await request(`${pair.path}/unarchive`, { method: 'POST', token: pair.ben.token });
    expect(await bodyOf(back)).toMatchObject({ id: pair.id, is_archived: false });
  });
});

describe('search', () => {
  it('finds words in one’s own conversations alone, not what was edited away or deleted', async () => {
    const pair = await newPair();
    const { id } = await say(pair, pair.ann, 'a very rare zebrafinch');
    await say(pair, pair.ben, 'zebrafinches are fine');
    await projected(pair.id);
    const find = async (user: TestUser, q: string) =>
      (
        await bodyOf<{ data: { content: string }[] }>(
          await request(`/api/v1/conversations/search?q=${encodeURIComponent(q)}`, { token: user.token }),
        )
      ).data.map(({ content }) => content);
    expect(await find(pair.ben, 'zebrafin')).toEqual(['zebrafinches are fine', 'a very rare zebrafinch']);
    expect(await find(await somebody(), 'zebrafin')).toEqual([]);
    for (const odd of ['"', '*', 'NEAR(a', "' OR 1=1 --"]) expect(await find(pair.ben, odd)).toEqual([]);
    await request(`${pair.path}/messages/${id}`, { method: 'DELETE', token: pair.ann.token });
    expect(await find(pair.ann, 'rare')).toEqual([]);
  });
});

describe('pictures', () => {
  it('are shown to the two alone, and only their uploader can send them', async () => {
    const pair = await newPair();
    const upload = (token: string | undefined, body: BodyInit, type = 'image/png') =>
      request(`${pair.path}/images`, { token, method: 'POST', body, headers: { 'Content-Type': type } });
    const bytes = greyPng(64, 48);
    const uploaded = await bodyOf<{ url: string }>(await upload(pair.ann.token, bytes));
    const sent = await sendOver(pair, pair.ann, { message_type: 'image', image_urls: [uploaded.url] });
    expect([sent.status, await bodyOf(sent)]).toMatchObject([
      201,
      { image_urls: [uploaded.url], content: '' },
    ]);
    const stolen = await sendOver(pair, pair.ben, { message_type: 'image', image_urls: [uploaded.url] });
    expect(await refusalOf(stolen)).toBe('404 image_not_found');
    for (const user of [pair.ann, pair.ben]) {
      const shown = await request(uploaded.url, { token: user.token });
      expect(shown.status).toBe(200);
      expect(shown.headers.get('Content-Type')).toBe('image/webp');
      expect(shown.headers.get('Cache-Control')).toContain('private');
      await shown.body?.cancel();
    }
    const eve = await somebody();
    expect(await refusalOf(await request(uploaded.url, { token: eve.token }))).toBe(
      '404 conversation_not_found',
    );
    expect(await refusalOf(await request(uploaded.url))).toBe('401 unauthenticated');
    const open = uploaded.url.replace('/api/v1/conversations', '/media/private/conversations');
    expect((await request(open, { token: pair.ann.token })).status).toBe(404);
    expect(await refusalOf(await upload(eve.token, bytes))).toBe('404 conversation_not_found');
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';
    expect(await refusalOf(await upload(pair.ann.token, svg))).toBe('422 invalid_image');
    expect(await refusalOf(await upload(pair.ann.token, svg, 'image/svg+xml'))).toBe(
      '415 unsupported_media_type',
    );
  });
});

describe('blocked (C.7)', () => {
  it('neither can write, whoever blocked, from the moment it is said', async () => {
    const pair = await newPair();
    await say(pair, pair.ann, 'hi');
    const hers = await chatDevice(pair, pair.ann);
    const block = (method: string) =>
      request(`/api/v1/users/${pair.ann.userId}/block`, { method, token: pair.ben.token });
    await block('PUT');
    expect(await isBlocked(deps, pair.ann.userId, pair.ben.userId)).toBe(true);
    for (const user of [pair.ann, pair.ben])
      expect(await refusalOf(await sendOver(pair, user, 'no'))).toBe('403 conversation_blocked');
    await evictConversation(pair.id);
    for (const frame of [{ type: 'message:send', content: 'no' }, { type: 'typing:start' }])
      expect(await hers.ask(frame)).toMatchObject({ type: 'error', code: 'conversation_blocked' });
    expect(await bodyOf(await request(pair.path, { token: pair.ann.token }))).toMatchObject({
      is_blocked: true,
      last_seq: 1,
      allowed_actions: ['archive'],
    });
    await block('DELETE');
    await say(pair, pair.ann, 'again');
  });
});

describe('strangers (SL-33, SL-34)', () => {
  it('find nothing in any route, and leave nothing', async () => {
    const pair = await newPair();
    const { id } = await say(pair, pair.ann, 'private');
    const eve = await somebody();
    const at = `${pair.path}/messages/${id}`;
    const nowhere = '/api/v1/conversations/cnv_0000000000000000';
    const calls: [string, string, unknown?][] = [
      ['GET', pair.path],
      ['GET', nowhere],
      ['GET', '/api/v1/conversations/nonsense'],
      ['GET', `${pair.path}/messages`],
      ['POST', `${pair.path}/messages`, { content: 'let me in' }],
      ['POST', `${nowhere}/messages`, { content: 'let me in' }],
      ['PATCH', at, { content: 'changed' }],
      ['DELETE', at],
      ['PUT', `${at}/reactions`, { emoji: '👍' }],
      ['PATCH', `${pair.path}/read`, {}],
      ['PUT', `${pair.path}/delivered`, { seq: 1 }],
      ['PUT', `${pair.path}/typing`, { is_typing: true }],
      ['DELETE', pair.path],
      ['POST', `${pair.path}/unarchive`],
    ];
    for (const [method, path, json] of calls) {
      const named = `${method} ${path}`;
      expect([named, await refusalOf(await request(path, { method, token: eve.token, json }))]).toEqual([
        named,
        '404 conversation_not_found',
      ]);
      expect([named, await refusalOf(await request(path, { method, json }))]).toEqual([
        named,
        '401 unauthenticated',
      ]);
    }
    const { status } = await upgradeTo(`${pair.path}/ws`, { Authorization: `Bearer ${eve.token}` });
    expect(status).toBe(404);
    expect((await messages(pair, pair.ann)).data).toMatchObject([{ content: 'private', reactions: {} }]);
    expect((await inbox(eve)).data).toEqual([]);
  });

  it('cannot open a line from a page of another origin, nor without signing in', async () => {
    const pair = await newPair();
    const headers = { Authorization: `Bearer ${pair.ann.token}` };
    const foreign = await upgradeTo(`${pair.path}/ws`, { ...headers, Origin: 'https://evil.example' });
    expect(await refusalOf(foreign)).toBe('403 origin_not_allowed');
    expect(await refusalOf(await upgradeTo(`${pair.path}/ws`))).toBe('401 unauthenticated');
    expect(await refusalOf(await request(`${pair.path}/ws`, { token: pair.ann.token }))).toBe(
      '426 upgrade_required',
    );
    const { ticket } = await bodyOf<{ ticket: string }>(
      await request('/api/v1/ws-tickets', { method: 'POST', token: pair.ann.token }),
    );
    const line = await connectTo(`${pair.path}/ws?ticket=${ticket}`);
    await line.next(({ type }) => type === 'connected');
    const response = await upgradeTo(`${pair.path}/ws`, {
      'Sec-WebSocket-Protocol': `bourse.v1, bearer.${pair.ben.token}`,
    });
    expect([response.status, response.headers.get('Sec-WebSocket-Protocol')]).toEqual([101, 'bourse.v1']);
    response.webSocket!.accept();
    response.webSocket!.close();
  });
});

describe('the average response time', () => {
  it('is measured over the answers of a seller', async () => {
    const pair = await newPair();
    await request(pair.path, { token: pair.ann.token });
    const startedMs = Date.now();
    const at = (nowMs: number) =>
      insideConversation(pair.id, (innards) => {
        innards.now = () => nowMs;
      });
    await at(startedMs);
    await say(pair, pair.ann, 'a question');
    await at(startedMs + 60_000);
    await say(pair, pair.ben, 'a minute later');
    await projected(pair.id);
    expect(await bodyOf(await request(`/api/v1/users/${pair.ben.userId}`))).toMatchObject({
      average_response_seconds: 60,
    });
    expect(await bodyOf(await request(`/api/v1/users/${pair.ann.userId}`))).toMatchObject({
      average_response_seconds: null,
    });
  });
});
