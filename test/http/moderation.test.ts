import { env } from 'cloudflare:workers';
import { and, eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { outbox } from '../../src/db/orders-schema.ts';
import { sessions, users } from '../../src/db/schema.ts';
import { moderationActions } from '../../src/db/trust-schema.ts';
import { newId } from '../../src/domain/ids.ts';
import { DAY_MS } from '../../src/domain/time.ts';
import {
  liftExpiredSuspensions,
  repeatRecentMeasures,
} from '../../src/features/moderation/moderation.effects.ts';
import { createD1Revocations } from '../../src/platform/tokens/d1-revocations.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps, execute, placeCommand, projected } from '../support/book-object.ts';
import { createBook, depthOf, place, placed } from '../support/books.ts';
import { readAll, refusalOf } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { at, capture, matchedOrder, readOrder } from '../support/purchases.ts';
import { listedItem, listingStatus } from '../support/trust.ts';

interface Action {
  id: string;
  action: string;
  actor_id: string;
  lifted_at: string | null;
}
interface Taken {
  user: { status: string; suspended_until: string | null };
  action: Action;
}

let admin: TestUser;
let moderator: TestUser;
let superadmin: TestUser;

const measure = (user: TestUser, by: TestUser, json: Record<string, unknown>) =>
  request(`/api/v1/admin/users/${user.userId}/moderation`, {
    token: by.token,
    json: { reason: 'A test', ...json },
  });
const suspend = (user: TestUser, by: TestUser, hours = 24) =>
  measure(user, by, { action: 'suspend', severity: 3, duration_hours: hours });
async function suspended(user: TestUser, by: TestUser): Promise<Taken> {
  const answer = await suspend(user, by);
  expect(answer.status).toBe(201);
  return bodyOf<Taken>(answer);
}
const statusOf = async (user: TestUser) =>
  (await deps.db.select().from(users).where(eq(users.id, user.userId)))[0]!.status;
const lift = (action: Action, by: TestUser) =>
  request(`/api/v1/admin/moderation/${action.id}/lift`, { token: by.token, json: { reason: 'Settled' } });

beforeAll(async () => {
  admin = await signUpAdmin('mod-admin');
  moderator = await signUp('mod-moderator', 'moderator');
  superadmin = await signUp('mod-superadmin', 'superadmin');
});

describe('a suspension', () => {
  it('signs out, empties the books, pauses listings and stops sales, until it is lifted', async () => {
    const [seller, buyer] = [await signUp('barred-seller'), await signUp('barred-buyer')];
    const books = [await createBook(), await createBook()];
    for (const book of books) {
      await placed(book, seller, 'bid', { price_cents: 9_000 });
      await placed(book, seller, 'ask', { price_cents: 30_000 });
      await projected(book);
    }
    const [mine, paused] = [await listedItem(seller), await listedItem(seller)];
    await deps.d1.prepare("update listings set status = 'paused' where id = ?").bind(paused).run();
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);

    const { user, action } = await suspended(seller, moderator);
    expect(user).toMatchObject({ status: 'suspended' });
    expect(action).toMatchObject({ action: 'suspend', actor_id: moderator.userId, lifted_at: null });
    for (const path of ['/api/v1/me', '/api/v1/orders'])
      expect(await refusalOf(await request(path, { token: seller.token }))).toBe('403 account_suspended');
    expect(await refusalOf(await place(books[0]!, seller, 'bid', { price_cents: 9_000 }))).toBe(
      '403 account_suspended',
    );
    await allDone();
    for (const book of books) expect(await depthOf(book)).toMatchObject({ bids: [], asks: [] });
    expect(await listingStatus(mine)).toBe('paused');
    expect((await readOrder(order.id, buyer)).status).toBe('on_hold');

    expect((await lift(action, moderator)).status).toBe(200);
    await allDone();
    expect(await statusOf(seller)).toBe('active');
    expect(await listingStatus(mine)).toBe('active');
    expect(await listingStatus(paused)).toBe('paused');
    expect((await readOrder(order.id, buyer)).status).toBe('paid');
    expect(await refusalOf(await lift(action, moderator))).toBe('409 already_lifted');
  });

  it('is known in every other isolate with the next reading of ended sessions', async () => {
    const user = await signUp('barred-elsewhere');
    const now = deps.now() + DAY_MS;
    await deps.db
      .update(sessions)
      .set({ revokedAt: now, revokeReason: 'suspended' })
      .where(eq(sessions.id, user.sessionId));
    const elsewhere = createD1Revocations(env.DB, 900_000);
    expect(elsewhere.reasonOf(user.sessionId)).toBeNull();
    await elsewhere.refreshIfStale(now + 60_000);
    expect(elsewhere.reasonOf(user.sessionId)).toBe('suspended');
  });

  it('catches a session and an order that were under way', async () => {
    const user = await signUp('under-way');
    const book = await createBook();
    await suspended(user, moderator);
    await allDone();
    const sessionId = newId('ses', deps.random);
    const nowMs = deps.now();
    await deps.db.insert(sessions).values({
      id: sessionId,
      userId: user.userId,
      userAgent: '',
      address: '',
      createdAt: nowMs,
      lastUsedAt: nowMs,
      expiresAt: nowMs + DAY_MS,
    });
    const { token } = await deps.tokens.sign(
      { userId: user.userId, sessionId, username: user.username, roles: ['user'] },
      nowMs,
    );
    // On its way past this isolate, which may know of the measure by now.
    await execute(book, placeCommand(book, 'bid', 9_000), user.userId);
    await projected(book);
    expect(await repeatRecentMeasures(deps)).toBeGreaterThan(0);
    expect(await refusalOf(await request('/api/v1/me', { token }))).toBe('403 account_suspended');
    expect((await depthOf(book)).bids).toEqual([]);
  });

  it('stops an order that is paid only afterwards', async () => {
    const [seller, buyer] = [await signUp('late-seller'), await signUp('late-buyer')];
    const { order } = await matchedOrder(buyer, seller);
    await suspended(seller, moderator);
    await allDone();
    await capture(order);
    await allDone();
    expect((await readOrder(order.id, buyer)).status).toBe('on_hold');
  });

  it('ends by itself at its time, once', async () => {
    const user = await signUp('time-heals');
    await suspended(user, moderator);
    const later = at(deps.now() + DAY_MS + 1);
    expect(await liftExpiredSuspensions(deps)).toBe(0);
    const lifted = await Promise.all([liftExpiredSuspensions(later), liftExpiredSuspensions(later)]);
    expect(lifted[0]! + lifted[1]!).toBeGreaterThanOrEqual(1);
    expect(await statusOf(user)).toBe('active');
    const rows = await deps.db
      .select()
      .from(moderationActions)
      .where(and(eq(moderationActions.userId, user.userId), eq(moderationActions.kind, 'restore')));
    expect(rows).toMatchObject([{ actorId: 'system' }]);
    expect(await liftExpiredSuspensions(later)).toBe(0);
  });
});

describe('a measure', () => {
  it('by two moderators at one moment is taken once', async () => {
    const user = await signUp('two-at-once');
    const answers = await Promise.all([suspend(user, moderator), suspend(user, admin, 48)]);
    const codes = answers.map(({ status }) => status).sort();
    expect(codes[0]).toBe(201);
    const rows = await deps.db
      .select()
      .from(moderationActions)
      .where(eq(moderationActions.userId, user.userId));
    expect(rows).toHaveLength(answers.filter(({ status }) => status === 201).length);
    expect(rows.filter(({ liftedAt }) => liftedAt === null)).toHaveLength(1);
    const bans = await Promise.all([
      measure(user, admin, { action: 'ban', severity: 5 }),
      measure(user, superadmin, { action: 'ban', severity: 5 }),
    ]);
    expect(bans.map(({ status }) => status).sort()[0]).toBe(201);
    expect(bans.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('is limited by what a role may do, to whom', async () => {
    const user = await signUp('limits');
    const other = await signUpAdmin('mod-other-admin');
    const refusals: [TestUser, TestUser, Record<string, unknown>, string][] = [
      [user, moderator, { action: 'ban' }, '403 forbidden'],
      [user, moderator, { action: 'suspend', duration_hours: 721 }, '403 forbidden'],
      [user, user, { action: 'warning' }, '403 forbidden'],
      [other, admin, { action: 'ban' }, '403 forbidden'],
      [other, moderator, { action: 'warning' }, '403 forbidden'],
      [superadmin, admin, { action: 'ban' }, '403 forbidden'],
      [admin, admin, { action: 'warning' }, '403 forbidden'],
      [user, moderator, { action: 'restore' }, '409 invalid_transition'],
      [user, admin, { action: 'unban' }, '409 invalid_transition'],
      [user, moderator, { action: 'suspend' }, '422 validation_failed'],
      [user, moderator, { action: 'warning', duration_hours: 3 }, '422 validation_failed'],
      [user, moderator, { action: 'warning', severity: 6 }, '422 validation_failed'],
      [user, moderator, { action: 'warning', reason: ' ' }, '422 validation_failed'],
      [user, moderator, { action: 'warning', reason: 'x'.repeat(501) }, '422 validation_failed'],
      [{ ...user, userId: 'usr_nobody' }, moderator, { action: 'warning' }, '404 user_not_found'],
    ];
    for (const [target, by, json, expected] of refusals)
      expect(await refusalOf(await measure(target, by, json)), JSON.stringify(json)).toBe(expected);
    expect((await request(`/api/v1/admin/users/${user.userId}/moderation`, { json: {} })).status).toBe(401);
    expect(await statusOf(user)).toBe('active');
    expect((await measure(other, superadmin, { action: 'ban' })).status).toBe(201);
    expect((await measure(other, superadmin, { action: 'unban' })).status).toBe(201);
  });

  it('is in the audit log with what was before and after, and is told of', async () => {
    const user = await signUp('audited');
    const { action } = await suspended(user, moderator);
    const log = await readAll<Record<string, unknown>>(
      `/api/v1/admin/audit?target_type=user&target_id=${user.userId}`,
      admin.token,
    );
    expect(log).toMatchObject([
      {
        action: 'user_suspended',
        actor_id: moderator.userId,
        before: { status: 'active', suspended_until: null },
        after: { status: 'suspended', moderation_action_id: action.id },
        reason: 'A test',
      },
    ]);
    const [event] = await deps.db
      .select()
      .from(outbox)
      .where(eq(outbox.eventId, `${action.id}:acted`));
    if (event)
      expect(JSON.parse(event.body)).toMatchObject({ data: { user_id: user.userId, action: 'suspend' } });
  });

  it('is listed with what can be done next, page by page, and shown to whom it is about', async () => {
    const user = await signUp('warned');
    for (const severity of [1, 2, 3])
      expect((await measure(user, moderator, { action: 'warning', severity })).status).toBe(201);
    const path = `/api/v1/admin/users/${user.userId}/moderation`;
    const all = await readAll<Action>(`${path}?limit=2`, moderator.token);
    expect(all).toHaveLength(3);
    const page = await bodyOf<{ standing: { allowed_actions: string[] } }>(
      await request(path, { token: moderator.token }),
    );
    expect(page.standing.allowed_actions).toEqual(['warning', 'suspend']);
    const mine = await readAll<Record<string, unknown>>('/api/v1/me/moderation?limit=2', user.token);
    expect(mine).toHaveLength(3);
    expect(mine[0]).not.toHaveProperty('actor_id');
    const lifts = await Promise.all([lift(all[0]!, moderator), lift(all[0]!, moderator)]);
    expect(lifts.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await refusalOf(await request('/api/v1/admin/moderation', { token: user.token }))).toBe(
      '403 forbidden',
    );
    const byKind = await readAll<Action>('/api/v1/admin/moderation?action=warning&limit=2', admin.token);
    expect(byKind.every(({ action }) => action === 'warning')).toBe(true);
  });

  it('that ends leaves a sale alone that a chargeback stops as well', async () => {
    const [seller, buyer] = [await signUp('hold-seller'), await signUp('hold-buyer')];
    const { order } = await matchedOrder(buyer, seller);
    await capture(order);
    const { action } = await suspended(seller, moderator);
    await allDone();
    await deps.d1.prepare("update orders set chargeback_id = 'cb' where id = ?").bind(order.id).run();
    expect((await lift(action, moderator)).status).toBe(200);
    await allDone();
    expect((await readOrder(order.id, buyer)).status).toBe('on_hold');
  });
});
