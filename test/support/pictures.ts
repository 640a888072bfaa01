import { crc32, deflateSync } from 'node:zlib';

const text = (ascii: string) => new TextEncoder().encode(ascii);

function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const typed = concat(text(type), data);
  return concat(uint32(data.length), typed, uint32(crc32(typed)));
}

const PNG_SIGNATURE = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The start of a PNG that says how large it is; it holds no pixels yet. */
export function pngHeader(width: number, height: number): Uint8Array<ArrayBuffer> {
  // Eight bits of grey a pixel.
  return concat(
    PNG_SIGNATURE,
    pngChunk('IHDR', concat(uint32(width), uint32(height), Uint8Array.from([8, 0, 0, 0, 0]))),
  );
}

/** A PNG of one shade of grey. */
export function greyPng(width: number, height: number, grey = 128): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array((width + 1) * height).fill(grey);
  for (let row = 0; row < height; row += 1) rows[row * (width + 1)] = 0;
  return concat(
    pngHeader(width, height),
    pngChunk('IDAT', new Uint8Array(deflateSync(rows))),
    pngChunk('IEND', new Uint8Array()),
  );
}

const fromBase64 = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** 48 x 16 pixels of one red. */
export const JPEG = fromBase64(
  '/9j/2wBDABsbGxscGx4hIR4qLSgtKj04MzM4PV1CR0JHQl2NWGdYWGdYjX2Xe3N7l33gsJycsOD/2c7Z////////////////2wBDARsbGxscGx4hIR4qLSgtKj04MzM4PV1CR0JHQl2NWGdYWGdYjX2Xe3N7l33gsJycsOD/2c7Z////////////////wgARCAAQADADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAWAQEBAQAAAAAAAAAAAAAAAAAABAX/2gAMAwEAAhADEAAAAIxNrAAf/8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQABPwBP/8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgBAgEBPwB//8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgBAwEBPwB//9k=',
);

/** The same picture as WebP and as AVIF. */
export const WEBP = fromBase64(
  'UklGRkIAAABXRUJQVlA4IDYAAADwAgCdASowABAAPxF8tlQsJ6UjKqgBgCIJYwDA3B3QQAD+4cN8szhXX39qfvZ89TNl/GZAAAA=',
);
export const AVIF = fromBase64(
  'AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAANZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAAA+gABAAAAAAAAACQAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABhdjAxAAAAAA5waXRtAAAAAAABAAAAVmlwcnAAAAA4aXBjbwAAAAxhdjFDgSACAAAAABRpc3BlAAAAAAAAADAAAAAQAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAgMAAAAsbWRhdBIACgg4FO/2kBDQaTIWHEJi5OAAFgAArEN8YZ2CYPoh7s6BYA==',
);

/** The JPEG with an EXIF block: turned by a quarter (orientation 6), and with a comment that nobody should see. */
export function jpegWithExif(comment: string): Uint8Array<ArrayBuffer> {
  const description = text(`${comment}\0`);
  const tiff = new Uint8Array(38 + description.length);
  const view = new DataView(tiff.buffer);
  tiff.set(text('MM'));
  view.setUint16(2, 42);
  view.setUint32(4, 8);
  view.setUint16(8, 2);
  // ImageDescription: ASCII, stored after the directory.
  view.setUint16(10, 0x010e);
  view.setUint16(12, 2);
  view.setUint32(14, description.length);
  view.setUint32(18, 38);
  // Orientation: one short, 6 = turn clockwise to see it upright.
  view.setUint16(22, 0x0112);
  view.setUint16(24, 3);
  view.setUint32(26, 1);
  view.setUint16(30, 6);
  tiff.set(description, 38);
  const exif = concat(text('Exif\0\0'), tiff);
  const length = exif.length + 2;
  return concat(
    JPEG.subarray(0, 2),
    Uint8Array.from([0xff, 0xe1, length >> 8, length & 0xff]),
    exif,
    JPEG.subarray(2),
  );
}
