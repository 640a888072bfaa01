import { imageSize } from 'image-size';
import type { ImageTransformer } from './images.ts';

const FORMAT = 'image/webp';
const QUALITY = 82;

/**
 * True when the service behind the binding is away. It gives one code to this and to some damaged files, so the status
 * in its message has to tell them apart.
 */
const isOutage = (error: unknown): boolean =>
  error instanceof Error && /error response (429|502|503|504)\b/.test(error.message);

/** Images through the platform's binding, which re-encodes from pixels: nothing of the uploaded file but its picture stays. */
export function createBindingImages(images: ImagesBinding): ImageTransformer {
  return {
    async resize(bytes, width) {
      let output: ImageTransformationResult;
      try {
        output = await images
          .input(new Blob([bytes]).stream())
          .transform({ width, fit: 'scale-down' })
          .output({ format: FORMAT, quality: QUALITY, anim: false });
      } catch (error) {
        if (isOutage(error)) throw error;
        return null;
      }
      const encoded = new Uint8Array(await output.response().arrayBuffer());
      const size = imageSize(encoded);
      return { width: size.width, height: size.height, bytes: encoded, contentType: FORMAT };
    },
  };
}
