import { imageSize } from 'image-size';
import type { Deps } from '../../deps.ts';
import { defaultWidth, IMAGE_FORMATS, MAX_PIXELS, VARIANT_WIDTHS } from '../../domain/media/image-file.ts';
import { problem } from '../../http/problem.ts';
import type { ImageVariant } from '../../platform/media/images.ts';

/** Folders that `/media` serves to everybody. */
export const PUBLIC_FOLDERS = ['products', 'listings', 'avatars'] as const;
export type PublicFolder = (typeof PUBLIC_FOLDERS)[number];
/** Where a picture lies: in public, or where only a route that checks its reader finds it. */
export type PictureFolder = PublicFolder | `private/${string}`;

/** A picture as it was stored: its content names it, and it lies there in each of these widths. */
export interface StoredPicture {
  contentHash: string;
  contentType: string;
  /** Pixels of the largest variant. */
  width: number;
  height: number;
  widths: number[];
}

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

async function contentHashOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export const pictureKey = (folder: PictureFolder, contentHash: string, width: number): string =>
  `${folder}/${contentHash}/${width}.webp`;

/**
 * Stores a picture in its widths as WebP, without its metadata. Refused with `invalid_image` (422) and `image_too_large`
 * (413). Whoever calls writes its row afterwards: what fails in between leaves objects that nothing points at and that
 * the next upload of the same picture takes over. Objects are never deleted with a row, since another row, or an upload
 * under way, may show the same content.
 */
export async function storePicture(
  deps: Deps,
  folder: PictureFolder,
  bytes: Uint8Array,
): Promise<StoredPicture> {
  checkImage(bytes);
  const [variants, contentHash] = await Promise.all([renderVariants(deps, bytes), contentHashOf(bytes)]);
  await Promise.all(
    variants.map(({ width, bytes: encoded, contentType }) =>
      deps.media.put(pictureKey(folder, contentHash, width), encoded, contentType),
    ),
  );
  const { contentType, width, height } = variants.at(-1)!;
  return { contentHash, contentType, width, height, widths: variants.map((variant) => variant.width) };
}

/** The public addresses of a picture: the one to show by default, and one for each width. */
export function pictureUrls(
  folder: PublicFolder,
  contentHash: string,
  widths: readonly number[],
): { url: string; variants: { width: number; url: string }[] } {
  const urlOf = (width: number) => `/media/${pictureKey(folder, contentHash, width)}`;
  return {
    url: urlOf(defaultWidth(widths)),
    variants: widths.map((width) => ({ width, url: urlOf(width) })),
  };
}
