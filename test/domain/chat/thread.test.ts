import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Message, messageId, placeOf } from '../../../src/domain/chat/conversation.ts';
import {
  admit,
  apply,
  type ChatCommand,
  conversationActions,
  type Draft,
  decide,
  EDIT_WINDOW_MS,
  messageActions,
  noteBlock,
  say,
  type Thread,
} from '../../../src/domain/chat/thread.ts';

const ANN = 'usr_ann';
const BEN = 'usr_ben';
const LIMITS = { maxCharacters: 2_000, messagesPerWindow: 10 };
const NOW = 1_800_000_000_000;

function newThread(): Thread {
  const participant = (userId: string, role: 'buyer' | 'seller') =>
    [userId, { userId, role, deliveredSeq: 0, readSeq: 0, archivedSeq: null, rev: 0 }] as const;
  return {
    id: 'cnv_0000000000000000',
    context: { type: 'none', id: '' },
    buyerId: ANN,
    sellerId: BEN,
    participants: new Map([participant(ANN, 'buyer'), participant(BEN, 'seller')]),
    blocks: new Map(),
    lastSeq: 0,
    rev: 0,
    spoken: new Set(),
    awaiting: null,
    recentSends: new Map(),
  };
}

const draft = (content: string, more: Partial<Draft> = {}): Draft => ({
  type: 'text',
  content,
  imageUrls: [],
  file: null,
  replyTo: null,
  clientId: null,
  ...more,
});

/** A thread with its messages, as an object keeps them. */
function newChat() {
  const thread = newThread();
  const messages = new Map<number, Message>();
  const run = (userId: string, command: ChatCommand, nowMs = NOW) => {
    const seq = 'draft' in command ? command.draft.replyTo : 'seq' in command ? command.seq : null;
    const target = seq === null ? null : (messages.get(seq) ?? null);
    const decided = decide(thread, userId, command, target, nowMs, LIMITS);
    if (!decided.ok) return decided.error.code;
    if (decided.value === null) return null;
    apply(thread, decided.value);
    const { message } = decided.value;
    if (message !== null) messages.set(message.seq, message);
    return decided.value;
  };
  const send = (userId: string, content: string, nowMs = NOW) =>
    run(userId, { op: 'send', draft: draft(content) }, nowMs);
  return { thread, messages, run, send };
}

describe('sending', () => {
  it.each([
    ['nothing', draft('   '), 'validation_failed'],
    ['2001 characters', draft('x'.repeat(2_001)), 'message_too_long'],
    ['an image message without an image', draft('hi', { type: 'image' }), 'validation_failed'],
    ['a file message without a file', draft('hi', { type: 'file' }), 'validation_failed'],
    ['a text with images', draft('hi', { imageUrls: ['/x'] }), 'validation_failed'],
    ['an answer to nothing', draft('hi', { replyTo: 9 }), 'message_not_found'],
  ])('refuses %s', (_, wrong, code) => {
    expect(newChat().run(ANN, { op: 'send', draft: wrong })).toBe(code);
  });

  it('refuses whoever takes no part, and all but the settings allow', () => {
    const { thread, send } = newChat();
    expect(send('usr_eve', 'hello')).toBe('conversation_not_found');
    const long = draft('x'.repeat(5_001));
    const wide = { maxCharacters: 9_999, messagesPerWindow: 0 };
    expect(decide(thread, ANN, { op: 'send', draft: long }, null, NOW, wide)).toMatchObject({
      ok: false,
      error: { code: 'message_too_long', extra: { max_characters: 5_000 } },
    });
  });

  it('takes ten messages in ten seconds of each, and says how long to wait', () => {
    const { send, thread } = newChat();
    for (let n = 0; n < 10; n += 1) expect(send(ANN, `n${n}`, NOW + n * 100)).toMatchObject({ kind: 'sent' });
    const refused = decide(thread, ANN, { op: 'send', draft: draft('no') }, null, NOW + 1_000, LIMITS);
    expect(refused).toMatchObject({ error: { code: 'rate_limited', extra: { retry_after_seconds: 9 } } });
    expect(send(BEN, 'mine are counted alone', NOW + 1_000)).toMatchObject({ kind: 'sent' });
    expect(send(ANN, 'later', NOW + 10_000)).toMatchObject({ kind: 'sent' });
  });

  it('takes the links out of the first message of each, and of that message when it is edited', () => {
    const { send, run } = newChat();
    expect(send(ANN, 'see https://evil.example/x?y=1 and www.a.example')).toMatchObject({
      message: { content: 'see [link removed] and [link removed]', warnings: ['links_removed'] },
    });
    expect(run(ANN, { op: 'edit', seq: 1, content: 'or evil.com/again' })).toMatchObject({
      message: { content: 'or [link removed]' },
    });
    expect(send(ANN, 'https://fine.example')).toMatchObject({ message: { content: 'https://fine.example' } });
    expect(send(BEN, 'shop.example.com first')).toMatchObject({
      message: { content: '[link removed] first' },
    });
  });

  it('measures how long the other side had waited', () => {
    const { send } = newChat();
    expect(send(ANN, 'one')).toMatchObject({ message: { responseMs: null } });
    expect(send(ANN, 'two', NOW + 5_000)).toMatchObject({ message: { responseMs: null } });
    expect(send(BEN, 'answer', NOW + 60_000)).toMatchObject({ message: { responseMs: 60_000 } });
    expect(send(BEN, 'more', NOW + 61_000)).toMatchObject({ message: { responseMs: null } });
  });
});

describe('a message', () => {
  it('is edited by whoever wrote it, for fifteen minutes, with its history', () => {
    const { send, run, messages } = newChat();
    send(ANN, 'teh');
    const edit = (userId: string, content: string, nowMs: number) =>
      run(userId, { op: 'edit', seq: 1, content }, nowMs);
    expect(edit(BEN, 'mine', NOW)).toBe('message_not_editable');
    expect(edit(ANN, 'the', NOW + EDIT_WINDOW_MS)).toMatchObject({ kind: 'edited' });
    expect(messages.get(1)).toMatchObject({ content: 'the', history: [{ content: 'teh', atMs: NOW }] });
    expect(edit(ANN, 'the', NOW + EDIT_WINDOW_MS)).toBeNull();
    expect(edit(ANN, 'late', NOW + EDIT_WINDOW_MS + 1)).toBe('message_not_editable');
    expect(edit(ANN, ' ', NOW)).toBe('validation_failed');
  });

  it('leaves a tombstone, once, and then nothing can be done with it', () => {
    const { send, run, messages } = newChat();
    send(ANN, 'secret');
    run(BEN, { op: 'react', seq: 1, emoji: '👍', on: true });
    expect(run(BEN, { op: 'delete', seq: 1 })).toBe('message_not_editable');
    expect(run(ANN, { op: 'delete', seq: 1 })).toMatchObject({ kind: 'deleted' });
    expect(messages.get(1)).toMatchObject({ content: '', reactions: {}, history: [], deletedAtMs: NOW });
    expect(run(ANN, { op: 'delete', seq: 1 })).toBeNull();
    expect(run(ANN, { op: 'edit', seq: 1, content: 'x' })).toBe('message_not_editable');
    expect(run(BEN, { op: 'react', seq: 1, emoji: '👍', on: true })).toBe('message_not_editable');
    expect(run(BEN, { op: 'send', draft: draft('re', { replyTo: 1 }) })).toBe('message_not_found');
  });

  it('takes reactions of both, each once, of at most twenty kinds', () => {
    const { send, run, messages } = newChat();
    send(ANN, 'hi');
    const react = (userId: string, emoji: string, on = true) =>
      run(userId, { op: 'react', seq: 1, emoji, on });
    react(ANN, '🎉');
    react(BEN, '🎉');
    expect(react(BEN, '🎉')).toBeNull();
    expect(messages.get(1)!.reactions).toEqual({ '🎉': [ANN, BEN] });
    react(ANN, '🎉', false);
    react(BEN, '🎉', false);
    expect(messages.get(1)!.reactions).toEqual({});
    for (let n = 0; n < 20; n += 1) react(ANN, `e${n}`);
    expect(react(ANN, 'one more')).toBe('too_many_reactions');
    expect(react(BEN, 'e0')).toMatchObject({ kind: 'reacted' });
  });

  it('of the server can be neither edited nor deleted', () => {
    const { thread, messages, run } = newChat();
    const change = say(thread, { eventId: 'e', type: 'offer', text: 'Offer', offer: null }, NOW);
    apply(thread, change);
    messages.set(1, change.message!);
    for (const userId of [ANN, BEN]) {
      expect(run(userId, { op: 'edit', seq: 1, content: 'forged' })).toBe('message_not_editable');
      expect(run(userId, { op: 'delete', seq: 1 })).toBe('message_not_editable');
      expect(messageActions(thread, change.message!, userId, NOW)).toEqual(['reply', 'react']);
    }
  });

  it('is found by its id alone', () => {
    const id = messageId('cnv_0123456789abcdef', 77);
    expect(placeOf(id)).toEqual({ conversationId: 'cnv_0123456789abcdef', seq: 77 });
    for (const wrong of ['', 'msg_', 'msg_x', id.replace('msg', 'bid'), `${id}!`])
      expect(placeOf(wrong)).toBeNull();
  });
});

describe('a block', () => {
  it('stops both, in the order of its versions, but for what the server says and what is read or deleted', () => {
    const { thread, send, run } = newChat();
    send(ANN, 'before');
    const block = { blockerId: BEN, blockedId: ANN, isActive: true, version: 1 };
    expect(noteBlock(thread, block)).toBe(true);
    for (const userId of [ANN, BEN]) {
      expect(send(userId, 'no')).toBe('conversation_blocked');
      expect(run(userId, { op: 'react', seq: 1, emoji: '👍', on: true })).toBe('conversation_blocked');
      expect(conversationActions(thread, userId)).not.toContain('send');
    }
    expect(run(ANN, { op: 'edit', seq: 1, content: 'x' })).toBe('conversation_blocked');
    expect(run(BEN, { op: 'read', seq: null, all: true })).toMatchObject({ kind: 'all_read' });
    expect(run(ANN, { op: 'delete', seq: 1 })).toMatchObject({ kind: 'deleted' });
    expect(noteBlock(thread, { ...block, isActive: false, version: 2 })).toBe(true);
    expect(noteBlock(thread, block)).toBe(false);
    expect(send(ANN, 'again')).toMatchObject({ kind: 'sent' });
  });

  it('gives way when support comes in', () => {
    const { thread, send } = newChat();
    noteBlock(thread, { blockerId: BEN, blockedId: ANN, isActive: true, version: 1 });
    apply(thread, admit(thread, 'usr_sam', NOW)!);
    expect(admit(thread, 'usr_sam', NOW)).toBeNull();
    expect(send(ANN, 'about my order')).toMatchObject({ kind: 'sent' });
    expect(send('usr_sam', 'I will help')).toMatchObject({ kind: 'sent' });
  });
});

describe('an archived conversation', () => {
  it('comes back with the next message, for the one who put it away', () => {
    const { thread, send, run } = newChat();
    send(ANN, 'hi');
    expect(run(BEN, { op: 'archive', archived: true })).toMatchObject({ kind: 'archived' });
    expect(run(BEN, { op: 'archive', archived: true })).toBeNull();
    expect(conversationActions(thread, BEN)).toContain('unarchive');
    expect(conversationActions(thread, ANN)).toContain('archive');
    send(ANN, 'are you there?');
    expect(conversationActions(thread, BEN)).toContain('archive');
  });
});

describe('whatever is asked in whatever order', () => {
  it('keeps sequences and revisions dense, cursors rising, and unread counts right', () => {
    const user = fc.constantFrom(ANN, BEN);
    const seq = fc.integer({ min: 0, max: 30 });
    const command: fc.Arbitrary<ChatCommand> = fc.oneof(
      fc.record({ op: fc.constant('send' as const), draft: fc.constant(draft('hello')) }),
      fc.record({ op: fc.constant('read' as const), seq: fc.option(seq), all: fc.boolean() }),
      fc.record({ op: fc.constant('deliver' as const), seq }),
      fc.record({ op: fc.constant('delete' as const), seq }),
      fc.record({ op: fc.constant('archive' as const), archived: fc.boolean() }),
      fc.record({ op: fc.constant('edit' as const), seq, content: fc.constantFrom('a', 'b') }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(user, command, fc.integer({ min: 0, max: 20_000 }))), (steps) => {
        const { thread, messages, run } = newChat();
        let nowMs = NOW;
        const readBy = new Map([
          [ANN, 0],
          [BEN, 0],
        ]);
        for (const [userId, asked, waitMs] of steps) {
          nowMs += waitMs;
          const { rev } = thread;
          const change = run(userId, asked, nowMs);
          expect(thread.rev).toBe(typeof change === 'object' && change !== null ? rev + 1 : rev);
          expect([...messages.keys()]).toEqual(Array.from({ length: thread.lastSeq }, (_, n) => n + 1));
          for (const { userId: id, readSeq, deliveredSeq } of thread.participants.values()) {
            expect(readSeq).toBeGreaterThanOrEqual(readBy.get(id)!);
            expect(deliveredSeq).toBeGreaterThanOrEqual(readSeq);
            expect(deliveredSeq).toBeLessThanOrEqual(thread.lastSeq);
            readBy.set(id, readSeq);
          }
        }
      }),
    );
  });
});
