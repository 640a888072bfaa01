import { describe, expect, it } from 'vitest';
import { signUp } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { device, eventsOf, heard } from '../support/channels.ts';
import {
  chatDevice,
  chatHeard,
  contentsOf,
  dataOf,
  evictConversation,
  insideConversation,
  newPair,
  say,
  withoutHaste,
} from '../support/conversations.ts';
import type { TestSocket } from '../support/sockets.ts';

const typesOf = (socket: TestSocket): string[] => eventsOf(socket).map(({ type }) => type);

describe('a line', () => {
  it('begins with connected; a heartbeat is a pong, a ping costs nothing (SL-14, SL-16)', async () => {
    const pair = await newPair();
    await say(pair, pair.ann, 'hi');
    const his = await chatDevice(pair, pair.ben);
    expect(await his.next(({ type }) => type === 'connected')).toMatchObject({
      rev: 1,
      data: { conversation_id: pair.id, user_id: pair.ben.userId, last_seq: 1, read_seq: 0 },
    });
    expect(await his.ask({ type: 'heartbeat' })).toMatchObject({ type: 'pong', rev: 1 });
    his.sendRaw('ping');
    await his.until(() => his.texts.includes('pong'));
  });

  it('joins and leaves: all counts as read, and the other hears of it (SL-17, SL-18)', async () => {
    const pair = await newPair();
    await say(pair, pair.ann, 'one');
    await say(pair, pair.ann, 'two');
    const [hers, his] = await Promise.all([chatDevice(pair, pair.ann), chatDevice(pair, pair.ben)]);
    const joined = await his.ask({ type: 'conversation:join', conversation_id: pair.id });
    expect(joined).toMatchObject({
      type: 'conversation:joined',
      data: { last_seq: 2, messages: [{ content: 'one' }, { content: 'two' }] },
    });
    await chatHeard(hers);
    expect(hers.ofType('messages:read')).toMatchObject([{ data: { user_id: pair.ben.userId, seq: 2 } }]);
    expect(await his.ask({ type: 'conversation:leave' })).toMatchObject({
      type: 'conversation:left',
      data: { conversation_id: pair.id },
    });
  });

  it('carries sends, edits, reactions and receipts of each device (SL-19, SL-22, SL-27)', async () => {
    const pair = await newPair();
    const [hers, his] = await Promise.all([chatDevice(pair, pair.ann), chatDevice(pair, pair.ben)]);
    const sent = await hers.ask({ type: 'message:send', content: 'helo', client_id: 'c1' });
    const { id } = dataOf<{ id: string }>(sent);
    const again = await hers.ask({ type: 'message:send', content: 'helo', client_id: 'c1' });
    expect(again).toMatchObject({ type: 'message:sent', data: { id, seq: 1 } });
    await his.ask({ type: 'message:delivered', seq: 1 });
    await hers.ask({ type: 'message:edit', message_id: id, content: 'hello' });
    await his.ask({ type: 'message:react', message_id: id, emoji: '👋' });
    await his.ask({ type: 'message:read', message_id: id });
    await hers.ask({ type: 'message:delete', message_id: id });
    await chatHeard(his);
    expect(typesOf(his).filter((type) => type.startsWith('message'))).toEqual([
      'message:new',
      'message:delivered',
      'message:updated',
      'message:updated',
      'message:read',
      'message:updated',
    ]);
    const revs = eventsOf(his).flatMap(({ type, rev }) => (type.startsWith('message') ? [rev] : []));
    expect(revs).toEqual([1, 2, 3, 4, 5, 6]);
    await chatHeard(hers);
    expect(hers.ofType('message:delivered')).toMatchObject([{ data: { seq: 1, user_id: pair.ben.userId } }]);
    expect(await his.ask({ type: 'message:read', seq: 1 })).toMatchObject({ type: 'done' });
  });

  it('tells new messages as message:received to who asks for aliases', async () => {
    const pair = await newPair();
    const his = await chatDevice(pair, pair.ben, '?aliases=true');
    await say(pair, pair.ann, 'hi');
    await chatHeard(his);
    expect(his.ofType('message:received')).toMatchObject([{ data: { content: 'hi' } }]);
    expect(his.ofType('message:new')).toEqual([]);
  });

  it('makes room for the newest device of a user', async () => {
    const pair = await newPair();
    const first = await chatDevice(pair, pair.ann);
    await insideConversation(pair.id, ({ sockets }) => {
      sockets.host.socketsPerUser = 2;
    });
    await chatDevice(pair, pair.ann);
    const [third, his] = await Promise.all([chatDevice(pair, pair.ann), chatDevice(pair, pair.ben)]);
    await first.until(() => first.closedWith !== null);
    expect(first.closedWith).toMatchObject({ code: 4409 });
    await say(pair, pair.ben, 'hi');
    expect(contentsOf(await chatHeard(third))).toEqual(['hi']);
    expect(his.closedWith).toBeNull();
  });
});

describe('coming back', () => {
  it('brings each message and cursor that has changed once, as it is now, also after a sleep', async () => {
    const pair = await newPair();
    const first = await say(pair, pair.ann, 'one');
    const his = await chatDevice(pair, pair.ben);
    const { rev } = await his.ask({ type: 'heartbeat' });
    his.close();
    await say(pair, pair.ann, 'two');
    const hers = await chatDevice(pair, pair.ann);
    await hers.ask({ type: 'message:edit', message_id: first.id, content: 'one!' });
    await hers.ask({ type: 'message:edit', message_id: first.id, content: 'one!!' });
    await evictConversation(pair.id);
    const back = await chatDevice(pair, pair.ben, `?resume_from=${String(rev)}`);
    const events = (await chatHeard(back)).filter(({ type }) => type !== 'pong');
    expect(events.map(({ type, rev: at }) => [type, at])).toEqual([
      ['connected', 4],
      ['message:new', 2],
      ['message:updated', 4],
      ['resumed', 4],
    ]);
    expect(dataOf(events[2]!)).toMatchObject({ content: 'one!!', edits: [{}, {}] });
    const current = await chatDevice(pair, pair.ben, '?resume_from=4');
    await chatHeard(current);
    expect(typesOf(current)).toEqual(['connected', 'resumed', 'pong']);
  });

  it('is a reset with a snapshot when too much was missed, or from a rev that never was', async () => {
    const pair = await newPair();
    await say(pair, pair.ann, 'n0');
    await withoutHaste(pair.id);
    const hers = await chatDevice(pair, pair.ann);
    for (let n = 1; n <= 501; n += 1) hers.send({ type: 'message:send', content: `n${n}` });
    await chatHeard(hers);
    for (const resume of [0, 999_999]) {
      const socket = await chatDevice(pair, pair.ben, `?resume_from=${resume}`);
      await chatHeard(socket);
      const [reset] = socket.ofType('reset');
      expect(dataOf<{ messages: unknown[] }>(reset!).messages).toHaveLength(50);
      expect(reset).toMatchObject({ rev: 502, data: { last_seq: 502 } });
    }
    const within = await chatDevice(pair, pair.ben, '?resume_from=2');
    const events = await chatHeard(within);
    expect(events.filter(({ type }) => type === 'message:new')).toHaveLength(500);
  });
});

describe('typing (SL-20, SL-21)', () => {
  it('is shown to the other alone, at most once in two seconds, and ends by itself after five', async () => {
    const pair = await newPair();
    const [hers, his] = await Promise.all([chatDevice(pair, pair.ann), chatDevice(pair, pair.ben)]);
    for (const _ of [1, 2, 3]) hers.send({ type: 'typing:start' });
    await chatHeard(hers);
    await chatHeard(his);
    expect(his.ofType('typing:active')).toMatchObject([
      { data: { conversation_id: pair.id, user_id: pair.ann.userId } },
    ]);
    expect(his.ofType('typing:active')[0]).not.toHaveProperty('rev');
    expect(hers.ofType('typing:active')).toEqual([]);
    await his.next(({ type }) => type === 'typing:inactive');
    await hers.ask({ type: 'typing:start' });
    await hers.ask({ type: 'typing:stop' });
    await chatHeard(his);
    expect(his.ofType('typing:inactive')).toHaveLength(2);
  });

  it('ends with the line, with a message, and is heard on the line of the user', async () => {
    const pair = await newPair();
    const [hers, his, elsewhere] = await Promise.all([
      chatDevice(pair, pair.ann),
      chatDevice(pair, pair.ben),
      device(pair.ben),
    ]);
    await hers.ask({ type: 'typing:start' });
    await his.next(({ type }) => type === 'typing:active');
    hers.close();
    await his.next(({ type }) => type === 'typing:inactive');
    await elsewhere.next(({ type }) => type === 'typing:inactive');
    await heard(elsewhere);
    expect(elsewhere.ofType('typing:active')).toHaveLength(1);
    const [seen] = await Promise.all([insideConversation(pair.id, ({ running }) => running.thread.rev)]);
    expect(seen).toBe(0);
  });

  it('that began before a sleep ends after it', async () => {
    const pair = await newPair();
    const [hers, his] = await Promise.all([chatDevice(pair, pair.ann), chatDevice(pair, pair.ben)]);
    await hers.ask({ type: 'typing:start' });
    await evictConversation(pair.id);
    await chatHeard(his);
    await his.next(({ type }) => type === 'typing:inactive');
  });
});

describe('bad frames', () => {
  it('are answered one by one, cost nobody else anything, and end the line when they go on (4400)', async () => {
    const pair = await newPair();
    const [hers, his] = await Promise.all([chatDevice(pair, pair.ann), chatDevice(pair, pair.ben)]);
    const bad: (string | ArrayBuffer)[] = [
      'nonsense',
      '[]',
      '{"type":"unknown"}',
      '{"type":"message:send","content":5}',
      '{"type":"message:send","content":"x","seq":9}',
      new ArrayBuffer(8),
      JSON.stringify({ type: 'message:send', content: 'ä'.repeat(9_000) }),
    ];
    for (const frame of bad) hers.sendRaw(frame);
    await chatHeard(hers);
    expect(hers.ofType('error').map(({ code }) => code)).toEqual([
      'malformed_json',
      'validation_failed',
      'validation_failed',
      'validation_failed',
      'validation_failed',
      'unsupported_media_type',
      'body_too_large',
    ]);
    for (let n = 0; n < 3; n += 1) hers.sendRaw('{');
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4400 });
    expect(contentsOf(await chatHeard(his))).toEqual([]);
    expect(his.closedWith).toBeNull();
  });

  it('that forge a card, name another conversation or a foreign message are refused, and nothing is stored', async () => {
    const [pair, other] = [await newPair(), await newPair()];
    const foreign = await say(other, other.ann, 'not yours');
    const hers = await chatDevice(pair, pair.ann);
    const ask = async (frame: Record<string, unknown>) => (await hers.ask(frame)).code;
    expect(await ask({ type: 'message:send', message_type: 'offer', content: 'Accepted' })).toBe(
      'message_type_reserved',
    );
    expect(await ask({ type: 'message:send', content: 'x', offer_data: {} })).toBe('message_type_reserved');
    expect(await ask({ type: 'message:send', conversation_id: other.id, content: 'x' })).toBe(
      'conversation_not_found',
    );
    expect(await ask({ type: 'message:edit', message_id: foreign.id, content: 'x' })).toBe(
      'message_not_found',
    );
    expect(await ask({ type: 'message:send', content: 'x', reply_to: foreign.id })).toBe('message_not_found');
    expect(await hers.ask({ type: 'heartbeat' })).toMatchObject({ rev: 0 });
  });

  it('in a flood end the line with 4429, and nobody else’s', async () => {
    const pair = await newPair();
    const [hers, his] = await Promise.all([chatDevice(pair, pair.ann), chatDevice(pair, pair.ben)]);
    await insideConversation(pair.id, ({ sockets }) => {
      sockets.host.framesPerMinute = 5;
    });
    for (let n = 0; n < 30; n += 1) hers.send({ type: 'heartbeat' });
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4429 });
    expect(hers.ofType('error')[0]).toMatchObject({ code: 'rate_limited' });
    expect(await his.ask({ type: 'heartbeat' })).toMatchObject({ type: 'pong' });
  });
});

describe('a session that has ended', () => {
  it('ends the line at its next frame (4401)', async () => {
    const pair = await newPair();
    const hers = await chatDevice(pair, pair.ann);
    deps.revocations.add(pair.ann.sessionId, Date.now());
    hers.send({ type: 'message:send', content: 'too late' });
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4401 });
  });
});

describe('the line of a user', () => {
  it('takes the same commands: join, type, send, read (SL-17..22)', async () => {
    const pair = await newPair();
    const [hers, his] = await Promise.all([device(pair.ann), chatDevice(pair, pair.ben)]);
    const conversation_id = pair.id;
    const sent = await hers.ask({
      type: 'message:send',
      conversation_id,
      content: 'from my line',
      client_id: 'line-1',
    });
    expect(sent).toMatchObject({ type: 'message:sent', data: { seq: 1, content: 'from my line' } });
    hers.send({ type: 'typing:start', conversation_id });
    await his.next(({ type }) => type === 'typing:active');
    await say(pair, pair.ben, 'from mine');
    expect(await hers.ask({ type: 'conversation:join', conversation_id })).toMatchObject({
      type: 'conversation:joined',
      data: { last_seq: 2, messages: [{ seq: 1 }, { seq: 2 }] },
    });
    await chatHeard(his);
    expect(his.ofType('messages:read')).toMatchObject([{ data: { user_id: pair.ann.userId, seq: 2 } }]);
    expect(await hers.ask({ type: 'message:read', conversation_id })).toMatchObject({ data: { seq: 2 } });
    expect(await hers.ask({ type: 'conversation:leave', conversation_id })).toMatchObject({
      type: 'conversation:left',
    });
    const eve = await signUp('line-eve');
    const foreign = await device(eve);
    for (const type of ['conversation:join', 'message:send'])
      expect(
        await foreign.ask({ type, conversation_id, ...(type === 'message:send' ? { content: 'x' } : {}) }),
      ).toMatchObject({ type: 'error', code: 'conversation_not_found' });
  });
});
