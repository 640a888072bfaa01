import { imageSize } from 'image-size';
import type { Deps } from '../../deps.ts';
import {
  addImage,
  type Gallery,
  MAX_IMAGES,
  makePrimary,
  moveImage,
  removeImage,
} from '../../domain/catalog/gallery.ts';
import { IMAGE_FORMATS, MAX_PIXELS, VARIANT_WIDTHS } from '../../domain/catalog/image-file.ts';
import { newId } from '../../domain/ids.ts';
import { problem } from '../../http/problem.ts';
import type { ImageVariant } from '../../platform/media/images.ts';
import { mediaKey } from './catalog.presenter.ts';
import type { ImageChanges } from './catalog.schemas.ts';
import { type ImageRow, imagesOf, writeGallery } from './images.repository.ts';
import { findProduct } from './products.repository.ts';
import { productNotFound } from './products.usecases.ts';
import { retryStale } from './retry-stale.ts';

const FORMATS: ReadonlySet<string> = new Set(IMAGE_FORMATS);

const invalidImage = (detail: string) => problem('invalid_image', detail);

/** Refuses what is not a picture by its bytes, whatever the request calls it, and what is too large to decode. */
function checkImage(bytes: Uint8Array): void {
  let size: ReturnType<typeof imageSize>;
  try {
    size = imageSize(bytes);
  } catch {
    throw invalidImage('The body is not an image. Send a PNG, JPEG, WebP or AVIF file.');
  }
  if (!FORMATS.has(size.type ?? ''))
    throw invalidImage('The image is of another format. Send a PNG, JPEG, WebP or AVIF file.');
  const pixels = Math.max(...[size, ...(size.images ?? [])].map(({ width, height }) => width * height));
  if (pixels > MAX_PIXELS)
    throw problem('image_too_large', `The image has more than ${MAX_PIXELS} pixels.`, {
      max_pixels: MAX_PIXELS,
    });
}

/** The picture in each stored width. One that comes out narrower than asked is the whole picture, and the last. */
async function renderVariants(deps: Deps, bytes: Uint8Array): Promise<ImageVariant[]> {
  const variants: ImageVariant[] = [];
  for (const width of VARIANT_WIDTHS) {
    const variant = await deps.images.resize(bytes, width);
    if (variant === null) throw invalidImage('The image could not be decoded; it may be damaged.');
    if (variants.at(-1)?.width !== variant.width) variants.push(variant);
    if (variant.width < width) break;
  }
  return variants;
}

async function contentHash(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

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

/**
 * Stores a picture in its widths, without its metadata, and adds it to the product's gallery (SN-08). The row is written
 * after the objects: what fails in between leaves objects that nothing points at and that the next upload of the same
 * picture takes over.
 */
export async function uploadImage(
  deps: Deps,
  productId: string,
  bytes: Uint8Array,
  { alt, asPrimary }: { alt: string; asPrimary: boolean },
): Promise<ImageRow> {
  checkRoom((await readGallery(deps, productId)).images);
  checkImage(bytes);
  const [variants, hash] = await Promise.all([renderVariants(deps, bytes), contentHash(bytes)]);
  await Promise.all(
    variants.map(({ width, bytes: encoded, contentType }) =>
      deps.media.put(mediaKey(hash, width), encoded, contentType),
    ),
  );
  const largest = variants.at(-1)!;
  const id = newId('img', deps.random);
  await retryStale(async () => {
    const { product, images, gallery } = await readGallery(deps, productId);
    checkRoom(images);
    const nowMs = deps.now();
    const row: ImageRow = {
      id,
      productId,
      contentHash: hash,
      contentType: largest.contentType,
      width: largest.width,
      height: largest.height,
      alt,
      position: images.length,
      isPrimary: false,
      widths: JSON.stringify(variants.map(({ width }) => width)),
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

/**
 * Takes a picture off its product. Its objects stay: another product, or an upload under way, may show the same content,
 * and whoever fetched it may keep it for good.
 */
export async function deleteImage(deps: Deps, productId: string, id: string): Promise<void> {
  await retryStale(async () => {
    const { product, images, gallery } = await readGallery(deps, productId);
    known(images, id);
    await writeGallery(deps.db, product, { kind: 'delete', id }, removeImage(gallery, id), deps.now());
  });
}
