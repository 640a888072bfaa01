import { createRoute, z } from '@hono/zod-openapi';
import { failure } from '../../domain/errors.ts';
import { requireAdmin } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { idempotent } from '../../http/idempotency.ts';
import { BEARER, IDEMPOTENCY_KEY, json, jsonBody, problems } from '../../http/openapi.ts';
import { fail, problem } from '../../http/problem.ts';
import { presentImage } from './catalog.presenter.ts';
import { ImageAnswer, ImageChanges, ImageId, NewImageQuery, ProductId } from './catalog.schemas.ts';
import { changeImage, deleteImage, uploadImage } from './images.usecases.ts';

const UPLOAD_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/avif'] as const;
const Binary = z.string().meta({ format: 'binary' });
const binaryOf = (types: readonly string[]) =>
  Object.fromEntries(types.map((type) => [type, { schema: Binary }]));

export const imagesRoutes = createRoutes();

imagesRoutes.openapi(
  createRoute({
    method: 'post',
    path: '/products/{product_id}/images',
    operationId: 'uploadImage',
    tags: ['Catalogue'],
    summary: 'Add a picture: the file is the body',
    description:
      'What the file is, is read from its bytes. It is decoded and stored anew as WebP in up to three widths, so that no metadata of the original is kept. The first picture of a product becomes its primary one.',
    security: BEARER,
    middleware: [requireAdmin, idempotent] as const,
    parameters: [IDEMPOTENCY_KEY],
    request: {
      params: ProductId,
      query: NewImageQuery,
      body: { content: binaryOf(UPLOAD_TYPES), required: true },
    },
    responses: { 201: json(ImageAnswer, 'The picture'), ...problems(401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const type = c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    if (!UPLOAD_TYPES.some((accepted) => accepted === type))
      throw problem('unsupported_media_type', `Send the file itself as ${UPLOAD_TYPES.join(', ')}.`);
    const { alt, primary } = c.req.valid('query');
    const image = await uploadImage(
      c.get('deps'),
      c.req.valid('param').product_id,
      new Uint8Array(await c.req.arrayBuffer()),
      { alt, asPrimary: primary === 'true' },
    );
    return c.json(presentImage(image), 201);
  },
);

imagesRoutes.openapi(
  createRoute({
    method: 'patch',
    path: '/products/{product_id}/images/{image_id}',
    operationId: 'changeImage',
    tags: ['Catalogue'],
    summary: 'Describe a picture, move it, or make it the primary one',
    security: BEARER,
    middleware: [requireAdmin, idempotent] as const,
    parameters: [IDEMPOTENCY_KEY],
    request: { params: ImageId, body: jsonBody(ImageChanges) },
    responses: {
      200: json(ImageAnswer, 'The picture as changed'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { product_id, image_id } = c.req.valid('param');
    return c.json(
      presentImage(await changeImage(c.get('deps'), product_id, image_id, c.req.valid('json'))),
      200,
    );
  },
);

imagesRoutes.openapi(
  createRoute({
    method: 'delete',
    path: '/products/{product_id}/images/{image_id}',
    operationId: 'deleteImage',
    tags: ['Catalogue'],
    summary: 'Take a picture off its product',
    security: BEARER,
    middleware: [requireAdmin, idempotent] as const,
    parameters: [IDEMPOTENCY_KEY],
    request: { params: ImageId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const { product_id, image_id } = c.req.valid('param');
    await deleteImage(c.get('deps'), product_id, image_id);
    return c.body(null, 204);
  },
);

export const mediaRoutes = createRoutes();

mediaRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/media/products/{hash}/{file}',
    operationId: 'getProductMedia',
    tags: ['Catalogue'],
    summary: 'A stored picture; its address names its content, so it never changes',
    description: 'Takes Range, If-Range, If-None-Match and If-Modified-Since.',
    request: {
      params: z.object({
        hash: z.string().max(128).meta({ description: 'As in the url of an image' }),
        file: z.string().max(128).meta({ example: '640.webp' }),
      }),
    },
    responses: {
      200: { description: 'The picture', content: { 'image/webp': { schema: Binary } } },
      206: { description: 'The part asked for', content: { 'image/webp': { schema: Binary } } },
      304: { description: 'The copy you have is current' },
      ...problems(404, 412, 416),
    },
  }),
  async (c) => {
    const { hash, file } = c.req.valid('param');
    const stored = await c.get('deps').media.serve(`products/${hash}/${file}`, c.req.raw);
    if (!stored) throw problem('image_not_found', 'There is no such picture.');
    if (stored.status === 416)
      return fail(c, failure('range_not_satisfiable', 'The range starts beyond the end of the picture.'), {
        'Content-Range': stored.headers.get('Content-Range') ?? 'bytes */*',
      });
    return stored;
  },
);
