import { imageSize } from 'image-size';
import type { ImageTransformer } from './images.ts';

const FORMAT = 'image/webp';
const QUALITY = 82;

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
      } catch {
        return null;
      }
      const encoded = new Uint8Array(await output.response().arrayBuffer());
      const size = imageSize(encoded);
      return { width: size.width, height: size.height, bytes: encoded, contentType: FORMAT };
    },
  };
}
