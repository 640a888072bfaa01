import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { MAX_PHOTOS } from '../../domain/listings/listing.ts';
import { addImage, type Gallery, makePrimary, moveImage, removeImage } from '../../domain/media/gallery.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { storePicture } from '../media/pictures.ts';
import { commit, withFreshListing } from './fresh-listing.ts';
import { listingStepStatements } from './listing.statements.ts';
import {
  arrangementStatement,
  type PhotoChange,
  type PhotoRow,
  photoStatement,
  photosOf,
} from './listings.repository.ts';
import type { PhotoChanges } from './listings.schemas.ts';
import { ownedBy, ownerStep } from './listings.usecases.ts';

const galleryOf = (photos: readonly PhotoRow[]): Gallery => ({
  order: photos.map(({ id }) => id),
  primary: photos.find(({ isPrimary }) => isPrimary)?.id ?? null,
});

function known(photos: readonly PhotoRow[], id: string): PhotoRow {
  const photo = photos.find((candidate) => candidate.id === id);
  if (!photo) throw problem('image_not_found', 'The listing has no such photo.');
  return photo;
}

function checkRoom(photos: readonly PhotoRow[]): void {
  if (photos.length >= MAX_PHOTOS)
    throw problem('too_many_images', `A listing has at most ${MAX_PHOTOS} photos.`);
}

interface Arrangement {
  change: PhotoChange;
  gallery: Gallery;
}

/** Arranges the photos of a listing of the caller's: one version of the listing, so that two devices cannot cross. */
async function arrange(
  deps: Deps,
  listingId: string,
  caller: Caller,
  correlationId: string,
  decide: (photos: readonly PhotoRow[]) => Arrangement,
): Promise<void> {
  await withFreshListing(deps, listingId, correlationId, ownedBy(caller), async (row) => {
    const step = ownerStep(deps, row, 'arrange_photos');
    const { change, gallery } = decide(await photosOf(deps.db, listingId));
    await commit(deps, [
      ...listingStepStatements(deps.db, row, step, correlationId),
      photoStatement(deps.db, change),
      arrangementStatement(deps.db, gallery.order, gallery.primary),
    ]);
  });
  await deps.outbox.drain();
}

/** Stores a photo and adds it to a listing of the caller's (SW-09). */
export async function addPhoto(
  deps: Deps,
  listingId: string,
  caller: Caller,
  bytes: Uint8Array,
  { alt, asPrimary }: { alt: string; asPrimary: boolean },
  correlationId: string,
): Promise<PhotoRow> {
  // Whoever may not add one is told so before the picture is decoded and stored.
  await withFreshListing(deps, listingId, correlationId, ownedBy(caller), async (row) => {
    ownerStep(deps, row, 'arrange_photos');
    checkRoom(await photosOf(deps.db, listingId));
  });
  const { widths, ...picture } = await storePicture(deps, 'listings', bytes);
  const id = newId('pho', deps.random);
  await arrange(deps, listingId, caller, correlationId, (photos) => {
    checkRoom(photos);
    const row: PhotoRow = {
      id,
      listingId,
      ...picture,
      alt,
      position: photos.length,
      isPrimary: false,
      widths: JSON.stringify(widths),
      createdAt: deps.now(),
    };
    return { change: { kind: 'insert', row }, gallery: addImage(galleryOf(photos), id, asPrimary) };
  });
  return known(await photosOf(deps.db, listingId), id);
}

/** Describes a photo, moves it, or makes it the primary one. */
export async function changePhoto(
  deps: Deps,
  listingId: string,
  photoId: string,
  caller: Caller,
  { alt, position, primary }: PhotoChanges,
  correlationId: string,
): Promise<PhotoRow> {
  await arrange(deps, listingId, caller, correlationId, (photos) => {
    known(photos, photoId);
    const gallery = galleryOf(photos);
    const moved = position === undefined ? gallery : moveImage(gallery, photoId, position);
    return {
      change: { kind: 'describe', id: photoId, alt },
      gallery: primary === undefined ? moved : makePrimary(moved, photoId),
    };
  });
  return known(await photosOf(deps.db, listingId), photoId);
}

/** Takes a photo off its listing; its objects stay, see `storePicture`. */
export async function deletePhoto(
  deps: Deps,
  listingId: string,
  photoId: string,
  caller: Caller,
  correlationId: string,
): Promise<void> {
  await arrange(deps, listingId, caller, correlationId, (photos) => {
    known(photos, photoId);
    return { change: { kind: 'delete', id: photoId }, gallery: removeImage(galleryOf(photos), photoId) };
  });
}
