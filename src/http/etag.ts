import { problem } from './problem.ts';

/** Strong entity tag of a versioned row. */
export const versionTag = (version: number): string => `"v${version}"`;

/**
 * The version an edit was made against. Without If-Match it is a 428: two people editing at once must not overwrite
 * each other. `*` means: whatever is there.
 */
export function requiredVersion(ifMatch: string | undefined, current: number): number {
  if (ifMatch === undefined)
    throw problem('precondition_required', 'Send If-Match with the ETag of the version you edit, or *.');
  if (ifMatch.trim() === '*') return current;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(versionTag(current))) {
    throw problem(
      'precondition_failed',
      'It was changed since you read it. Read it again and repeat the edit.',
    );
  }
  return current;
}

/** True when If-None-Match names the tag of what would be served, so that a 304 says enough (RFC 9110, 13.1.2). */
export function isUnchanged(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((candidate) => candidate.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(tag);
}
