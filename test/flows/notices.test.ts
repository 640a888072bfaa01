import { describe, expect, it } from 'vitest';
import { remindWhoIsDue } from '../../src/features/notifications/reminders.usecases.ts';
import { bodyOf, request, signUp } from '../support/accounts.ts';
import { deps, projected, ring, setClock } from '../support/book-object.ts';
import { createBook, placed } from '../support/books.ts';
import { allDone } from '../support/domain-events.ts';
import { lettersTo, quietDeps, toldTo } from '../support/notifications.ts';
import { matchedOrder } from '../support/purchases.ts';

const DAY_MS = 86_400_000;

describe('the owners of bids and asks', () => {
  it('are told with the real product, size and price when they match (SN-36)', async () => {
    const [buyer, seller] = await Promise.all([signUp('n-buyer'), signUp('n-seller')]);
    const { order } = await matchedOrder(buyer, seller);
    await allDone();
    const { product_name: product } = order.lines[0]!;
    const [bought] = await toldTo(buyer, '?category=matches');
    expect(bought!.title).toContain(product);
    expect(bought!.body).toContain('$220.00');
    expect(bought!.body).toContain(order.number);
    const [sold] = await toldTo(seller, '?category=matches');
    expect(sold!.title).toContain(product);
    expect(sold!.body).toContain('$211.20');
    await expect
      .poll(async () => (await lettersTo(seller.email)).length, { timeout: 20_000 })
      .toBeGreaterThan(0);
    expect((await lettersTo(seller.email)).map(({ subject }) => subject).join()).toContain(product);
  });

  it('are outbid once, by somebody else, when they were the best', async () => {
    const book = await createBook();
    const [low, first, second] = await Promise.all([signUp('n-low'), signUp('n-first'), signUp('n-second')]);
    await placed(book, low, 'bid', { price_cents: 8_000 });
    await placed(book, first, 'bid', { price_cents: 10_000 });
    await placed(book, first, 'bid', { price_cents: 10_500 });
    await projected(book);
    await placed(book, second, 'bid', { price_cents: 11_000 });
    await placed(book, second, 'bid', { price_cents: 9_000 });
    await projected(book);
    await allDone();
    const told = await toldTo(first, '?category=matches');
    expect(told.map(({ type }) => type)).toEqual(['outbid']);
    expect(told[0]!.body).toContain('$110.00');
    expect(told[0]!.body).toContain('$105.00');
    expect((await toldTo(low)).map(({ type }) => type)).toEqual(['outbid']);
    expect(await toldTo(second)).toEqual([]);
  });

  it('are told that they expire soon, and that they have, each once', async () => {
    const book = await createBook();
    const owner = await signUp('n-expiring');
    await placed(book, owner, 'ask', { price_cents: 12_000, expires_in_hours: 72 });
    await projected(book);
    const nowMs = Date.now();
    const at = (ms: number) => quietDeps({ now: () => ms });
    await remindWhoIsDue(at(nowMs), nowMs);
    await allDone();
    expect(await toldTo(owner)).toEqual([]);
    const soon = nowMs + 2.5 * DAY_MS;
    expect(await remindWhoIsDue(at(soon), soon)).toBe(1);
    expect(await remindWhoIsDue(at(soon), soon)).toBe(0);
    await allDone();
    expect((await toldTo(owner)).map(({ type }) => type)).toEqual(['ask_expiring']);

    await setClock(book, () => nowMs + 3.1 * DAY_MS);
    await ring(book);
    // The event is of a time to come, which is as new as can be.
    await projected(book);
    await allDone();
    expect((await toldTo(owner)).map(({ type }) => type).sort()).toEqual(['ask_expired', 'ask_expiring']);
  });
});

describe('a new user', () => {
  const letter = async (email: string, part: string) => {
    await expect
      .poll(async () => (await lettersTo(email)).some(({ text }) => text.includes(part)), { timeout: 20_000 })
      .toBe(true);
    const found = (await lettersTo(email)).find(({ text }) => text.includes(part))!;
    return decodeURIComponent(found.text.split(part)[1]!.split(/\s/)[0]!);
  };

  it('registers, follows the link in the mail, forgets the password, and sets a new one', async () => {
    const email = 'newcomer@bourse.test';
    const registered = await request('/api/v1/auth/register', {
      json: { email, username: 'newcomer', password: 'a long first password' },
    });
    expect(registered.status).toBe(201);
    await deps.outbox.drain();
    const token = await letter(email, '/account.html#verify=');
    const verified = await request('/api/v1/auth/verify-email', { json: { token } });
    expect(await bodyOf(verified)).toMatchObject({ email });
    expect((await request('/api/v1/auth/verify-email', { json: { token } })).status).toBeGreaterThanOrEqual(
      400,
    );

    expect((await request('/api/v1/auth/forgot-password', { json: { email } })).status).toBe(202);
    const reset = await letter(email, '/account.html#reset=');
    const set = await request('/api/v1/auth/reset-password', {
      json: { token: reset, new_password: 'quite another password' },
    });
    expect(set.status).toBe(204);
    const login = (password: string) => request('/api/v1/auth/login', { json: { email, password } });
    expect((await login('a long first password')).status).toBe(401);
    expect((await login('quite another password')).status).toBe(200);
    await letter(email, 'your password was changed');
  });
});
