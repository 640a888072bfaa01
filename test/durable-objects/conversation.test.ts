import { describe, expect, it } from 'vitest';
import { outbox } from '../../src/db/orders-schema.ts';
import { addSupport, postServerMessage } from '../../src/features/conversations/post-server-message.ts';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { device, heard } from '../support/channels.ts';
import {
  chatDevice,
  chatHeard,
  contentsOf,
  dataOf,
  evictConversation,
  insideConversation,
  loseStates,
  newPair,
  projected,
  ringConversation,
  say,
  sendOver,
  withoutHaste,
} from '../support/conversations.ts';

describe('messages', () => {
  it('reach every device of both, once, in order, over REST and sockets alike (SL-37)', async () => {
    const pair = await newPair();
    const { ann, ben } = pair;
    const [hers, herOther, his] = await Promise.all([
      chatDevice(pair, ann),
      chatDevice(pair, ann),
      chatDevice(pair, ben),
    ]);
    await say(pair, ann, 'one');
    const sent = await hers.ask({ type: 'message:send', content: 'two', client_id: 'two' });
    expect(sent).toMatchObject({ type: 'message:sent', data: { seq: 2, content: 'two', client_id: 'two' } });
    await say(pair, ben, 'three');
    for (const socket of [hers, herOther, his]) {
      const events = await chatHeard(socket);
      expect(contentsOf(events)).toEqual(['one', 'two', 'three']);
      const revs = events.filter(({ type }) => /message:(new|sent)/.test(type)).map(({ rev }) => rev);
      expect(revs).toEqual([1, 2, 3]);
    }
    const listed = await bodyOf<{ data: { content: string; seq: number }[] }>(
      await request(`${pair.path}/messages`, { token: ben.token }),
    );
    expect(listed.data.map(({ content, seq }) => [seq, content])).toEqual([
      [3, 'three'],
      [2, 'two'],
      [1, 'one'],
    ]);
  });

  it('that come together share a transaction and a frame, and a repeat gets the first answer', async () => {
    const pair = await newPair();
    await withoutHasteAfterFirst(pair);
    const his = await chatDevice(pair, pair.ben);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        sendOver(pair, pair.ann, { content: `n${n % 10}`, client_id: `client-${n % 10}` }),
      ),
    );
    const ids = new Set(
      await Promise.all(answers.map(async (answer) => (await bodyOf<{ id: string }>(answer)).id)),
    );
    expect(ids.size).toBe(10);
    expect(contentsOf(await chatHeard(his)).sort()).toEqual(Array.from({ length: 10 }, (_, n) => `n${n}`));
    await evictConversation(pair.id);
    const again = await sendOver(pair, pair.ann, { content: 'other words', client_id: 'client-3' });
    expect(await bodyOf(again)).toMatchObject({ content: 'n3' });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  });

  it('reach D1 with their inbox, and message.sent is told once, also when the queue loses them', async () => {
    const pair = await newPair();
    await say(pair, pair.ann, 'first');
    await projected(pair.id);
    const lost = await loseStates(pair.id);
    await say(pair, pair.ann, 'lost on the way');
    await insideConversation(pair.id, async (innards) => {
      innards.now = () => Date.now() + 60_000;
    });
    await ringConversation(pair.id);
    expect(lost.length).toBeGreaterThan(0);
    await evictConversation(pair.id);
    await ringConversation(pair.id);
    await projected(pair.id);
    const inbox = await bodyOf<{ data: unknown[] }>(
      await request('/api/v1/conversations', { token: pair.ben.token }),
    );
    expect(inbox.data).toMatchObject([
      { id: pair.id, unread_count: 2, last_message: { seq: 2, preview: 'lost on the way' } },
    ]);
    const told = (await deps.db.select().from(outbox)).filter(({ body }) => body.includes(pair.id));
    expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(told.length);
  });
});

async function withoutHasteAfterFirst(pair: Awaited<ReturnType<typeof newPair>>): Promise<void> {
  await request(pair.path, { token: pair.ann.token });
  await withoutHaste(pair.id);
}

describe('the server', () => {
  it('says a thing once, whatever comes twice and after a sleep', async () => {
    const pair = await newPair();
    const post = () =>
      postServerMessage(deps, {
        conversationId: pair.id,
        eventId: 'offer.created:1',
        type: 'offer',
        text: 'Ann offers $40.00',
        offerData: {
          offer_id: 'ofr_1',
          listing_id: null,
          status: 'pending',
          price_cents: 4_000,
          currency: 'USD',
          by: pair.ann.userId,
          order_id: null,
        },
      });
    const first = await Promise.all([post(), post()]);
    await evictConversation(pair.id);
    expect(await post()).toEqual(first[0]);
    expect(first[0]).toEqual(first[1]);
    const his = await chatDevice(pair, pair.ben, '?resume_from=0');
    const [card, ...others] = (await chatHeard(his)).filter(({ type }) => type === 'message:new');
    expect(others).toEqual([]);
    expect(dataOf(card!)).toMatchObject({
      message_type: 'offer',
      sender_id: null,
      client_id: null,
      offer_data: { price_cents: 4_000, by: pair.ann.userId },
    });
  });

  it('lets support in, who then may write and be read', async () => {
    const pair = await newPair();
    const sam = await signUp('support-sam', 'support');
    expect((await sendOver(pair, sam, 'hello')).status).toBe(404);
    await addSupport(deps, pair.id, sam.userId);
    await addSupport(deps, pair.id, sam.userId);
    expect((await sendOver(pair, sam, 'I am here to help')).status).toBe(201);
    await projected(pair.id);
    const inbox = await bodyOf<{ data: { role: string }[] }>(
      await request('/api/v1/conversations', { token: sam.token }),
    );
    expect(inbox.data).toMatchObject([{ id: pair.id, role: 'support' }]);
  });
});

describe('devices elsewhere', () => {
  it('hear of messages and of their inbox on the line of their user', async () => {
    const pair = await newPair();
    const his = await device(pair.ben);
    const { id } = await say(pair, pair.ann, 'are you there?');
    await his.until(() => his.frames.some((frame) => JSON.stringify(frame).includes('inbox:updated')));
    const events = await heard(his);
    expect(events.filter(({ type }) => type === 'message:new')).toMatchObject([{ data: { id } }]);
    expect(events.filter(({ type }) => type === 'inbox:updated')).toMatchObject([
      { data: { conversation_id: pair.id, unread_count: 1, last_seq: 1 } },
    ]);
  });
});
