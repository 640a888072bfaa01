import { describe, expect, it } from 'vitest';
import { isBlocked } from '../../src/features/conversations/blocks.usecases.ts';
import { openConversation } from '../../src/features/conversations/open-conversation.ts';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';

const NOTHING = { type: 'none', id: '' } as const;
const block = (token: string | undefined, userId: string, method = 'PUT') =>
  request(`/api/v1/users/${userId}/block`, { method, token });

describe('blocking', () => {
  it('holds both ways until it is lifted, however often it is said', async () => {
    const [ann, ben] = await Promise.all([signUp('block-ann'), signUp('block-ben')]);
    for (const _ of [1, 2]) {
      const answer = await block(ann.token, ben.userId);
      expect([answer.status, await bodyOf(answer)]).toEqual([200, { user_id: ben.userId, blocked: true }]);
    }
    expect(await isBlocked(deps, ann.userId, ben.userId)).toBe(true);
    expect(await isBlocked(deps, ben.userId, ann.userId)).toBe(true);
    // Ben cannot lift what Ann has set.
    expect((await block(ben.token, ann.userId, 'DELETE')).status).toBe(200);
    expect(await isBlocked(deps, ann.userId, ben.userId)).toBe(true);
    expect((await block(ann.token, ben.userId, 'DELETE')).status).toBe(200);
    expect(await isBlocked(deps, ann.userId, ben.userId)).toBe(false);
  });

  it('comes to the same when both change it at once', async () => {
    const [ann, ben] = await Promise.all([signUp('block-race-ann'), signUp('block-race-ben')]);
    const answers = await Promise.all(Array.from({ length: 5 }, () => block(ann.token, ben.userId)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await isBlocked(deps, ann.userId, ben.userId)).toBe(true);
  });

  it('is listed for who blocked, page by page, and for nobody else', async () => {
    const me = await signUp('block-lister');
    const others = await Promise.all(['a', 'b', 'c'].map((name) => signUp(`block-listed-${name}`)));
    for (const other of others) await block(me.token, other.userId);
    interface Page {
      data: { user_id: string }[];
      next_cursor: string | null;
    }
    const first = await bodyOf<Page>(await request('/api/v1/me/blocks?limit=2', { token: me.token }));
    const rest = await bodyOf<Page>(
      await request(`/api/v1/me/blocks?limit=2&cursor=${first.next_cursor}`, { token: me.token }),
    );
    expect(rest.next_cursor).toBeNull();
    const listed = [...first.data, ...rest.data].map(({ user_id }) => user_id);
    expect(new Set(listed)).toEqual(new Set(others.map(({ userId }) => userId)));
    expect(await bodyOf(await request('/api/v1/me/blocks', { token: others[0]!.token }))).toEqual({
      data: [],
      next_cursor: null,
    });
  });

  it('refuses strangers, unknown users, oneself and bad cursors', async () => {
    const me = await signUp('block-me');
    expect(await refusalOf(await block(undefined, me.userId))).toBe('401 unauthenticated');
    expect(await refusalOf(await block(me.token, 'usr_0000000000000000'))).toBe('404 user_not_found');
    expect(await refusalOf(await block(me.token, me.userId))).toBe('422 self_conversation');
    expect(await refusalOf(await request('/api/v1/me/blocks'))).toBe('401 unauthenticated');
    expect(await refusalOf(await request('/api/v1/me/blocks?cursor=x', { token: me.token }))).toBe(
      '422 invalid_cursor',
    );
  });
});

describe('opening a conversation', () => {
  it('finds the one that there is, whoever of the two asks', async () => {
    const [ann, ben] = await Promise.all([signUp('open-ann'), signUp('open-ben')]);
    const asked = await Promise.all(
      [ann, ben, ann, ben].map((caller) =>
        openConversation(deps, {
          callerId: caller.userId,
          otherUserId: caller === ann ? ben.userId : ann.userId,
          context: NOTHING,
        }),
      ),
    );
    expect(new Set(asked.map(({ conversation }) => conversation.id)).size).toBe(1);
    const about = await openConversation(deps, {
      callerId: ann.userId,
      otherUserId: ben.userId,
      context: { type: 'listing', id: 'lst_0000000000000001' },
      sellerId: ann.userId,
    });
    expect(about.conversation.id).not.toBe(asked[0]!.conversation.id);
    expect(about.conversation).toMatchObject({ buyerId: ben.userId, sellerId: ann.userId });
  });

  it('is refused where one has blocked the other, but for what there is', async () => {
    const [ann, ben] = await Promise.all([signUp('open-blocked-ann'), signUp('open-blocked-ben')]);
    const opening = { callerId: ann.userId, otherUserId: ben.userId, context: NOTHING };
    const { conversation } = await openConversation(deps, opening);
    await block(ben.token, ann.userId);
    expect((await openConversation(deps, opening)).conversation.id).toBe(conversation.id);
    await expect(
      openConversation(deps, { ...opening, context: { type: 'product', id: 'prd_0000000000000001' } }),
    ).rejects.toMatchObject({ failure: { code: 'conversation_blocked' } });
  });
});
