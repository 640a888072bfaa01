import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { createBook, depthOf, place, placed } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';

interface FlagView {
  name: string;
  is_on: boolean;
  updated_by: string | null;
}

let admin: TestUser;
let trader: TestUser;

const flags = async (token = admin.token) =>
  bodyOf<{ data: FlagView[] }>(await request('/api/v1/admin/flags', { token }));
const set = (wanted: Record<string, unknown>, user: TestUser = admin) =>
  request('/api/v1/admin/flags', {
    method: 'PUT',
    token: user.token,
    json: { flags: wanted, reason: 'a test' },
  });
const newcomer = (name: string) =>
  request('/api/v1/auth/register', {
    json: { email: `${name}@bourse.test`, username: name, password: 'a good long passphrase' },
  });

beforeAll(async () => {
  admin = await signUpAdmin('flags-admin');
  trader = await signUp('flags-trader');
});

describe('the switches of the house', () => {
  it('are on until somebody turns them off, and say who did', async () => {
    const { data } = await flags();
    expect(data.map(({ name, is_on, updated_by }) => [name, is_on, updated_by])).toEqual([
      ['registration_open', true, null],
      ['trading_enabled', true, null],
      ['souk_enabled', true, null],
      ['payouts_enabled', true, null],
    ]);
  });

  it('close registration', async () => {
    expect((await set({ registration_open: false })).status).toBe(200);
    expect(await refusalOf(await newcomer('latecomer'))).toBe('403 registration_closed');
    const { data } = await flags();
    expect(data[0]).toMatchObject({ is_on: false, updated_by: admin.userId });
    await set({ registration_open: true });
    expect((await newcomer('latecomer')).status).toBe(201);
  });

  it('stop orders in every book at once, but neither reading nor cancelling', async () => {
    const book = await createBook();
    const halted = await createBook({ rules: { status: 'halted' } });
    const resting = await placed(book, trader, 'bid', { price_cents: 10_000 });
    await set({ trading_enabled: false });
    expect(await refusalOf(await place(book, trader, 'bid', { price_cents: 10_000 }))).toBe(
      '409 book_cancel_only',
    );
    expect((await depthOf(book)).bids).toEqual([[10_000, 1, 1]]);
    const cancel = await request(`/api/v1/bids/${resting.id}`, { method: 'DELETE', token: trader.token });
    expect(cancel.status).toBe(200);
    await set({ trading_enabled: true });
    await placed(book, trader, 'bid', { price_cents: 10_000 });
    expect(await refusalOf(await place(halted, trader, 'bid', { price_cents: 10_000 }))).toBe(
      '409 book_halted',
    );
  });

  it('hold back payouts', async () => {
    await set({ payouts_enabled: false });
    const payout = await request('/api/v1/payouts', {
      token: trader.token,
      json: { amount_cents: 5_000, currency: 'USD' },
    });
    expect(await refusalOf(payout)).toBe('409 payouts_halted');
    await set({ payouts_enabled: true });
  });

  it('leave a line in the audit log for each change, and none for what was so already', async () => {
    await set({ souk_enabled: false, registration_open: true });
    await set({ souk_enabled: false });
    const { data } = await bodyOf<{ data: Record<string, unknown>[] }>(
      await request('/api/v1/admin/audit?target_type=flag&target_id=souk_enabled', { token: admin.token }),
    );
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      actor_id: admin.userId,
      action: 'flag_set',
      before: { on: true },
      after: { on: false },
      reason: 'a test',
    });
    await set({ souk_enabled: true });
  });

  it('are for those who manage them, and take nothing else', async () => {
    expect(await refusalOf(await set({ souk_enabled: false }, trader))).toBe('403 forbidden');
    for (const path of ['/api/v1/admin/flags', '/api/v1/admin/audit']) {
      expect(await refusalOf(await request(path, { token: trader.token }))).toBe('403 forbidden');
      expect(await refusalOf(await request(path))).toBe('401 unauthenticated');
    }
    for (const wrong of [{}, { unknown: true }, { souk_enabled: 'no' }, { __proto__: { a: 1 } }])
      expect(await refusalOf(await set(wrong))).toBe('422 validation_failed');
    expect(await refusalOf(await request('/api/v1/admin/audit?cursor=x', { token: admin.token }))).toBe(
      '422 invalid_cursor',
    );
    const halfATarget = await request('/api/v1/admin/audit?target_id=x', { token: admin.token });
    expect(await refusalOf(halfATarget)).toBe('422 validation_failed');
  });

  it('page through the audit log without gaps or repeats', async () => {
    const all: string[] = [];
    let cursor = '';
    do {
      const page = await bodyOf<{ data: { id: string }[]; next_cursor: string | null }>(
        await request(`/api/v1/admin/audit?actor_id=${admin.userId}&limit=3${cursor}`, {
          token: admin.token,
        }),
      );
      all.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
    } while (cursor !== '');
    expect(all.length).toBeGreaterThan(3);
    expect(new Set(all).size).toBe(all.length);
  });
});
