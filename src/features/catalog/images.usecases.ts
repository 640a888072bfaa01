import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { addImage, type Gallery, makePrimary, moveImage, removeImage } from '../../domain/media/gallery.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
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

/** The line of a change to a gallery in the audit log: the order of its pictures, and which comes first. */
function galleryAudit(
  deps: Deps,
  audited: AuditedActor,
  action: string,
  productId: string,
  image: { id: string; before: Gallery; after: Gallery },
  nowMs: number,
) {
  return auditStatement(
    deps.db,
    audited,
    {
      action,
      target: { type: 'product', id: productId },
      before: { image_id: image.id, ...image.before },
      after: { image_id: image.id, ...image.after },
    },
    { id: newId('aud', deps.random), atMs: nowMs },
  );
}

/** Stores a picture and adds it to the product's gallery (SN-08). */
export async function uploadImage(
  deps: Deps,
  productId: string,
  bytes: Uint8Array,
  { alt, asPrimary }: { alt: string; asPrimary: boolean },
  audited: AuditedActor,
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
    const after = addImage(gallery, id, asPrimary);
    const trace = galleryAudit(
      deps,
      audited,
      'image_added',
      productId,
      { id, before: gallery, after },
      nowMs,
    );
    await writeGallery(deps.db, product, { kind: 'insert', row }, after, trace, nowMs);
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
  audited: AuditedActor,
): Promise<ImageRow> {
  await retryStale(async () => {
    const { product, images, gallery } = await readGallery(deps, productId);
    known(images, id);
    const moved = changes.position === undefined ? gallery : moveImage(gallery, id, changes.position);
    const arranged = changes.primary === undefined ? moved : makePrimary(moved, id);
    const nowMs = deps.now();
    const trace = galleryAudit(
      deps,
      audited,
      'image_changed',
      productId,
      { id, before: gallery, after: arranged },
      nowMs,
    );
    await writeGallery(deps.db, product, { kind: 'describe', id, alt: changes.alt }, arranged, trace, nowMs);
  });
  return imageOf(deps, productId, id);
}

/** Takes a picture off its product; its objects stay, see `storePicture`. */
export async function deleteImage(
  deps: Deps,
  productId: string,
  id: string,
  audited: AuditedActor,
): Promise<void> {
  await retryStale(async () => {
    const { product, images, gallery } = await readGallery(deps, productId);
    known(images, id);
    const nowMs = deps.now();
    const after = removeImage(gallery, id);
    const trace = galleryAudit(
      deps,
      audited,
      'image_removed',
      productId,
      { id, before: gallery, after },
      nowMs,
    );
    await writeGallery(deps.db, product, { kind: 'delete', id }, after, trace, nowMs);
  });
}
