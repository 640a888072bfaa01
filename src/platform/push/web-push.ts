import { buildPushPayload } from '@block65/webcrypto-web-push';
import { reasonOf } from '../../domain/notifications/delivery.ts';
import type { Push } from './push.ts';
import { isAllowedEndpoint } from './push-endpoint.ts';

/** A push that found no device for a day is news no more. */
const TTL_SECONDS = 86_400;
const TIMEOUT_MS = 10_000;

interface Settings {
  /** An ECDSA P-256 private key as base64url of its JWK; pushes are off without one. */
  vapidKey: string | undefined;
  /** Whom a push service writes to when something is wrong: `mailto:` or https. */
  subject: string;
  /** Hosts of push services, as `host`, `*.host`, or a whole origin for a service on this machine. */
  hosts: readonly string[];
  fetchFn: typeof fetch;
}

const decode = (text: string): string => atob(text.replaceAll('-', '+').replaceAll('_', '/'));

/** The key pair in the form of RFC 8292: the public point, and the private number. */
function keyPair(vapidKey: string) {
  const { x, y, d } = JSON.parse(decode(vapidKey)) as { x: string; y: string; d: string };
  const point = `\x04${decode(x)}${decode(y)}`;
  const publicKey = btoa(point).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return { publicKey, privateKey: d };
}

/** Web push: encrypted for the browser (RFC 8291), signed for its push service (RFC 8292). */
export function createWebPush({ vapidKey, subject, hosts, fetchFn }: Settings): Push {
  const keys = vapidKey === undefined ? null : keyPair(vapidKey);
  const accepts = (endpoint: string) => isAllowedEndpoint(endpoint, hosts);
  return {
    publicKey: keys?.publicKey ?? null,
    accepts,
    async send({ endpoint, p256dh, auth }, payload, isUrgent) {
      if (keys === null) return { kind: 'refused', reason: 'pushes are not configured' };
      if (!accepts(endpoint)) return { kind: 'gone' };
      try {
        const { headers, body } = await buildPushPayload(
          { data: { ...payload }, options: { ttl: TTL_SECONDS, urgency: isUrgent ? 'high' : 'normal' } },
          { endpoint, expirationTime: null, keys: { p256dh, auth } },
          { subject, ...keys },
        );
        const answer = await fetchFn(endpoint, {
          method: 'POST',
          headers,
          body,
          redirect: 'manual',
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await answer.body?.cancel();
        if (answer.ok)
          return { kind: 'sent', reference: answer.headers.get('Location')?.slice(0, 300) ?? null };
        if (answer.status === 404 || answer.status === 410) return { kind: 'gone' };
        const reason = `the push service answered ${answer.status}`;
        return answer.status === 429 || answer.status >= 500
          ? { kind: 'failed', reason }
          : { kind: 'refused', reason };
      } catch (error) {
        return { kind: 'failed', reason: reasonOf(error) };
      }
    },
  };
}
