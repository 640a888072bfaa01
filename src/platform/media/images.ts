export interface ImageVariant {
  width: number;
  height: number;
  bytes: Uint8Array;
  contentType: string;
}

/** Decodes, turns upright, strips metadata (EXIF, GPS) and resizes. */
export interface ImageTransformer {
  /**
   * One re-encoded image at most `width` pixels wide and never enlarged, with the size it came out at; null when the
   * bytes are not a decodable image.
   */
  resize(bytes: Uint8Array, width: number): Promise<ImageVariant | null>;
}
