import { createRoute } from '@hono/zod-openapi';
import { mutation, party } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { pictureBody, uploadedPicture } from '../media/uploads.ts';
import { addPhoto, changePhoto, deletePhoto } from './listing-photos.usecases.ts';
import { presentPhoto } from './listings.presenter.ts';
import { ListingId, NewPhotoQuery, PhotoAnswer, PhotoChanges, PhotoId } from './listings.schemas.ts';

export const listingPhotosRoutes = createRoutes();

listingPhotosRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/listings/{listing_id}/photos',
    operationId: 'addListingPhoto',
    tags: ['Listings'],
    summary: 'Add a photo: the file is the body',
    description:
      'What the file is, is read from its bytes. It is decoded and stored anew as WebP in up to three widths, so that nothing of the original, such as where it was taken, is kept. The first photo becomes the primary one.',
    request: { params: ListingId, query: NewPhotoQuery, body: pictureBody },
    responses: { 201: json(PhotoAnswer, 'The photo'), ...problems(401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const { alt, primary } = c.req.valid('query');
    const photo = await addPhoto(
      c.get('deps'),
      c.req.valid('param').listing_id,
      callerIn(c),
      await uploadedPicture(c),
      { alt, asPrimary: primary === 'true' },
      c.get('requestId'),
    );
    return c.json(presentPhoto(photo), 201);
  },
);

listingPhotosRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'patch',
    path: '/listings/{listing_id}/photos/{photo_id}',
    operationId: 'changeListingPhoto',
    tags: ['Listings'],
    summary: 'Describe a photo, move it, or make it the primary one',
    request: { params: PhotoId, body: jsonBody(PhotoChanges) },
    responses: {
      200: json(PhotoAnswer, 'The photo as changed'),
      ...problems(400, 401, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { listing_id, photo_id } = c.req.valid('param');
    const photo = await changePhoto(
      c.get('deps'),
      listing_id,
      photo_id,
      callerIn(c),
      c.req.valid('json'),
      c.get('requestId'),
    );
    return c.json(presentPhoto(photo), 200);
  },
);

listingPhotosRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/listings/{listing_id}/photos/{photo_id}',
    operationId: 'deleteListingPhoto',
    tags: ['Listings'],
    summary: 'Take a photo off its listing',
    request: { params: PhotoId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404, 409) },
  }),
  async (c) => {
    const { listing_id, photo_id } = c.req.valid('param');
    await deletePhoto(c.get('deps'), listing_id, photo_id, callerIn(c), c.get('requestId'));
    return c.body(null, 204);
  },
);
