import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AppEnv } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';

/** Media types that a picture may be sent as. What it is, is read from its bytes all the same. */
const UPLOAD_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/avif'] as const;
const Binary = z.string().meta({ format: 'binary' });

/** The request body of a route that takes a picture: the file itself. */
export const pictureBody = {
  content: Object.fromEntries(UPLOAD_TYPES.map((type) => [type, { schema: Binary }])),
  required: true,
} as const;

/** The answer of a route that serves a picture. */
export const pictureContent = { 'image/webp': { schema: Binary } } as const;

/** The file that was sent; 415 `unsupported_media_type` when the request does not call it a picture. */
export async function uploadedPicture(c: Context<AppEnv>): Promise<Uint8Array> {
  const type = c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!UPLOAD_TYPES.some((accepted) => accepted === type))
    throw problem('unsupported_media_type', `Send the file itself as ${UPLOAD_TYPES.join(', ')}.`);
  return new Uint8Array(await c.req.arrayBuffer());
}
