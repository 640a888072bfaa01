import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { users } from '../../src/db/schema.ts';
import { MAX_LINKS_PER_HOUR } from '../../src/domain/accounts/account-token.ts';
import { bodyOf, request, signUp, TEST_PASSWORD, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { lettersTo } from '../support/notifications.ts';
import { keepEvents, mailedToken } from '../support/seen-events.ts';
import { loggedIn, logIn } from '../support/sign-in.ts';

const { deps } = composeOnce(env);
const CHANGE_MAIL = 'account.email_change_requested';
const change = (user: TestUser | undefined, new_email: string, password = TEST_PASSWORD) =>
  request('/api/v1/auth/change-email', { token: user?.token, json: { new_email, password } });
const follow = (token: string) => request('/api/v1/auth/verify-email', { json: { token } });
const emailOf = async ({ userId }: TestUser) =>
  (await deps.db.select().from(users).where(eq(users.id, userId)))[0]!.email;
async function linkTo(user: TestUser, email: string): Promise<string> {
  expect((await change(user, email)).status).toBe(202);
  return mailedToken(CHANGE_MAIL, user.userId);
}
const mailArrived = async (address: string) => {
  await expect.poll(async () => (await lettersTo(address)).length, { timeout: 10_000 }).toBeGreaterThan(0);
  return (await lettersTo(address))[0]!;
};

beforeAll(keepEvents);

describe('changing one’s e-mail address', () => {
  it('waits for the link in the mail to the new one, and tells the old one', async () => {
    const user = await signUp('move-anna');
    const token = await linkTo(user, 'Anna.New@bourse.test');
    expect(await emailOf(user)).toBe(user.email);
    await allDone();
    expect((await mailArrived('anna.new@bourse.test')).text).toContain(`#verify=${token}`);
    const answer = await follow(token);
    expect(await bodyOf(answer)).toMatchObject({ email: 'anna.new@bourse.test' });
    await loggedIn('anna.new@bourse.test');
    expect(await refusalOf(await logIn(user.email))).toBe('401 invalid_credentials');
    await allDone();
    const told = await mailArrived(user.email);
    expect(told.subject).toBe('Your address was changed');
    expect(told.text).not.toContain('anna.new');
    expect(await refusalOf(await follow(token))).toBe('422 invalid_link');
  });

  it('asks who it is, and for an address that is free', async () => {
    const [user, other] = await Promise.all([signUp('move-ben'), signUp('move-cleo')]);
    expect(await refusalOf(await change(undefined, 'x@bourse.test'))).toBe('401 unauthenticated');
    expect(await refusalOf(await change(user, 'x@bourse.test', 'not it'))).toBe('403 wrong_password');
    expect(await refusalOf(await change(user, other.email.toUpperCase()))).toBe('409 email_taken');
    expect(await refusalOf(await change(user, 'no address'))).toBe('422 validation_failed');
    for (let nth = 0; nth < MAX_LINKS_PER_HOUR; nth += 1)
      expect((await change(user, `ben-${nth}@bourse.test`)).status).toBe(202);
    expect(await refusalOf(await change(user, 'ben-more@bourse.test'))).toBe('429 rate_limited');
    // Only the last link works.
    expect(await emailOf(user)).toBe(user.email);
  });

  it('gives one address to one of two who want it, and one link to one of two who follow it', async () => {
    const [dan, eve] = await Promise.all([signUp('move-dan'), signUp('move-eve')]);
    const links = [await linkTo(dan, 'both@bourse.test'), await linkTo(eve, 'both@bourse.test')];
    const answers = await Promise.all(links.map(follow));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(
      [await emailOf(dan), await emailOf(eve)].filter((email) => email === 'both@bourse.test'),
    ).toHaveLength(1);
    const flo = await signUp('move-flo');
    const link = await linkTo(flo, 'flo-new@bourse.test');
    const twice = await Promise.all([follow(link), follow(link)]);
    expect(twice.map(({ status }) => status).sort()).toEqual([200, 422]);
  });
});
