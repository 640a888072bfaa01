export interface ByteRange {
  offset: number;
  length: number;
}

/**
 * The part that a Range header asks of `size` bytes (RFC 9110, section 14). Null means: serve all of it, which is the
 * answer to no range, several ranges, other units and malformed ones.
 */
export function parseRange(header: string | null, size: number): ByteRange | 'unsatisfiable' | null {
  const parts = header === null ? null : /^bytes=(\d*)-(\d*)$/.exec(header.replaceAll(' ', ''));
  if (!parts) return null;
  const [, first = '', last = ''] = parts;
  if (first === '') {
    if (last === '') return null;
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { offset: size - length, length };
  }
  const offset = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < offset) return null;
  return offset >= size ? 'unsatisfiable' : { offset, length: end - offset + 1 };
}
