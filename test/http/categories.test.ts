import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { auditLog } from '../../src/db/house-schema.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { createListing } from '../support/listings.ts';

const { deps } = composeOnce(env);

interface Category {
  id: string;
  slug: string;
  name: string;
  parent_id: string | null;
  position: number;
  version: number;
  depth: number;
}

let admin: TestUser;
let user: TestUser;
beforeAll(async () => {
  [admin, user] = await Promise.all([signUpAdmin(), signUp('user')]);
});

const tree = async () => (await bodyOf<{ data: Category[] }>(await request('/api/v1/categories'))).data;
const create = (json: unknown, token = admin.token) => request('/api/v1/categories', { token, json });
const change = (id: string, json: unknown, ifMatch = '*', token = admin.token) =>
  request(`/api/v1/categories/${id}`, {
    method: 'PATCH',
    token,
    json,
    headers: ifMatch === '' ? {} : { 'If-Match': ifMatch },
  });
const remove = (id: string, token = admin.token) =>
  request(`/api/v1/categories/${id}`, { method: 'DELETE', token });
const added = async (slug: string, parent_id: string | null = null) =>
  bodyOf<Category>(await create({ name: slug, slug, parent_id }));

describe('the tree of categories', () => {
  it('is read by everybody, each after its parent', async () => {
    const all = await tree();
    expect(all.length).toBeGreaterThanOrEqual(61);
    expect(all[0]).toMatchObject({ slug: 'fashion', depth: 0, parent_id: null });
    for (const [index, { parent_id, depth }] of all.entries()) {
      const parent = all.slice(0, index).find(({ id }) => id === parent_id);
      expect(depth).toBe(parent ? parent.depth + 1 : 0);
      expect(parent === undefined).toBe(parent_id === null);
    }
  });

  it('is changed by admins, who leave traces', async () => {
    const parent = await added('musical');
    const child = await added('drums', parent.id);
    expect(child).toMatchObject({ parent_id: parent.id, position: 0, version: 1 });
    expect((await added('flutes', parent.id)).position).toBe(1);
    const renamed = await change(child.id, { name: 'Drums and more', position: 5 });
    expect(await bodyOf<Category>(renamed)).toMatchObject({
      name: 'Drums and more',
      position: 5,
      version: 2,
    });
    const { id } = await createListing(user, { category_id: 'drums' });
    expect(await refusalOf(await remove(child.id))).toBe('409 category_in_use');
    expect(await refusalOf(await remove(parent.id))).toBe('409 category_in_use');
    await request(`/api/v1/listings/${id}`, {
      method: 'PATCH',
      token: user.token,
      json: { category_id: 'other' },
      headers: { 'If-Match': '*' },
    });
    expect((await remove(child.id)).status).toBe(204);
    expect((await tree()).some(({ slug }) => slug === 'drums')).toBe(false);
    const traces = await deps.db.select().from(auditLog).where(eq(auditLog.targetId, child.id));
    expect(traces.map(({ action, actorId }) => [action, actorId])).toEqual([
      ['category_created', admin.userId],
      ['category_changed', admin.userId],
      ['category_deleted', admin.userId],
    ]);
    expect(JSON.parse(traces[1]!.before!)).toMatchObject({ name: 'drums' });
    expect(JSON.parse(traces[1]!.after!)).toMatchObject({ name: 'Drums and more' });
  });

  it('is refused to others, and what would break it to everybody', async () => {
    const { id } = await added('refusals');
    const below = await added('refusals-below', id);
    expect(await refusalOf(await create({ name: 'x', slug: 'x' }, user.token))).toBe('403 forbidden');
    expect(await refusalOf(await change(id, { name: 'x' }, '*', user.token))).toBe('403 forbidden');
    expect(await refusalOf(await remove(id, user.token))).toBe('403 forbidden');
    expect(await refusalOf(await request('/api/v1/categories', { json: {} }))).toBe('401 unauthenticated');
    expect(await refusalOf(await create({ name: 'x', slug: 'refusals' }))).toBe('409 category_slug_taken');
    expect(await refusalOf(await create({ name: 'x', slug: 'Not A Slug' }))).toBe('422 validation_failed');
    expect(await refusalOf(await create({ name: 'x', slug: 'x', parent_id: 'cat_none' }))).toBe(
      '404 category_not_found',
    );
    expect(await refusalOf(await change(id, { name: 'x' }, ''))).toBe('428 precondition_required');
    expect(await refusalOf(await change(id, { name: 'x' }, '"v9"'))).toBe('412 precondition_failed');
    expect(await refusalOf(await change(id, { parent_id: below.id }))).toBe('422 category_cycle');
    expect(await refusalOf(await change(id, { parent_id: id }))).toBe('422 category_cycle');
    expect(await refusalOf(await change('cat_none', { name: 'x' }))).toBe('404 category_not_found');
    expect(await refusalOf(await remove('cat_none'))).toBe('404 category_not_found');
  });

  it('stays a tree when two admins move each below the other at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b] = [await added(`ring-a${round}`), await added(`ring-b${round}`)];
      const answers = await Promise.all([
        change(a.id, { parent_id: b.id }),
        change(b.id, { parent_id: a.id }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
      const slugs = (await tree()).map(({ slug }) => slug);
      expect(slugs).toEqual(expect.arrayContaining([a.slug, b.slug]));
    }
  });

  it('loses no category to a parent that is deleted at that moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const parent = await added(`short-lived${round}`);
      const [gone, born] = await Promise.all([
        remove(parent.id),
        create({ name: 'x', slug: `orphan${round}`, parent_id: parent.id }),
      ]);
      expect([gone.status, born.status]).toEqual(gone.status === 204 ? [204, 404] : [409, 201]);
    }
  });
});
