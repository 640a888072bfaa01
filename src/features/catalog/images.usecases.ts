import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { addImage, type Gallery, makePrimary, moveImage, removeImage } from '../../domain/media/gallery.ts';
import { problem } from '../../http/problem.ts';
import { storePicture } from '../media/pictures.ts';
import { type ImageChanges, MAX_IMAGES } from './catalog.schemas.ts';
import { type ImageRow, imagesOf, writeGallery } from './images.repository.ts';
import { findProduct } from './products.repository.ts';
import { productNotFound } from './products.usecases.ts';
import { retryStale } from './retry-stale.ts';

interface ProductGallery {
  product: { id: string; version: number };
  images: ImageRow[];
  gallery: Gallery;
}

async function readGallery(deps: Deps, productId: string): Promise<ProductGallery> {
  const product = await findProduct(deps.db, productId);
  if (!product) throw productNotFound();
  const images = await imagesOf(deps.db, productId);
  return {
    product,
    images,
    gallery: {
      order: images.map((image) => image.id),
      primary: images.find((image) => image.isPrimary)?.id ?? null,
    },
  };
}

function checkRoom(images: readonly ImageRow[]): void {
  if (images.length >= MAX_IMAGES)
    throw problem('too_many_images', `A product has at most ${MAX_IMAGES} images.`);
}

/** Stores a picture and adds it to the product's gallery (SN-08). */
export async function uploadImage(
  deps: Deps,
  productId: string,
  bytes: Uint8Array,
  { alt, asPrimary }: { alt: string; asPrimary: boolean },
): Promise<ImageRow> {
  checkRoom((await readGallery(deps, productId)).images);
  const { widths, ...picture } = await storePicture(deps, 'products', bytes);
  const id = newId('img', deps.random);
  await retryStale(async () => {
    const { product, images, gallery } = await readGallery(deps, productId);
    checkRoom(images);
    const nowMs = deps.now();
    const row: ImageRow = {
      id,
      productId,
      ...picture,
      alt,
      position: images.length,
      isPrimary: false,
      widths: JSON.stringify(widths),
      createdAt: nowMs,
    };
    await writeGallery(deps.db, product, { kind: 'insert', row }, addImage(gallery, id, asPrimary), nowMs);
  });
  return imageOf(deps, productId, id);
}

async function imageOf(deps: Deps, productId: string, id: string): Promise<ImageRow> {
  return known(await imagesOf(deps.db, productId), id);
}

function known(images: readonly ImageRow[], id: string): ImageRow {
  const image = images.find((candidate) => candidate.id === id);
  if (!image) throw problem('image_not_found', 'The product has no such image.');
  return image;
}

/** Describes, moves or promotes a picture. */
export async function changeImage(
  deps: Deps,
  productId: string,
  id: string,
  changes: ImageChanges,
): Promise<ImageRow> {
  await retryStale(async () => {
    const { product, images, gallery } = await readGallery(deps, productId);
    known(images, id);
    const moved = changes.position === undefined ? gallery : moveImage(gallery, id, changes.position);
    const arranged = changes.primary === undefined ? moved : makePrimary(moved, id);
    await writeGallery(deps.db, product, { kind: 'describe', id, alt: changes.alt }, arranged, deps.now());
  });
  return imageOf(deps, productId, id);
}

/** Takes a picture off its product; its objects stay, see `storePicture`. */
export async function deleteImage(deps: Deps, productId: string, id: string): Promise<void> {
  await retryStale(async () => {
    const { product, images, gallery } = await readGallery(deps, productId);
    known(images, id);
    await writeGallery(deps.db, product, { kind: 'delete', id }, removeImage(gallery, id), deps.now());
  });
}
