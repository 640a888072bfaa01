import { createRoute } from '@hono/zod-openapi';
import { defaultWidth } from '../../domain/media/image-file.ts';
import { mutation, party } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems } from '../../http/openapi.ts';
import { pictureBody, pictureContent, uploadedPicture } from '../media/uploads.ts';
import { ChatImage, ConversationId, UploadedImage } from './conversations.schemas.ts';
import { imageUrl, serveChatImage, uploadChatImage } from './files.usecases.ts';

const TAGS = ['Conversations'];

export const filesRoutes = createRoutes();

filesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/conversations/{conversation_id}/images',
    operationId: 'uploadConversationImage',
    tags: TAGS,
    summary: 'Upload a picture for a message: the file is the body',
    description:
      'What the file is, is read from its bytes. It is decoded and stored anew as WebP, without metadata, and only those who take part can see it.',
    request: { params: ConversationId, body: pictureBody },
    responses: { 201: json(UploadedImage, 'The picture'), ...problems(401, 404, 413, 415) },
  }),
  async (c) => {
    const { conversation_id: id } = c.req.valid('param');
    const picture = await uploadChatImage(c.get('deps'), callerIn(c).userId, id, await uploadedPicture(c));
    const { contentHash, widths, width, height } = picture;
    return c.json(
      {
        url: imageUrl(id, contentHash, defaultWidth(widths)),
        variants: widths.map((variant) => ({ width: variant, url: imageUrl(id, contentHash, variant) })),
        width,
        height,
      },
      201,
    );
  },
);

filesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/conversations/{conversation_id}/images/{hash}/{file}',
    operationId: 'getConversationImage',
    tags: TAGS,
    summary: 'A picture of a conversation, for those who take part',
    request: { params: ChatImage },
    responses: {
      200: { description: 'The picture', content: pictureContent },
      206: { description: 'The part asked for', content: pictureContent },
      304: { description: 'The copy you have is current' },
      ...problems(401, 404),
    },
  }),
  async (c) => {
    const { conversation_id: id, ...image } = c.req.valid('param');
    return (await serveChatImage(c.get('deps'), callerIn(c).userId, id, image, c.req.raw)) as never;
  },
);
