import { describe, expect, it } from 'vitest';
import { runSchedule } from '../../src/jobs/schedule.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { createBook } from '../support/books.ts';
import { readAll, refusalOf } from '../support/catalog.ts';
import {
  connectTo,
  eventsOf,
  evictChannel,
  heard,
  insideChannel,
  ringChannel,
  upgradeTo,
} from '../support/channels.ts';
import { allDone } from '../support/domain-events.ts';
import { createListing } from '../support/listings.ts';
import type { TestSocket } from '../support/sockets.ts';

interface TestStream {
  id: string;
  status: string;
  audience: string;
  title: string;
  tags: { type: string; id: string; title: string }[];
  viewers: number | null;
  stats: { peak_viewers: number; unique_viewers: number; watch_seconds: number; reactions: object } | null;
  end_reason: string | null;
  playback_url: string | null;
  allowed_actions: string[];
}

const MINUTE_MS = 60_000;
let people = 0;
const somebody = (role: 'user' | 'moderator' = 'user'): Promise<TestUser> => {
  people += 1;
  return signUp(`viewer${people}`, role);
};
const post = (path: string, user: TestUser, json: unknown = {}) =>
  request(`/api/v1${path}`, { method: 'POST', token: user.token, json });
const room = (id: string) => `/api/v1/streams/${id}/ws`;
const enter = (id: string, user: TestUser, query = '') => connectTo(`${room(id)}${query}`, user.token);
const read = async (id: string, user: TestUser, query = '') =>
  bodyOf<TestStream>(await request(`/api/v1/streams/${id}${query}`, { token: user.token }));
const ofType = (socket: TestSocket, type: string) => eventsOf(socket).filter((event) => event.type === type);
const texts = (socket: TestSocket) =>
  ofType(socket, 'stream:chat').map(({ data }) => (data as { text: string }).text);

async function announced(host: TestUser, facts: Record<string, unknown> = {}): Promise<TestStream> {
  const listing = await createListing(host);
  const response = await post('/streams', host, {
    title: 'Friday drop',
    tags: [{ type: 'listing', id: listing.id }],
    ...facts,
  });
  if (response.status !== 201) throw new Error(await response.text());
  return bodyOf<TestStream>(response);
}

async function live(host: TestUser, facts: Record<string, unknown> = {}): Promise<TestStream> {
  const stream = await announced(host, facts);
  const response = await post(`/streams/${stream.id}/go-live`, host);
  if (response.status !== 200) throw new Error(await response.text());
  return bodyOf<TestStream>(response);
}

describe('announcing a stream', () => {
  it('takes what SL-40 allows and nothing else', async () => {
    const host = await somebody();
    const refused = async (facts: Record<string, unknown>) =>
      refusalOf(await post('/streams', host, { title: 'Drop', ...facts }));
    for (const facts of [
      { title: '' },
      { title: 'x'.repeat(151) },
      { planned_minutes: 4 },
      { planned_minutes: 241 },
      { audience: 'friends' },
      { audience: 'neighborhood' },
      { tags: Array.from({ length: 21 }, () => ({ type: 'product', id: 'x' })) },
      { host_id: 'usr_x' },
      { media_url: 'http://video.example/live' },
      { media_url: 'javascript:alert(1)' },
      { media_url: 'https://user:secret@video.example/' },
      { media_url: 'https://10.0.0.1/' },
    ])
      expect(await refused(facts), JSON.stringify(facts)).toBe('422 validation_failed');
    expect(await refused({ tags: [{ type: 'product', id: 'prd_none' }] })).toBe('404 product_not_found');
    const theirs = await createListing(await somebody());
    expect(await refused({ tags: [{ type: 'listing', id: theirs.id }] })).toBe('404 listing_not_found');
    const widest = await announced(host, {
      title: 'x'.repeat(150),
      planned_minutes: 240,
      media_url: 'https://video.example/live.m3u8',
    });
    expect(widest).toMatchObject({
      status: 'scheduled',
      playback_url: 'https://video.example/live.m3u8',
      allowed_actions: ['edit_tags', 'go_live', 'end'],
    });
  });

  it('goes live once something is for sale, and only by its host', async () => {
    const [host, stranger] = [await somebody(), await somebody()];
    const empty = await announced(host, { tags: [] });
    expect(await refusalOf(await post(`/streams/${empty.id}/go-live`, host))).toBe('409 stream_not_ready');
    expect(await refusalOf(await upgradeTo(room(empty.id), { Authorization: `Bearer ${host.token}` }))).toBe(
      '409 stream_not_live',
    );
    expect(await refusalOf(await post(`/streams/${empty.id}/go-live`, stranger))).toBe(
      '404 stream_not_found',
    );
    const book = await createBook();
    const tagged = await request(`/api/v1/streams/${empty.id}/tags`, {
      method: 'PUT',
      token: host.token,
      json: { tags: [{ type: 'product', id: book.productId }] },
    });
    expect(await bodyOf<TestStream>(tagged)).toMatchObject({
      tags: [{ type: 'product', id: book.productId }],
    });
    const outcomes = await Promise.all([1, 2, 3].map(() => post(`/streams/${empty.id}/go-live`, host)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const listed = await readAll<TestStream>('/api/v1/streams?limit=1', stranger.token);
    expect(listed.map(({ id }) => id)).toContain(empty.id);
    expect(listed.every(({ stats }) => stats === null)).toBe(true);
    const untagged = await request(`/api/v1/streams/${empty.id}/tags`, {
      method: 'PUT',
      token: host.token,
      json: { tags: [] },
    });
    expect(await refusalOf(untagged)).toBe('409 stream_not_ready');
  });
});

describe('the room of a stream', () => {
  it('has chat for everybody in one order, once, also after the object has slept', async () => {
    const [host, ann, ben] = [await somebody(), await somebody(), await somebody()];
    const { id } = await live(host);
    const [his, hers, bens] = await Promise.all([enter(id, host), enter(id, ann), enter(id, ben)]);
    expect(await hers.ask({ type: 'stream:chat', text: 'Hello', client_id: 'a1' })).toMatchObject({
      type: 'stream:chat:sent',
    });
    await hers.ask({ type: 'stream:chat', text: 'Hello', client_id: 'a1' });
    await evictChannel(`stream:${id}`);
    await his.ask({ type: 'stream:chat', text: 'Welcome' });
    for (const socket of [his, hers, bens]) {
      await heard(socket);
      expect(texts(socket)).toEqual(['Hello', 'Welcome']);
    }
    expect(ofType(bens, 'stream:chat').map(({ data }) => data)).toMatchObject([
      { user_id: ann.userId, is_host: false },
      { user_id: host.userId, is_host: true },
    ]);
    const late = await enter(id, await somebody());
    const history = await late.next(({ type }) => type === 'stream:history');
    expect((history.data as { events: unknown[] }).events).toHaveLength(2);
  });

  it('takes 200 characters, ten times a minute, and one of six reactions', async () => {
    const [host, ann, ben] = [await somebody(), await somebody(), await somebody()];
    const { id } = await live(host);
    await insideChannel(`stream:${id}`, (innards) => {
      const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
      innards.now = () => nowMs;
    });
    const [hers, bens] = await Promise.all([enter(id, ann), enter(id, ben)]);
    for (const frame of [
      { type: 'stream:chat', text: 'x'.repeat(201) },
      { type: 'stream:chat', text: '   ' },
      { type: 'stream:react', emoji: '💩' },
      { type: 'stream:viewers', data: { viewers: 9_000 } },
      { type: 'message:send', conversation_id: 'cnv_1', content: 'no' },
    ]) {
      const before = hers.ofType('error').length;
      hers.send(frame);
      await hers.until(() => hers.ofType('error').length > before);
      expect(hers.ofType('error').at(-1)).toMatchObject({ code: 'validation_failed' });
    }
    for (let n = 0; n < 10; n += 1)
      expect(await hers.ask({ type: 'stream:chat', text: `${n}` })).toMatchObject({
        type: 'stream:chat:sent',
      });
    expect(await hers.ask({ type: 'stream:chat', text: 'one more' })).toMatchObject({ code: 'rate_limited' });
    await evictChannel(`stream:${id}`);
    await insideChannel(`stream:${id}`, (innards) => {
      const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
      innards.now = () => nowMs;
    });
    expect(await hers.ask({ type: 'stream:chat', text: 'again' })).toMatchObject({ code: 'rate_limited' });
    expect(await bens.ask({ type: 'stream:chat', text: 'me too' })).toMatchObject({
      type: 'stream:chat:sent',
    });
    for (const emoji of ['🔥', '🔥', '❤️']) hers.send({ type: 'stream:react', emoji });
    await bens.next(({ type }) => type === 'stream:reactions');
    expect(ofType(bens, 'stream:reactions')[0]).toMatchObject({ data: { counts: { '🔥': 2, '❤️': 1 } } });
    expect((await read(id, host)).stats?.reactions).toEqual({ '🔥': 2, '❤️': 1 });
  });

  it('tells the count of viewers every ten seconds, and only when it changed; devices and host do not count', async () => {
    const [host, ann, ben] = [await somebody(), await somebody(), await somebody()];
    const { id } = await live(host);
    let nowMs = Date.now();
    const his = await enter(id, host);
    await insideChannel(`stream:${id}`, (innards) => {
      innards.now = () => nowMs;
    });
    const [phone, desk] = await Promise.all([enter(id, ann), enter(id, ann)]);
    await enter(id, ben);
    await heard(his);
    const counts = () =>
      ofType(his, 'stream:viewers').map(({ data }) => (data as { viewers: number }).viewers);
    const before = counts().length;
    nowMs += 10_000;
    await heard(phone);
    await heard(desk);
    await ringChannel(`stream:${id}`);
    await heard(his);
    expect(counts().at(-1)).toBe(2);
    expect(counts().length).toBeLessThanOrEqual(before + 1);
    const told = counts().length;
    nowMs += 10_000;
    for (const socket of [phone, desk, his]) await heard(socket);
    await ringChannel(`stream:${id}`);
    await heard(his);
    expect(counts()).toHaveLength(told);
    desk.close();
    await heard(phone);
    expect((await read(id, host)).viewers).toBe(2);
  });

  it('adds up who watched and for how long, and writes it down at the end', async () => {
    const [host, ann, ben] = [await somebody(), await somebody(), await somebody()];
    const { id } = await live(host);
    let nowMs = Date.now();
    await heard(await enter(id, host));
    await insideChannel(`stream:${id}`, (innards) => {
      innards.now = () => nowMs;
    });
    const hers = await enter(id, ann);
    const bens = await enter(id, ben);
    nowMs += 30_000;
    bens.close();
    await hers.until(() => true);
    while ((await read(id, host)).viewers !== 1) await heard(hers);
    nowMs += 30_000;
    expect(await read(id, host)).toMatchObject({
      viewers: 1,
      stats: { peak_viewers: 2, unique_viewers: 2, watch_seconds: 90 },
    });
    expect(await bodyOf<TestStream>(await post(`/streams/${id}/end`, host))).toMatchObject({
      status: 'ended',
      end_reason: 'host',
      stats: { peak_viewers: 2, unique_viewers: 2, watch_seconds: 90 },
    });
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4410 });
    expect(eventsOf(hers).at(-1)).toMatchObject({ type: 'stream:ended', data: { reason: 'host' } });
    expect(await refusalOf(await upgradeTo(room(id), { Authorization: `Bearer ${ann.token}` }))).toBe(
      '409 stream_not_live',
    );
    expect(await refusalOf(await post(`/streams/${id}/end`, host))).toBe('409 invalid_transition');
    await allDone();
    const mine = await bodyOf<{ data: TestStream[] }>(
      await request('/api/v1/me/streams', { token: host.token }),
    );
    expect(mine.data).toMatchObject([{ id, stats: { peak_viewers: 2, watch_seconds: 90 } }]);
  });

  it('shows tags as they change and offers on what it shows', async () => {
    const [host, ann] = [await somebody(), await somebody()];
    const stream = await live(host);
    const hers = await enter(stream.id, ann);
    const listing = await createListing(host, { title: 'Brass lamp', offer_feed: 'anonymous' });
    await request(`/api/v1/streams/${stream.id}/tags`, {
      method: 'PUT',
      token: host.token,
      json: { tags: [{ type: 'listing', id: listing.id }] },
    });
    expect(await hers.next(({ type }) => type === 'stream:tags')).toMatchObject({
      data: { tags: [{ id: listing.id, title: 'Brass lamp' }] },
    });
    const offered = await post('/offers', ann, { listing_id: listing.id, price_cents: 40_000 });
    const { id } = await bodyOf<{ id: string }>(offered);
    expect(offered.status).toBe(201);
    await allDone();
    expect(await hers.next(({ type }) => type === 'offer:feed:new')).toMatchObject({
      data: { buyer_name: 'Somebody', amount_cents: 40_000 },
    });
    expect(hers.texts.join()).not.toContain(`"${id}"`);
  });
});

describe('who may come in', () => {
  const refused = async (id: string, user: TestUser | null, query = '') =>
    refusalOf(
      await upgradeTo(`${room(id)}${query}`, user === null ? {} : { Authorization: `Bearer ${user.token}` }),
    );

  it('is nobody who has not signed in, and no page of elsewhere', async () => {
    const host = await somebody();
    const { id } = await live(host);
    expect(await refused(id, null)).toBe('401 unauthenticated');
    expect(
      await refusalOf(
        await upgradeTo(room(id), { Authorization: `Bearer ${host.token}`, Origin: 'https://evil.test' }),
      ),
    ).toBe('403 origin_not_allowed');
    expect(await refused('str_none', host)).toBe('404 stream_not_found');
  });

  it('is nobody who is blocked, also when the block comes while they watch', async () => {
    const [host, ann, ben] = [await somebody(), await somebody(), await somebody()];
    const { id } = await live(host);
    const [hers, bens] = await Promise.all([enter(id, ann), enter(id, ben)]);
    await request(`/api/v1/users/${ann.userId}/block`, { method: 'PUT', token: host.token });
    await allDone();
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4403 });
    expect(await refused(id, ann)).toBe('404 stream_not_found');
    expect(await refusalOf(await request(`/api/v1/streams/${id}`, { token: ann.token }))).toBe(
      '404 stream_not_found',
    );
    await heard(bens);
    expect(bens.closedWith).toBeNull();
  });

  it('is followers alone where the host says so', async () => {
    const [host, ann] = [await somebody(), await somebody()];
    const { id } = await live(host, { audience: 'followers' });
    expect(await refused(id, ann)).toBe('404 stream_not_found');
    await request(`/api/v1/users/${host.userId}/follow`, { method: 'PUT', token: ann.token });
    await heard(await enter(id, ann));
  });

  it('is neighbours alone where the host says so, and the place is kept to a kilometre', async () => {
    const [host, ann] = [await somebody(), await somebody()];
    const { id } = await live(host, {
      audience: 'neighborhood',
      location: { lat: 25.2048493, lng: 55.2707828 },
    });
    expect(await refused(id, ann)).toBe('404 stream_not_found');
    expect(await refused(id, ann, '?lat=25.30&lng=55.40')).toBe('404 stream_not_found');
    expect((await read(id, ann, '?lat=25.21&lng=55.28')).status).toBe('live');
    await heard(await enter(id, ann, '?lat=25.21&lng=55.28'));
    const page = await bodyOf<{ data: TestStream[] }>(
      await request('/api/v1/streams?limit=100', { token: ann.token }),
    );
    expect(page.data.map((stream) => stream.id)).not.toContain(id);
    const row = await deps.d1.prepare('select lat, lon from streams where id = ?').bind(id).first();
    expect(row).toEqual({ lat: 25.2, lon: 55.27 });
  });
});

describe('the end of a stream', () => {
  it('comes by a moderator, who is written down, and by nobody without the permission', async () => {
    const [host, ann, moderator] = [await somebody(), await somebody(), await somebody('moderator')];
    const { id } = await live(host);
    const hers = await enter(id, ann);
    const reason = { reason: 'Counterfeit goods' };
    expect(await refusalOf(await post(`/admin/streams/${id}/end`, ann, reason))).toBe('403 forbidden');
    expect((await post(`/admin/streams/${id}/end`, moderator, reason)).status).toBe(204);
    await hers.until(() => hers.closedWith !== null);
    expect(eventsOf(hers).at(-1)).toMatchObject({ type: 'stream:ended', data: { reason: 'moderator' } });
    const audited = await deps.d1
      .prepare("select actor_id, reason from audit_log where target_id = ? and action = 'stream_ended'")
      .bind(id)
      .all();
    expect(audited.results).toEqual([{ actor_id: moderator.userId, reason: 'Counterfeit goods' }]);
  });

  it('comes by time, and the room is closed even when the first try fails', async () => {
    const host = await somebody();
    const { id } = await live(host, { planned_minutes: 5 });
    const hers = await enter(id, await somebody());
    await runSchedule({ ...deps, now: () => Date.now() + 4 * MINUTE_MS }, Date.now());
    expect((await read(id, host)).status).toBe('live');
    const broken = { ...deps.channels, endRoom: async () => null };
    const later = () => Date.now() + 5 * MINUTE_MS;
    await runSchedule({ ...deps, channels: broken, now: later }, Date.now());
    await allDone();
    await hers.until(() => hers.closedWith !== null);
    expect(await read(id, host)).toMatchObject({
      status: 'ended',
      end_reason: 'time',
      stats: { unique_viewers: 1 },
    });
  });

  it('before the beginning calls it off', async () => {
    const host = await somebody();
    const { id } = await announced(host);
    expect(await bodyOf<TestStream>(await post(`/streams/${id}/end`, host))).toMatchObject({
      status: 'ended',
      end_reason: 'cancelled',
      allowed_actions: [],
    });
    expect(await refusalOf(await post(`/streams/${id}/go-live`, host))).toBe('409 invalid_transition');
  });
});

describe('a line of chat that does not belong', () => {
  it('is taken out by the host for everybody, also for who comes later, and never said again', async () => {
    const [host, ann, ben] = await Promise.all([somebody(), somebody(), somebody()]);
    const { id } = await live(host);
    const [his, hers] = await Promise.all([enter(id, host), enter(id, ann)]);
    const rude = { type: 'stream:chat', text: 'something rude', client_id: 'r1' };
    await hers.ask(rude);
    await heard(his);
    const seq = Number(Object(ofType(his, 'stream:chat')[0]).seq);
    const remove = (user: TestUser | undefined, at: number | string = seq) =>
      request(`/api/v1/streams/${id}/chat/${at}`, { method: 'DELETE', token: user?.token });
    expect(await refusalOf(await remove(undefined))).toBe('401 unauthenticated');
    expect(await refusalOf(await remove(ann))).toBe('404 stream_not_found');
    expect(await refusalOf(await remove(host, 9_999))).toBe('404 message_not_found');
    expect(await refusalOf(await remove(host, 'x'))).toBe('422 validation_failed');
    expect((await remove(host)).status).toBe(204);
    expect((await remove(host)).status).toBe(204);
    await heard(hers);
    expect(ofType(hers, 'stream:chat:deleted').map(({ data }) => data)).toEqual([{ seq }]);
    await hers.ask(rude);
    await evictChannel(`stream:${id}`);
    const late = await enter(id, ben);
    await heard(late);
    const told = JSON.stringify(late.frames);
    expect(told).not.toContain('rude');
    expect(told).toContain('"is_deleted":true');
  });

  it('is taken out by a moderator of any stream, on record', async () => {
    const [host, moderator] = await Promise.all([somebody(), somebody('moderator')]);
    const { id } = await live(host);
    const his = await enter(id, host);
    await his.ask({ type: 'stream:chat', text: 'pay me elsewhere' });
    await heard(his);
    const seq = Number(Object(ofType(his, 'stream:chat')[0]).seq);
    const remove = (user: TestUser, query = '?reason=fraud') =>
      request(`/api/v1/admin/streams/${id}/chat/${seq}${query}`, { method: 'DELETE', token: user.token });
    expect(await refusalOf(await remove(host))).toBe('403 forbidden');
    expect(await refusalOf(await remove(moderator, ''))).toBe('422 validation_failed');
    expect((await remove(moderator)).status).toBe(204);
    const entry = await deps.d1
      .prepare("select before, reason from audit_log where action = 'stream_chat_deleted' and target_id = ?")
      .bind(id)
      .first<{ before: string; reason: string }>();
    expect(entry?.reason).toBe('fraud');
    expect(JSON.parse(entry!.before)).toMatchObject({ seq, text: 'pay me elsewhere', user_id: host.userId });
  });

  it('is one of ten within any minute, not of the minute on the clock', async () => {
    const [host, ann] = await Promise.all([somebody(), somebody()]);
    const { id } = await live(host);
    const hers = await enter(id, ann);
    // Just before a minute of the clock ends.
    let nowMs = Math.ceil(deps.now() / MINUTE_MS) * MINUTE_MS + MINUTE_MS - 1_000;
    const at = (ms: number) =>
      insideChannel(`stream:${id}`, (channel) => {
        nowMs = ms;
        channel.now = () => nowMs;
      });
    const start = nowMs;
    await at(start);
    const say = (n: number) => hers.ask({ type: 'stream:chat', text: `${n}` });
    for (let n = 1; n <= 10; n += 1) expect((await say(n)).type).toBe('stream:chat:sent');
    await at(start + 2_000);
    expect(await say(11)).toMatchObject({ code: 'rate_limited' });
    await at(start + MINUTE_MS);
    expect((await say(12)).type).toBe('stream:chat:sent');
  });
});
