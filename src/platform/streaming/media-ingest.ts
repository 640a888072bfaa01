/**
 * What carries the picture of a stream. The room beside it (chat, reactions, offers) does not depend on it. A service
 * that takes RTMP and gives HLS is another implementation: it hands out an `ingestUrl`, and its own playback address.
 */
export interface StreamMedia {
  /** Where viewers find the picture; null when the host gave none. */
  playbackUrl: string | null;
  /** Where the host's encoder sends it; null when the host brings it along. */
  ingestUrl: string | null;
}

export interface MediaIngest {
  /** Stored with the stream, so that an old one is known by what carried it. */
  kind: string;
  /** Makes ready for one stream. `sourceUrl` is what the host says; null when the source may not be used. */
  prepare(streamId: string, sourceUrl: string | null): Promise<StreamMedia | null>;
  /** Nobody sends or watches any more; asking twice is well. */
  release(streamId: string): Promise<void>;
}
