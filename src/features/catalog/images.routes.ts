import { createRoute } from '@hono/zod-openapi';
import { mutation, permitted } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { pictureBody, uploadedPicture } from '../media/uploads.ts';
import { presentImage } from './catalog.presenter.ts';
import { ImageAnswer, ImageChanges, ImageId, NewImageQuery, ProductId } from './catalog.schemas.ts';
import { changeImage, deleteImage, uploadImage } from './images.usecases.ts';

export const imagesRoutes = createRoutes();

imagesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'post',
    path: '/products/{product_id}/images',
    operationId: 'uploadImage',
    tags: ['Catalogue'],
    summary: 'Add a picture: the file is the body',
    description:
      'What the file is, is read from its bytes. It is decoded and stored anew as WebP in up to three widths, so that no metadata of the original is kept. The first picture of a product becomes its primary one.',
    request: {
      params: ProductId,
      query: NewImageQuery,
      body: pictureBody,
    },
    responses: { 201: json(ImageAnswer, 'The picture'), ...problems(401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const { alt, primary } = c.req.valid('query');
    const image = await uploadImage(
      c.get('deps'),
      c.req.valid('param').product_id,
      await uploadedPicture(c),
      { alt, asPrimary: primary === 'true' },
      auditedActor(c),
    );
    return c.json(presentImage(image), 201);
  },
);

imagesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'patch',
    path: '/products/{product_id}/images/{image_id}',
    operationId: 'changeImage',
    tags: ['Catalogue'],
    summary: 'Describe a picture, move it, or make it the primary one',
    request: { params: ImageId, body: jsonBody(ImageChanges) },
    responses: {
      200: json(ImageAnswer, 'The picture as changed'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { product_id, image_id } = c.req.valid('param');
    return c.json(
      presentImage(
        await changeImage(c.get('deps'), product_id, image_id, c.req.valid('json'), auditedActor(c)),
      ),
      200,
    );
  },
);

imagesRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'delete',
    path: '/products/{product_id}/images/{image_id}',
    operationId: 'deleteImage',
    tags: ['Catalogue'],
    summary: 'Take a picture off its product',
    request: { params: ImageId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const { product_id, image_id } = c.req.valid('param');
    await deleteImage(c.get('deps'), product_id, image_id, auditedActor(c));
    return c.body(null, 204);
  },
);
