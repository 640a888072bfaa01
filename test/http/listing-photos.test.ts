import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { imageSize } from 'image-size';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { listings } from '../../src/db/listings-schema.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { createListing, readListing, type TestPhoto } from '../support/listings.ts';
import { greyPng, JPEG, jpegWithExif } from '../support/pictures.ts';

const { deps } = composeOnce(env);

let owner: TestUser;
let stranger: TestUser;
beforeAll(async () => {
  [owner, stranger] = await Promise.all([signUp('owner'), signUp('stranger')]);
});

const upload = (id: string, body: BodyInit, { query = '', type = 'image/png', token = owner.token } = {}) =>
  request(`/api/v1/listings/${id}/photos${query}`, {
    method: 'POST',
    token,
    body,
    headers: { 'Content-Type': type },
  });
const change = (id: string, photo: string, json: unknown, token = owner.token) =>
  request(`/api/v1/listings/${id}/photos/${photo}`, { method: 'PATCH', token, json });
const remove = (id: string, photo: string, token = owner.token) =>
  request(`/api/v1/listings/${id}/photos/${photo}`, { method: 'DELETE', token });
const photosOf = async (id: string) => (await readListing(id, owner.token)).photos;

describe('the photos of a listing', () => {
  it('are shown in their order, with one primary among them', async () => {
    const { id } = await createListing(owner);
    const added: TestPhoto[] = [];
    for (const [index, query] of ['?alt=Front', '', '?primary=true'].entries())
      added.push(await bodyOf<TestPhoto>(await upload(id, greyPng(8 + index, 8), { query })));
    const [a, b, c] = added.map((photo) => photo.id) as [string, string, string];
    const shown = async () => (await photosOf(id)).map(({ id, primary }) => [id, primary]);
    expect(added[0]).toMatchObject({ alt: 'Front', primary: true, position: 0 });
    expect(await shown()).toEqual([
      [a, false],
      [b, false],
      [c, true],
    ]);
    expect(
      await bodyOf<TestPhoto>(await change(id, b, { alt: 'Back', position: 0, primary: true })),
    ).toMatchObject({ alt: 'Back', position: 0, primary: true });
    expect(await shown()).toEqual([
      [b, true],
      [a, false],
      [c, false],
    ]);
    expect((await remove(id, b)).status).toBe(204);
    expect(await shown()).toEqual([
      [a, true],
      [c, false],
    ]);
  });

  it('are served to everybody, without what the camera wrote into them', async () => {
    const { id } = await createListing(owner);
    const secret = 'taken at home, 25.0805 N 55.1398 E';
    const photo = await bodyOf<TestPhoto>(await upload(id, jpegWithExif(secret), { type: 'image/jpeg' }));
    expect(photo.url).toMatch(/^\/media\/listings\/[0-9a-f]{64}\/\d+\.webp$/);
    const bytes = new Uint8Array(await (await request(photo.url)).arrayBuffer());
    expect(imageSize(bytes).type).toBe('webp');
    expect(new TextDecoder('latin1').decode(bytes)).not.toContain('taken at home');
  });

  it('are ten at most and one primary, however many arrive at once', async () => {
    const { id } = await createListing(owner);
    for (let index = 0; index < 8; index += 1) await upload(id, greyPng(8, 8));
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => upload(id, greyPng(8, 8), { query: '?primary=true' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    const photos = await photosOf(id);
    expect(photos.map(({ position }) => position)).toEqual(Array.from({ length: 10 }, (_, index) => index));
    expect(photos.filter(({ primary }) => primary)).toHaveLength(1);
  });

  it('are nobody else’s to touch', async () => {
    const { id } = await createListing(owner);
    const other = await createListing(owner);
    const photo = await bodyOf<TestPhoto>(await upload(id, greyPng(8, 8)));
    const { token } = stranger;
    expect(await refusalOf(await upload(id, greyPng(8, 8), { token }))).toBe('404 listing_not_found');
    expect(await refusalOf(await change(id, photo.id, { alt: 'x' }, token))).toBe('404 listing_not_found');
    expect(await refusalOf(await remove(id, photo.id, token))).toBe('404 listing_not_found');
    expect(await refusalOf(await change(other.id, photo.id, { alt: 'x' }))).toBe('404 image_not_found');
    expect(await refusalOf(await remove(other.id, photo.id))).toBe('404 image_not_found');
    expect(await photosOf(id)).toHaveLength(1);
  });

  it('are pictures, whatever they are called', async () => {
    const { id } = await createListing(owner);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    expect(await refusalOf(await upload(id, svg))).toBe('422 invalid_image');
    expect(await refusalOf(await upload(id, svg, { type: 'image/svg+xml' }))).toBe(
      '415 unsupported_media_type',
    );
    expect(await refusalOf(await upload(id, '<html>GIF89a</html>'))).toBe('422 invalid_image');
    expect(await refusalOf(await change(id, 'pho_x', {}))).toBe('422 validation_failed');
    expect(await photosOf(id)).toEqual([]);
  });

  it('stay as they are once the item is promised', async () => {
    const { id } = await createListing(owner);
    const photo = await bodyOf<TestPhoto>(await upload(id, JPEG, { type: 'image/jpeg' }));
    await deps.db
      .update(listings)
      .set({ status: 'reserved', reservedFor: 'ofr_0000000000000000' })
      .where(eq(listings.id, id));
    expect(await refusalOf(await upload(id, greyPng(8, 8)))).toBe('409 invalid_transition');
    expect(await refusalOf(await remove(id, photo.id))).toBe('409 invalid_transition');
  });
});
