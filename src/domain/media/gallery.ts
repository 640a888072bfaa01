/** Pictures of one thing in the order they are shown. A gallery with a picture has exactly one primary one (SN-08, SW-09). */
export interface Gallery {
  order: readonly string[];
  primary: string | null;
}

export const EMPTY_GALLERY: Gallery = { order: [], primary: null };

/** Appends a picture; the first one is primary whether or not that was asked. */
export function addImage(gallery: Gallery, id: string, asPrimary: boolean): Gallery {
  return {
    order: [...gallery.order, id],
    primary: asPrimary || gallery.primary === null ? id : gallery.primary,
  };
}

/** Puts a picture at `position`, counted from 0; beyond the end means last. */
export function moveImage(gallery: Gallery, id: string, position: number): Gallery {
  const others = gallery.order.filter((other) => other !== id);
  return { ...gallery, order: others.toSpliced(position, 0, id) };
}

export function makePrimary(gallery: Gallery, id: string): Gallery {
  return { ...gallery, primary: id };
}

/** Takes a picture out; when it was the primary one, the first that is left takes over. */
export function removeImage(gallery: Gallery, id: string): Gallery {
  const order = gallery.order.filter((other) => other !== id);
  return { order, primary: gallery.primary === id ? (order[0] ?? null) : gallery.primary };
}
