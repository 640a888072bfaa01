/** Formats an upload may have, as told by its bytes. SVG is a document that can carry scripts, so it is none of them. */
export const IMAGE_FORMATS = ['png', 'jpg', 'webp', 'avif'] as const;

/** Decoding costs memory by the pixel, however small the file: 40 megapixels cover every phone's ordinary photo. */
export const MAX_PIXELS = 40_000_000;

/** Widths that pictures are stored in; a smaller original is never enlarged. */
export const VARIANT_WIDTHS = [320, 640, 1280] as const;
/** The width that a page shows unless it chooses for itself. */
export const DEFAULT_WIDTH = 640;

/** The widest variant that is at most {@link DEFAULT_WIDTH} wide, or the narrowest there is. */
export function defaultWidth(widths: readonly number[]): number {
  return Math.max(...widths.filter((width) => width <= DEFAULT_WIDTH), Math.min(...widths));
}
