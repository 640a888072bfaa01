import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { notifyOf } from '../../src/features/notifications/notify.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { projected } from '../support/book-object.ts';
import { createBook, placed } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';
import { newPair, projected as projected_, say } from '../support/conversations.ts';
import { happened } from '../support/notifications.ts';
import { matchedOrder } from '../support/purchases.ts';

const { deps } = composeOnce(env);
type Export = Record<string, Record<string, unknown>[]> & { account: Record<string, unknown> };

const exported = async ({ token }: TestUser) => bodyOf<Export>(await request('/api/v1/me/export', { token }));

describe('the export of one’s own data', () => {
  it('holds what the user did in every part of the product, and nothing secret', async () => {
    const [ann, ben] = [await signUp('export-ann'), await signUp('export-ben')];
    await request('/api/v1/me', { method: 'PATCH', token: ann.token, json: { first_name: 'Ann' } });
    const { order } = await matchedOrder(ann, ben);
    const book = await createBook();
    const bid = await placed(book, ann, 'bid', { price_cents: 5_000 });
    await projected(book);
    const answer = await request('/api/v1/me/export', { token: ann.token });
    expect(answer.headers.get('Content-Disposition')).toMatch(/^attachment/);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const text = await answer.text();
    const mine = JSON.parse(text) as Export;
    expect(mine.account).toMatchObject({ email: ann.email, first_name: 'Ann' });
    expect(mine.purchases?.map(({ id }) => id)).toEqual([order.id]);
    expect(mine.bids?.map(({ id }) => id)).toContain(bid.id);
    expect(mine.sales).toEqual([]);
    expect(mine.activity?.map(({ action }) => action)).toContain('profile_changed');
    expect(mine.purchases?.[0]?.created_at).toMatch(/^\d{4}-.*Z$/);
    for (const secret of ['scrypt', 'password', ben.email, 'hash']) expect(text).not.toContain(secret);
    const theirs = await exported(ben);
    expect(theirs.sales?.map(({ id }) => id)).toEqual([order.id]);
    expect(theirs.purchases).toEqual([]);
  });

  it('holds what they were told and written, whom they block, and their disputes', async () => {
    const pair = await newPair();
    await say(pair, pair.ben, 'A word to Ann');
    await say(pair, pair.ann, 'And one back');
    await projected_(pair.id);
    await notifyOf(
      deps,
      happened('user.followed', { user_id: pair.ann.userId, follower_id: pair.ben.userId }),
    );
    await request(`/api/v1/users/${pair.ben.userId}/block`, { method: 'PUT', token: pair.ann.token });
    await env.DB.prepare(
      `insert into disputes (id, order_id, order_number, buyer_id, seller_id, opened_by, reason, status, is_open,
         amount_cents, currency, queued_from, version, opened_at, updated_at)
       values ('dsp_export', (select id from orders limit 1), 'N', ?1, 'usr_x', ?1, 'broken', 'open', 1, 5, 'USD', 1, 1, 1, 1)`,
    )
      .bind(pair.ann.userId)
      .run();
    const mine = await exported(pair.ann);
    expect(mine.messages_received?.map(({ content }) => content)).toEqual(['A word to Ann']);
    expect(mine.notifications?.map(({ type }) => type)).toContain('new_follower');
    expect(mine.blocks).toMatchObject([{ blocked_id: pair.ben.userId }]);
    expect(mine.disputes_opened).toMatchObject([{ id: 'dsp_export', reason: 'broken' }]);
  });

  it('goes on where a page of rows ends', async () => {
    const user = await signUp('export-cleo');
    await env.DB.prepare(
      `insert into account_activity (id, user_id, action, created_at)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 450)
         select 'act_export' || i, ?1, 'signed_in', i / 7 from n`,
    )
      .bind(user.userId)
      .run();
    const { activity } = await exported(user);
    expect(activity).toHaveLength(451);
  });

  it('reads every part along an index', async () => {
    const user = await signUp('export-dan');
    const scanned: string[] = [];
    const d1 = new Proxy(env.DB, {
      get(target, name) {
        if (name !== 'prepare') return Reflect.get(target, name).bind(target);
        return (sql: string) => {
          scanned.push(sql);
          return target.prepare(sql);
        };
      },
    });
    const { exportOwnData } = await import('../../src/features/privacy/export.usecases.ts');
    const caller = { ...user, roles: [], expiresAtMs: 0 };
    const client = { address: 'local', userAgent: '', deviceTokens: [], requestId: 'req_export' };
    await new Response(await exportOwnData({ ...deps, d1 }, caller, client)).text();
    const sections = scanned.filter((sql) => sql.includes('order by'));
    expect(sections.length).toBeGreaterThan(20);
    for (const sql of sections) {
      const { results } = await env.DB.prepare(`explain query plan ${sql}`)
        .bind(user.userId)
        .all<{ detail: string }>();
      const plan = results.map(({ detail }) => detail).join('; ');
      expect(plan, sql).toMatch(/^SEARCH/);
    }
  });

  it('is one’s own, and not asked for all the time', async () => {
    expect(await refusalOf(await request('/api/v1/me/export'))).toBe('401 unauthenticated');
    const { token } = await signUp('export-eve');
    const answers = [];
    for (let nth = 0; nth < 4; nth += 1) answers.push(await request('/api/v1/me/export', { token }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  });
});
