/** Pictures of a dispute: stored where only the routes of the dispute find them. */
import type { Deps } from '../../deps.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { pictureKey, storePicture } from '../media/pictures.ts';
import { type EntryRow, hasPicture } from './disputes.repository.ts';
import { addEntry, assertMayWrite, getDispute } from './disputes.usecases.ts';

const folderOf = (disputeId: string) => `private/disputes/${disputeId}` as const;

/** Stores a picture as evidence and puts it into the thread. What an upload leaves behind that ends here, nobody sees. */
export async function addPicture(
  deps: Deps,
  disputeId: string,
  caller: Caller,
  bytes: Uint8Array,
  caption: string,
): Promise<EntryRow> {
  const dispute = await getDispute(deps, disputeId, caller);
  await assertMayWrite(deps, dispute, caller.userId);
  const { contentHash, widths } = await storePicture(deps, folderOf(disputeId), bytes);
  return addEntry(deps, disputeId, caller, { body: caption, pictures: [{ hash: contentHash, widths }] });
}

/** A picture of a dispute for its parties and staff: 404 for everybody else, as for one that is not there. */
export async function readPicture(
  deps: Deps,
  disputeId: string,
  picture: { hash: string; width: number },
  caller: Caller,
  request: Request,
): Promise<Response> {
  await getDispute(deps, disputeId, caller);
  const stored = (await hasPicture(deps.db, disputeId, picture.hash))
    ? await deps.media.serve(pictureKey(folderOf(disputeId), picture.hash, picture.width), request)
    : null;
  if (!stored) throw problem('image_not_found', 'There is no such picture.');
  const headers = new Headers(stored.headers);
  headers.set('Cache-Control', 'private, no-store');
  return new Response(stored.body, { status: stored.status, headers });
}
