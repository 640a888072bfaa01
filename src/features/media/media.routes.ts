import { createRoute, z } from '@hono/zod-openapi';
import { failure } from '../../domain/errors.ts';
import { open } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { problems } from '../../http/openapi.ts';
import { fail, problem } from '../../http/problem.ts';
import { PUBLIC_FOLDERS } from './pictures.ts';
import { pictureContent } from './uploads.ts';

const FOLDERS: ReadonlySet<string> = new Set(PUBLIC_FOLDERS);

export const mediaRoutes = createRoutes();

mediaRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/media/{folder}/{hash}/{file}',
    operationId: 'getMedia',
    tags: ['Media'],
    summary: 'A stored picture; its address names its content, so it never changes',
    description:
      'Takes Range, If-Range, If-None-Match and If-Modified-Since. Private pictures are not served here.',
    request: {
      params: z.object({
        folder: z
          .string()
          .max(20)
          .meta({ description: PUBLIC_FOLDERS.join(', ') }),
        hash: z.string().max(128).meta({ description: 'As in the url of an image' }),
        file: z.string().max(128).meta({ example: '640.webp' }),
      }),
    },
    responses: {
      200: { description: 'The picture', content: pictureContent },
      206: { description: 'The part asked for', content: pictureContent },
      304: { description: 'The copy you have is current' },
      ...problems(404, 412, 416),
    },
  }),
  async (c) => {
    const { folder, hash, file } = c.req.valid('param');
    const stored = FOLDERS.has(folder)
      ? await c.get('deps').media.serve(`${folder}/${hash}/${file}`, c.req.raw)
      : null;
    if (!stored) throw problem('image_not_found', 'There is no such picture.');
    if (stored.status === 416)
      return fail(c, failure('range_not_satisfiable', 'The range starts beyond the end of the picture.'), {
        'Content-Range': stored.headers.get('Content-Range') ?? 'bytes */*',
      });
    return stored;
  },
);
