import { imageSize } from 'image-size';
import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { createProduct, refusalOf, type TestProduct } from '../support/catalog.ts';
import { AVIF, greyPng, JPEG, jpegWithExif, pngHeader, WEBP } from '../support/pictures.ts';

interface Image {
  id: string;
  url: string;
  alt: string;
  position: number;
  primary: boolean;
  width: number;
  height: number;
  variants: { width: number; url: string }[];
}

let admin: TestUser;
let user: TestUser;
beforeAll(async () => {
  admin = await signUpAdmin();
  user = await signUp('reader');
});

const upload = (
  productId: string,
  body: BodyInit,
  { query = '', type = 'image/png', token = admin.token, key = '' } = {},
) =>
  request(`/api/v1/products/${productId}/images${query}`, {
    method: 'POST',
    token,
    body,
    headers: { 'Content-Type': type, ...(key === '' ? {} : { 'Idempotency-Key': key }) },
  });
const imagesOf = async (productId: string) =>
  (await bodyOf<TestProduct & { images: Image[] }>(await request(`/api/v1/products/${productId}`))).images;
const change = (productId: string, id: string, json: unknown, token = admin.token) =>
  request(`/api/v1/products/${productId}/images/${id}`, { method: 'PATCH', token, json });
const remove = (productId: string, id: string, headers: Record<string, string> = {}, token = admin.token) =>
  request(`/api/v1/products/${productId}/images/${id}`, { method: 'DELETE', token, headers });
const bytesOf = async (url: string) => new Uint8Array(await (await request(url)).arrayBuffer());
const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

describe('an upload', () => {
  it('is stored as WebP in three widths', async () => {
    const { id } = await createProduct(admin.token);
    const answer = await upload(id, greyPng(1500, 750), { query: '?alt=Side%20view' });
    expect(answer.status).toBe(201);
    const image = await bodyOf<Image>(answer);
    expect(image).toMatchObject({ alt: 'Side view', position: 0, primary: true, width: 1280, height: 640 });
    expect(image.variants.map((variant) => variant.width)).toEqual([320, 640, 1280]);
    expect(image.url).toBe(image.variants[1]!.url);
    for (const { width, url } of image.variants) {
      expect(imageSize(await bytesOf(url))).toMatchObject({ type: 'webp', width, height: width / 2 });
    }
    expect(await imagesOf(id)).toEqual([image]);
  });

  it.each([
    [100, [100]],
    [320, [320]],
    [500, [320, 500]],
    [640, [320, 640]],
    [1280, [320, 640, 1280]],
  ])('of %i pixels is never enlarged', async (width, widths) => {
    const { id } = await createProduct(admin.token);
    const image = await bodyOf<Image>(await upload(id, greyPng(width, 10)));
    expect(image.variants.map((variant) => variant.width)).toEqual(widths);
    expect(image.width).toBe(widths.at(-1));
  });

  it.each([
    ['image/jpeg', JPEG],
    ['image/webp', WEBP],
    ['image/avif', AVIF],
    // What it is, is read from the bytes.
    ['image/png', JPEG],
  ])('may be sent as %s', async (type, bytes) => {
    const { id } = await createProduct(admin.token);
    const image = await bodyOf<Image>(await upload(id, bytes, { type }));
    expect(image).toMatchObject({ width: 48, height: 16 });
  });

  it('loses its metadata and is turned upright', async () => {
    const { id } = await createProduct(admin.token);
    const original = jpegWithExif('taken at home');
    expect(latin1(original)).toContain('taken at home');
    expect(imageSize(original).orientation).toBe(6);
    const image = await bodyOf<Image>(await upload(id, original, { type: 'image/jpeg' }));
    expect(image).toMatchObject({ width: 16, height: 48 });
    const stored = await bytesOf(image.url);
    expect(imageSize(stored)).toMatchObject({ type: 'webp', width: 16, height: 48 });
    expect(latin1(stored)).not.toMatch(/taken at home|EXIF|Exif/);
  });

  it('keeps nothing of what follows the picture in the file', async () => {
    const { id } = await createProduct(admin.token);
    const image = await bodyOf<Image>(
      await upload(id, new Blob([JPEG, '<script>alert(1)</script>']), { type: 'image/jpeg' }),
    );
    expect(latin1(await bytesOf(image.url))).not.toContain('script');
  });

  it.each([
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script/></svg>'],
    ['HTML', '<!doctype html><script>alert(1)</script>'],
    ['HTML before a PNG', new Blob(['<html>', greyPng(8, 8)])],
    ['a GIF', new Blob(['GIF89a', new Uint8Array([8, 0, 8, 0, 0, 0, 0, 0x3b])])],
    ['a PNG without pixels', pngHeader(8, 8)],
    ['half a JPEG', JPEG.subarray(0, 150)],
    ['a few bytes', new Uint8Array([0x89, 0x50])],
    ['nothing', ''],
  ])('of %s is refused', async (_what, body) => {
    const { id } = await createProduct(admin.token);
    expect(await refusalOf(await upload(id, body))).toBe('422 invalid_image');
    expect(await imagesOf(id)).toEqual([]);
  });

  it('is refused when it is too large in pixels or in bytes', async () => {
    const { id } = await createProduct(admin.token);
    expect(await refusalOf(await upload(id, pngHeader(8_000, 5_001)))).toBe('413 image_too_large');
    expect(await refusalOf(await upload(id, new Uint8Array(10_485_761)))).toBe('413 body_too_large');
  });

  it('is refused as another content type, to others than admins, and for no product', async () => {
    const { id } = await createProduct(admin.token);
    const png = greyPng(8, 8);
    expect(await refusalOf(await upload(id, png, { type: 'application/json' }))).toBe(
      '415 unsupported_media_type',
    );
    expect(await refusalOf(await upload(id, png, { type: 'image/svg+xml' }))).toBe(
      '415 unsupported_media_type',
    );
    expect(await refusalOf(await request(`/api/v1/products/${id}/images`, { body: png }))).toBe(
      '401 unauthenticated',
    );
    expect(await refusalOf(await upload(id, png, { token: user.token }))).toBe('403 forbidden');
    expect(await refusalOf(await upload('prd_0000000000000000', png))).toBe('404 product_not_found');
  });

  it('under one key adds one picture', async () => {
    const { id } = await createProduct(admin.token);
    const first = await upload(id, greyPng(8, 8), { key: 'picture-once' });
    const second = await upload(id, greyPng(8, 8), { key: 'picture-once' });
    expect(await bodyOf(second)).toEqual(await bodyOf(first));
    expect(await imagesOf(id)).toHaveLength(1);
  });
});

describe('the pictures of a product', () => {
  it('have one primary among them, described and ordered by an admin', async () => {
    const { id } = await createProduct(admin.token);
    const added: Image[] = [];
    for (const query of ['', '', '?primary=true'])
      added.push(await bodyOf<Image>(await upload(id, greyPng(8, 8), { query })));
    const [a, b, c] = added.map((image) => image.id) as [string, string, string];
    const shown = async () => (await imagesOf(id)).map((image) => [image.id, image.position, image.primary]);
    expect(await shown()).toEqual([
      [a, 0, false],
      [b, 1, false],
      [c, 2, true],
    ]);

    expect(await bodyOf(await change(id, b, { alt: 'Sole', position: 0, primary: true }))).toMatchObject({
      id: b,
      alt: 'Sole',
      position: 0,
      primary: true,
    });
    expect(await shown()).toEqual([
      [b, 0, true],
      [a, 1, false],
      [c, 2, false],
    ]);
    expect((await remove(id, b)).status).toBe(204);
    expect(await shown()).toEqual([
      [a, 0, true],
      [c, 1, false],
    ]);
    const [listed] = (
      await bodyOf<{ data: { image: Image | null }[] }>(
        await request(
          `/api/v1/products?sku=${(await bodyOf<TestProduct>(await request(`/api/v1/products/${id}`))).sku}`,
        ),
      )
    ).data;
    expect(listed!.image!.id).toBe(a);
  });

  it('are refused a change that says nothing, is of another, or takes the primary away', async () => {
    const { id } = await createProduct(admin.token);
    const other = await createProduct(admin.token);
    const image = await bodyOf<Image>(await upload(id, greyPng(8, 8)));
    expect(await refusalOf(await change(id, image.id, {}))).toBe('422 validation_failed');
    expect(await refusalOf(await change(id, image.id, { primary: false }))).toBe('422 validation_failed');
    expect(await refusalOf(await change(id, image.id, { position: 12 }))).toBe('422 validation_failed');
    expect(await refusalOf(await change(other.id, image.id, { alt: 'x' }))).toBe('404 image_not_found');
    expect(await refusalOf(await remove(other.id, image.id))).toBe('404 image_not_found');
    expect(await refusalOf(await change(id, image.id, { alt: 'x' }, user.token))).toBe('403 forbidden');
    expect(await refusalOf(await remove(id, image.id, {}, user.token))).toBe('403 forbidden');
  });

  it('are twelve at most and one primary, however many arrive at once', async () => {
    const { id } = await createProduct(admin.token);
    for (let index = 0; index < 10; index += 1) await upload(id, greyPng(8, 8));
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => upload(id, greyPng(8, 8), { query: '?primary=true' })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 201, 409, 409]);
    const images = await imagesOf(id);
    expect(images.map((image) => image.position)).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(images.filter((image) => image.primary)).toHaveLength(1);
  });

  it('are removed once when the request is repeated under one key', async () => {
    const { id } = await createProduct(admin.token);
    const image = await bodyOf<Image>(await upload(id, greyPng(8, 8)));
    const key = { 'Idempotency-Key': 'remove-once' };
    expect((await remove(id, image.id, key)).status).toBe(204);
    expect((await remove(id, image.id, key)).status).toBe(204);
    expect(await refusalOf(await remove(id, image.id))).toBe('404 image_not_found');
  });

  it('give the product a new tag', async () => {
    const { id } = await createProduct(admin.token);
    const tag = async () => (await request(`/api/v1/products/${id}`)).headers.get('ETag');
    const before = await tag();
    await upload(id, greyPng(8, 8));
    expect(await tag()).not.toBe(before);
  });
});

describe('a stored picture', () => {
  let url: string;
  let whole: Uint8Array;
  let etag: string;
  beforeAll(async () => {
    const { id } = await createProduct(admin.token);
    url = (await bodyOf<Image>(await upload(id, greyPng(700, 350)))).url;
    const response = await request(url);
    etag = response.headers.get('ETag')!;
    whole = new Uint8Array(await response.arrayBuffer());
  });
  const get = (headers: Record<string, string>, method = 'GET') => request(url, { headers, method });

  it('is served for good, as what it is and nothing else', async () => {
    const response = await get({});
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/webp',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'content-disposition': 'inline; filename="640.webp"',
      'content-length': String(whole.length),
      'accept-ranges': 'bytes',
    });
    expect(url).toMatch(/^\/media\/products\/[0-9a-f]{64}\/640\.webp$/);
    const head = await get({}, 'HEAD');
    expect([head.status, head.headers.get('ETag'), await head.text()]).toEqual([200, etag, '']);
  });

  it('is served in parts', async () => {
    const part = await get({ Range: 'bytes=4-11' });
    expect(part.status).toBe(206);
    expect(part.headers.get('Content-Range')).toBe(`bytes 4-11/${whole.length}`);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(whole.slice(4, 12));
    const tail = await get({ Range: 'bytes=-5' });
    expect(new Uint8Array(await tail.arrayBuffer())).toEqual(whole.slice(-5));
    const several = await get({ Range: 'bytes=0-1,3-4' });
    expect([several.status, (await several.arrayBuffer()).byteLength]).toEqual([200, whole.length]);
  });

  it('has no part beyond its end', async () => {
    const response = await get({ Range: `bytes=${whole.length}-` });
    expect(response.headers.get('Content-Range')).toBe(`bytes */${whole.length}`);
    expect(await refusalOf(response)).toBe('416 range_not_satisfiable');
  });

  it('is confirmed to whoever has it', async () => {
    for (const headers of [{ 'If-None-Match': etag }, { 'If-None-Match': etag, Range: 'bytes=0-3' }]) {
      const response = await get(headers);
      expect([response.status, response.headers.get('ETag'), await response.text()]).toEqual([304, etag, '']);
    }
    expect((await get({ 'If-None-Match': '"other"' })).status).toBe(200);
    expect((await get({ 'If-Match': '"other"' })).status).toBe(412);
    // What cannot be read as a condition is none.
    for (const tag of ['"', 'W/"', 'x', '"a" "b"'])
      expect([(await get({ 'If-Match': tag })).status, (await get({ 'If-None-Match': tag })).status]).toEqual(
        [200, 200],
      );
  });

  it('is resumed only while it is the same', async () => {
    expect((await get({ Range: 'bytes=0-3', 'If-Range': etag })).status).toBe(206);
    const changed = await get({ Range: 'bytes=0-3', 'If-Range': '"other"' });
    expect([changed.status, (await changed.arrayBuffer()).byteLength]).toEqual([200, whole.length]);
  });

  it('that does not exist is a 404', async () => {
    expect(await refusalOf(await request(`/media/products/${'0'.repeat(64)}/640.webp`))).toBe(
      '404 image_not_found',
    );
    expect(await refusalOf(await request('/media/products/..%2f..%2fsecret/x'))).toBe('404 image_not_found');
    expect(await refusalOf(await request('/media/other'))).toBe('404 route_not_found');
  });
});
