import type { Deps } from '../../deps.ts';
import { problem } from '../../http/problem.ts';
import { pictureKey, type StoredPicture, storePicture } from '../media/pictures.ts';
import { readConversation } from './messages.usecases.ts';
import { conversationNotFound, reach } from './reach.ts';

/** Pictures are named by their content and lie where only their conversation finds them. */
const HASH = /^[0-9a-f]{64}$/;
const VARIANT = /^(\d{1,5})\.webp$/;

const folderOf = (conversationId: string) => `private/conversations/${conversationId}` as const;

export const imageUrl = (conversationId: string, hash: string, width: number): string =>
  `/api/v1/conversations/${conversationId}/images/${hash}/${width}.webp`;

/** Stores a picture that only those who take part in the conversation can see, for a message to show (C.7). */
export async function uploadChatImage(
  deps: Deps,
  userId: string,
  conversationId: string,
  bytes: Uint8Array,
): Promise<StoredPicture> {
  // Before anything is stored: a stranger leaves nothing behind.
  await readConversation(deps, userId, conversationId);
  const picture = await storePicture(deps, folderOf(conversationId), bytes);
  for (const width of picture.widths) {
    const file = {
      url: imageUrl(conversationId, picture.contentHash, width),
      name: `${width}.webp`,
      content_type: picture.contentType,
      size: 0,
    };
    const isIn = await reach(deps, conversationId, () =>
      deps.conversations.addFile(conversationId, userId, file),
    );
    if (!isIn) throw conversationNotFound();
  }
  return picture;
}

/** A picture of a conversation, for those who take part. */
export async function serveChatImage(
  deps: Deps,
  userId: string,
  conversationId: string,
  { hash, file }: { hash: string; file: string },
  request: Request,
): Promise<Response> {
  await readConversation(deps, userId, conversationId);
  const width = VARIANT.exec(file)?.[1];
  const stored =
    width === undefined || !HASH.test(hash)
      ? null
      : await deps.media.serve(pictureKey(folderOf(conversationId), hash, Number(width)), request);
  if (stored === null) throw problem('image_not_found', 'There is no such picture in this conversation.');
  const headers = new Headers(stored.headers);
  headers.set('Cache-Control', 'private, max-age=31536000, immutable');
  headers.set('Content-Security-Policy', "default-src 'none'; sandbox");
  return new Response(stored.body, { status: stored.status, headers });
}
