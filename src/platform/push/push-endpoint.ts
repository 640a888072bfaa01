/**
 * Endpoints come from browsers, so from anybody: we send nothing to an address that is not one of a push service. Only
 * https, no port of its own, no name inside a network, no bare address.
 */
const PUBLIC_NAME = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const INNER_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|arpa|invalid|onion)$/;
const MAX_LENGTH = 2_000;

function matches(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** `allowed`: hosts, `*.host`, `*` for every public one, or whole origins that are trusted as they are written. */
export function isAllowedEndpoint(endpoint: string, allowed: readonly string[]): boolean {
  if (endpoint.length > MAX_LENGTH) return false;
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    return false;
  }
  if (url.username !== '' || url.password !== '') return false;
  if (allowed.includes(url.origin)) return true;
  if (url.protocol !== 'https:' || url.port !== '') return false;
  const host = url.hostname.toLowerCase();
  if (!PUBLIC_NAME.test(host) || INNER_NAMES.test(host)) return false;
  return allowed.some((pattern) => !pattern.includes('://') && matches(pattern, host));
}
