import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { users } from '../../src/db/schema.ts';
import { bodyOf, request, signUp, signUpAdmin } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { greyPng, jpegWithExif } from '../support/pictures.ts';
import { registered } from '../support/sign-in.ts';

const { deps } = composeOnce(env);

const patch = (token: string | undefined, json: unknown, path = '/api/v1/me', method = 'PATCH') =>
  request(path, { method, token, json });
const preferences = (token: string | undefined, json: unknown) =>
  patch(token, json, '/api/v1/me/preferences', 'PUT');
const profileOf = async (id: string) => bodyOf(await request(`/api/v1/users/${id}`));
const avatar = (token: string | undefined, body: BodyInit, type = 'image/png') =>
  request('/api/v1/me/avatar', { method: 'PUT', token, body, headers: { 'Content-Type': type } });

describe('one’s own profile', () => {
  it('is changed field by field, and what is null is taken away', async () => {
    const { token, userId } = await signUp('profile-anna');
    const changed = await patch(token, {
      display_name: ' Anna A ',
      first_name: 'Anna',
      last_name: 'Ax',
      phone: '+4930123456',
      bio: 'Sneakers.\nAnd more sneakers.',
    });
    expect(changed.status).toBe(200);
    expect(await bodyOf(await request('/api/v1/me', { token }))).toMatchObject({
      id: userId,
      display_name: 'Anna A',
      first_name: 'Anna',
      last_name: 'Ax',
      phone: '+4930123456',
      bio: 'Sneakers.\nAnd more sneakers.',
      roles: ['user'],
      permissions: [],
      can_buy: true,
      is_verified_seller: false,
    });
    await patch(token, { phone: null, bio: null });
    expect(await bodyOf(await request('/api/v1/me', { token }))).toMatchObject({
      first_name: 'Anna',
      phone: null,
      bio: null,
    });
  });

  it.each([
    ['nothing', {}, ''],
    ['a role', { role: 'admin' }, '/role'],
    ['an e-mail address', { email: 'x@y.test' }, '/email'],
    ['a badge', { verified_seller_at: 1 }, '/verified_seller_at'],
    ['no display name', { display_name: null }, '/display_name'],
    ['a name with a line break', { first_name: 'a\nb' }, '/first_name'],
    ['a name of 81 characters', { last_name: 'x'.repeat(81) }, '/last_name'],
    ['a bio of 501 characters', { bio: 'x'.repeat(501) }, '/bio'],
    ['a bio with control characters', { bio: 'a\u0007b' }, '/bio'],
    ['a telephone number in words', { phone: 'call me' }, '/phone'],
  ])('takes no %s', async (_what, json, pointer) => {
    const { token } = await signUp(`profile-${Math.random().toString(36).slice(2, 12)}`);
    const answer = await patch(token, json);
    const { errors } = await bodyOf<{ errors: { pointer: string }[] }>(answer);
    expect([answer.status, errors[0]?.pointer]).toEqual([422, pointer === '' ? '/' : pointer]);
  });

  it('is nobody’s without a token, and no one’s who is gone', async () => {
    for (const [path, method] of [
      ['/api/v1/me', 'PATCH'],
      ['/api/v1/me/preferences', 'PUT'],
    ] as const)
      expect(await refusalOf(await patch(undefined, { display_name: 'x' }, path, method))).toBe(
        '401 unauthenticated',
      );
    for (const path of ['/api/v1/me/preferences', '/api/v1/me/activity'])
      expect(await refusalOf(await request(path))).toBe('401 unauthenticated');
    const { token, userId } = await signUp('profile-gone');
    await deps.db.update(users).set({ deletedAt: 1 }).where(eq(users.id, userId));
    expect(await refusalOf(await patch(token, { display_name: 'x' }))).toBe('401 invalid_token');
    expect(await refusalOf(await request('/api/v1/me', { token }))).toBe('401 invalid_token');
  });

  it('says what an admin may do', async () => {
    const { token } = await signUpAdmin('profile-admin');
    const { permissions } = await bodyOf<{ permissions: string[] }>(await request('/api/v1/me', { token }));
    expect(permissions).toContain('users.manage');
    expect(permissions).not.toContain('admins.manage');
  });
});

describe('an avatar', () => {
  it('is stored anew in its widths, shown to everybody, and taken away again', async () => {
    const { token, userId } = await signUp('avatar-ben');
    const answer = await avatar(token, jpegWithExif('a secret place'), 'image/jpeg');
    expect(answer.status).toBe(200);
    const { avatar: shown } = await bodyOf<{ avatar: { url: string } }>(answer);
    expect(shown.url).toMatch(/^\/media\/avatars\/[0-9a-f]{64}\/\d+\.webp$/);
    const picture = await request(shown.url);
    expect(picture.headers.get('Content-Type')).toBe('image/webp');
    expect(Buffer.from(await picture.arrayBuffer()).includes('a secret place')).toBe(false);
    expect(await profileOf(userId)).toMatchObject({ avatar: { url: shown.url } });
    expect((await request('/api/v1/me/avatar', { method: 'DELETE', token })).status).toBe(204);
    expect(await profileOf(userId)).toMatchObject({ avatar: null });
  });

  it('is a picture, of a bearable size, and one’s own', async () => {
    const { token } = await signUp('avatar-cleo');
    expect(await refusalOf(await avatar(token, '<svg/>'))).toBe('422 invalid_image');
    expect(await refusalOf(await avatar(token, '<svg/>', 'image/svg+xml'))).toBe(
      '415 unsupported_media_type',
    );
    expect(await refusalOf(await avatar(token, new Uint8Array(11_000_000)))).toBe('413 body_too_large');
    expect(await refusalOf(await avatar(undefined, greyPng(8, 8)))).toBe('401 unauthenticated');
  });
});

describe('a public profile', () => {
  it('tells no more than its owner shows', async () => {
    const { token, userId, email } = await signUp('public-dan');
    await patch(token, { first_name: 'Dan', last_name: 'Dax', phone: '+4930123456', bio: 'Hello' });
    const shown = await profileOf(userId);
    expect(shown).toMatchObject({
      username: 'public-dan',
      bio: 'Hello',
      name: null,
      is_verified_seller: false,
      is_deleted: false,
      rating: { average: null, count: 0 },
      reliability: { marks: 0 },
      average_response_seconds: null,
      member_since: expect.stringMatching(/Z$/),
    });
    const text = JSON.stringify(shown);
    for (const secret of [email, '+4930123456', 'Dax']) expect(text).not.toContain(secret);
    await preferences(token, { privacy: { show_name: true, show_ratings: false } });
    expect(await profileOf(userId)).toMatchObject({ name: 'Dan Dax', rating: null, reliability: null });
  });

  it('carries the badge of a verified seller, by role or by documents', async () => {
    const byRole = await signUp('public-eve', 'verified_seller');
    const byDocuments = await signUp('public-fay', 'moderator');
    await deps.db.update(users).set({ verifiedSellerAt: 1 }).where(eq(users.id, byDocuments.userId));
    for (const { userId } of [byRole, byDocuments])
      expect(await profileOf(userId)).toMatchObject({ is_verified_seller: true });
  });
});

describe('preferences', () => {
  it('are defaults until they are chosen, and stay where they are left out', async () => {
    const { token } = await signUp('prefer-gus');
    const read = async () => bodyOf(await request('/api/v1/me/preferences', { token }));
    const before = await read();
    expect(before).toEqual({
      language: 'en',
      timezone: 'UTC',
      theme: 'system',
      date_format: 'YYYY-MM-DD',
      time_format: '24h',
      privacy: { show_name: false, show_ratings: true, show_presence: true, listed_in_search: true },
    });
    const set = await preferences(token, {
      language: 'de',
      timezone: 'Europe/Berlin',
      privacy: { show_presence: false },
    });
    expect(set.status).toBe(200);
    expect(await read()).toEqual({
      ...before,
      language: 'de',
      timezone: 'Europe/Berlin',
      privacy: { ...(before.privacy as object), show_presence: false },
    });
    expect(await bodyOf(await request('/api/v1/me/presence', { token }))).toEqual({ show_presence: false });
  });

  it.each([
    [{ timezone: 'Mars/Olympus' }],
    [{ timezone: 'x'.repeat(65) }],
    [{ language: 'tlh' }],
    [{ theme: 'neon' }],
    [{ privacy: { show_name: 'yes' } }],
    [{ privacy: { is_admin: true } }],
    [{ user_id: 'usr_0' }],
  ])('are not %j', async (json) => {
    const { token } = await signUp(`prefer-${Math.random().toString(36).slice(2, 12)}`);
    expect(await refusalOf(await preferences(token, json))).toBe('422 validation_failed');
  });
});

describe('activity', () => {
  it('is one’s own log of what happened to the account, page by page', async () => {
    const { access_token: token } = await registered('activity-hal');
    await signUp('activity-other');
    await patch(token, { bio: 'x' });
    await preferences(token, { theme: 'dark' });
    const actions: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { data: { action: string; device: string }[]; next_cursor: string | null } = await bodyOf(
        await request(`/api/v1/me/activity?limit=1${cursor && `&cursor=${cursor}`}`, { token }),
      );
      actions.push(...page.data.map(({ action }) => action));
      cursor = page.next_cursor;
    }
    expect(actions.sort()).toEqual(['preferences_changed', 'profile_changed', 'registered']);
  });
});
