import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { CONVERSATION_HANDLERS } from '../../src/features/conversations/conversations.events.ts';
import { findMessage } from '../../src/features/conversations/messages.usecases.ts';
import { openConversation } from '../../src/features/conversations/open-conversation.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import {
  evictConversation,
  insideConversation,
  loseStates,
  newPair,
  type Pair,
  projected,
  ringConversation,
  say,
  sendOver,
} from '../support/conversations.ts';

interface Listed {
  content: string;
  message_type: string;
  sender_id: string | null;
  deleted_at: string | null;
}
const messagesOf = async (id: string, user: TestUser): Promise<Listed[]> =>
  (
    await bodyOf<{ data: Listed[] }>(
      await request(`/api/v1/conversations/${id}/messages`, { token: user.token }),
    )
  ).data.reverse();

const event = (type: string, event_id: string, data: Record<string, unknown>): EventEnvelope => ({
  event_id,
  type,
  version: 1,
  aggregate: { type: 'order', id: 'ord_1' },
  seq: 1,
  correlation_id: 'test',
  occurred_at: new Date().toISOString(),
  data,
});
const handle = (what: EventEnvelope) => CONVERSATION_HANDLERS[what.type]!(deps, what);

const orderOf = ({ ann, ben }: Pair, order_id: string) => ({
  order_id,
  order_number: 'ORD-20261121-0001',
  listing_ids: [],
  buyer_id: ann.userId,
  seller_id: ben.userId,
});

describe('an order', () => {
  it('says how it goes on in the conversation about it, once an event, and nowhere else', async () => {
    const order = 'ord_00000000000000a1';
    const pair = await newPair({ type: 'order', id: order });
    const other = await newPair();
    const shipped = event('order.shipped', `${order}:2:0`, orderOf(pair, order));
    await handle(shipped);
    await handle(shipped);
    await handle(event('order.delivered', `${order}:3:0`, orderOf(pair, order)));
    await handle(event('order.shipped', 'elsewhere:2:0', orderOf(other, 'ord_00000000000000a2')));
    expect(await messagesOf(pair.id, pair.ben)).toMatchObject([
      { content: 'Order ORD-20261121-0001 was shipped', message_type: 'system', sender_id: null },
      { content: 'Order ORD-20261121-0001 was delivered', message_type: 'system' },
    ]);
    expect(await messagesOf(other.id, other.ben)).toEqual([]);
  });
});

describe('a dispute', () => {
  it('has a conversation whatever the two think of each other, and whoever takes it up comes in', async () => {
    const pair = await newPair();
    const sam = await signUp('dispute-sam', 'support');
    await request(`/api/v1/users/${pair.ann.userId}/block`, { method: 'PUT', token: pair.ben.token });
    const order = 'ord_00000000000000b1';
    const facts = { ...orderOf(pair, order), dispute_id: 'dsp_1', status: 'open', actor_id: pair.ann.userId };
    await handle(event('dispute.opened', 'dsp_1:1', facts));
    const { conversation } = await openConversation(deps, {
      callerId: pair.ann.userId,
      otherUserId: pair.ben.userId,
      context: { type: 'order', id: order },
    });
    const path = `/api/v1/conversations/${conversation.id}`;
    const there = { ...pair, id: conversation.id, path };
    expect((await sendOver(there, pair.ann, 'it is broken')).status).toBe(403);
    await handle(
      event('dispute.updated', 'dsp_1:2', { ...facts, status: 'in_review', actor_id: sam.userId }),
    );
    for (const user of [pair.ann, pair.ben, sam])
      expect((await sendOver(there, user, `I am ${user.username}`)).status).toBe(201);
    await handle(
      event('dispute.resolved', 'dsp_1:3', { ...facts, status: 'resolved', outcome: 'refund_full' }),
    );
    const said = await messagesOf(conversation.id, sam);
    expect(said.map(({ message_type }) => message_type)).toEqual([
      'system',
      'text',
      'text',
      'text',
      'system',
    ]);
    expect(said.at(-1)!.content).toContain('refund full');
  });
});

describe('an account that is gone', () => {
  it('leaves tombstones of what it said, and the words of the others', async () => {
    const pair = await newPair();
    const { id } = await say(pair, pair.ann, 'my secret');
    await say(pair, pair.ben, 'my answer');
    const deleted = event('account.deleted', 'evt_deleted', { user_id: pair.ann.userId });
    await handle(deleted);
    await handle(deleted);
    expect(await messagesOf(pair.id, pair.ben)).toMatchObject([
      { content: '', deleted_at: expect.any(String) },
      { content: 'my answer', deleted_at: null },
    ]);
    await projected(pair.id);
    const found = await bodyOf(
      await request('/api/v1/conversations/search?q=secret', { token: pair.ben.token }),
    );
    expect(found).toMatchObject({ data: [] });
    expect((await findMessage(deps, id))!.message.content).toBe('');
  });
});

describe('no database', () => {
  it('stands in the way of a message, over REST or a line', async () => {
    const pair = await newPair();
    await request(pair.path, { token: pair.ann.token });
    await loseStates(pair.id);
    const statements: string[] = [];
    const { d1 } = deps;
    const prepare = d1.prepare.bind(d1);
    d1.prepare = (sql: string) => {
      // The list of ended sessions is refreshed beside the requests, and nothing waits for it.
      if (!sql.includes('revoked_at')) statements.push(sql);
      return prepare(sql);
    };
    try {
      const sent = await sendOver(
        pair,
        pair.ann,
        { content: 'hi', client_id: 'c' },
        { 'Idempotency-Key': 'k' },
      );
      expect(sent.status).toBe(201);
      expect((await sendOver(pair, pair.ben, 'ho')).status).toBe(201);
      expect(statements).toEqual([]);
      // The watch works: a list does ask the database.
      await request('/api/v1/conversations', { token: pair.ben.token });
      expect(statements.length).toBeGreaterThan(0);
    } finally {
      d1.prepare = prepare;
    }
  });
});

describe('a crash', () => {
  it('between the commit and the drain loses nothing: the alarm sends it, and twice is once', async () => {
    const pair = await newPair();
    await request(pair.path, { token: pair.ann.token });
    await loseStates(pair.id);
    await say(pair, pair.ann, 'survives');
    await evictConversation(pair.id);
    await ringConversation(pair.id);
    await ringConversation(pair.id);
    await projected(pair.id);
    const inbox = await bodyOf<{ data: { unread_count: number }[] }>(
      await request('/api/v1/conversations', { token: pair.ben.token }),
    );
    expect(inbox.data).toMatchObject([{ id: pair.id, unread_count: 1 }]);
    expect(await insideConversation(pair.id, ({ running }) => running.outbox.backlog)).toBe(0);
  });
});
