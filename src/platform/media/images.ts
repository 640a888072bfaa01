export interface ImageVariant {
  width: number;
  bytes: Uint8Array;
  contentType: string;
}

/** Decodes, strips metadata (EXIF, GPS) and resizes. */
export interface ImageTransformer {
  /** One re-encoded image at most `width` pixels wide; null when the bytes are not a decodable image. */
  resize(bytes: Uint8Array, width: number): Promise<ImageVariant | null>;
}
