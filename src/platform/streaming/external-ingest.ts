import type { MediaIngest } from './media-ingest.ts';

/**
 * The host streams wherever they like and says where it is shown. Nothing is taken in, transcoded or kept here: viewers
 * get the address as it was given.
 */
export function createExternalIngest(): MediaIngest {
  return {
    kind: 'external',
    prepare: async (_streamId, sourceUrl) => {
      if (sourceUrl === null) return { playbackUrl: null, ingestUrl: null };
      return isPublicAddress(sourceUrl) ? { playbackUrl: sourceUrl, ingestUrl: null } : null;
    },
    release: async () => {},
  };
}

/** HTTPS to a named host, without a password in it: viewers' browsers go there. */
function isPublicAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isNamed = /[a-z]/i.test(hostname) && hostname.includes('.') && !hostname.startsWith('[');
  return protocol === 'https:' && isNamed && username === '' && password === '';
}
