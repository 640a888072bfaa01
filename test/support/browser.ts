/**
 * A browser and its push service, written from RFC 8291, 8188 and 8292 with node:crypto alone: what our sender encrypts
 * is decrypted here by other code than the one that encrypted it.
 */
import { createDecipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto';

export interface ReceivedPush {
  endpoint: string;
  headers: Headers;
  /** The payload as the browser reads it. */
  payload: Record<string, unknown>;
}

export class FakeBrowser {
  private readonly keys: ECDH = createECDH('prime256v1');
  private readonly auth = randomBytes(16);
  readonly received: ReceivedPush[] = [];
  readonly endpoint: string;
  /** What the push service answers from now on. */
  status = 201;

  constructor(name: string) {
    this.keys.generateKeys();
    this.endpoint = `https://fcm.googleapis.com/fcm/send/${name}`;
  }

  /** As PushSubscription.toJSON() of a browser. */
  subscription() {
    return {
      endpoint: this.endpoint,
      expirationTime: null,
      keys: {
        p256dh: this.keys.getPublicKey().toString('base64url'),
        auth: this.auth.toString('base64url'),
      },
    };
  }

  /** RFC 8291 section 3.4 over a body of RFC 8188, one record. */
  decrypt(body: Uint8Array): Record<string, unknown> {
    const bytes = Buffer.from(body);
    const salt = bytes.subarray(0, 16);
    const keyLength = bytes.readUInt8(20);
    const senderKey = bytes.subarray(21, 21 + keyLength);
    const record = bytes.subarray(21 + keyLength);
    const shared = this.keys.computeSecret(senderKey);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.keys.getPublicKey(), senderKey]);
    const secret = Buffer.from(hkdfSync('sha256', shared, this.auth, info, 32));
    const key = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: aes128gcm\0', 16));
    const nonce = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: nonce\0', 12));
    const cipher = createDecipheriv('aes-128-gcm', key, nonce);
    cipher.setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()]);
    const delimiter = padded.lastIndexOf(2);
    return JSON.parse(padded.subarray(0, delimiter).toString('utf8'));
  }
}

/** The claims of the VAPID token when its signature is right for the key beside it (RFC 8292), else null. */
export async function vapidClaims(
  authorization: string,
): Promise<{ key: string; claims: Record<string, unknown> } | null> {
  const match = /^vapid t=([^,]+), ?k=(.+)$/.exec(authorization);
  if (!match) return null;
  const [header = '', claims = '', signature = ''] = match[1]!.split('.');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const point = Buffer.from(match[2]!, 'base64url');
  const key = await crypto.subtle.importKey('raw', point, algorithm, false, ['verify']);
  const isGenuine = await crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    key,
    Buffer.from(signature, 'base64url'),
    Buffer.from(`${header}.${claims}`),
  );
  return isGenuine
    ? { key: match[2]!, claims: JSON.parse(Buffer.from(claims, 'base64url').toString()) }
    : null;
}

/** A `fetch` that reaches these browsers and nobody else. */
export function pushServiceOf(...browsers: FakeBrowser[]): typeof fetch {
  return async (input, init) => {
    const endpoint = String(input);
    const browser = browsers.find((one) => one.endpoint === endpoint);
    if (browser === undefined) throw new Error(`nobody is at ${endpoint}`);
    if (browser.status >= 400) return new Response(null, { status: browser.status });
    browser.received.push({
      endpoint,
      headers: new Headers(init?.headers),
      payload: browser.decrypt(init?.body as Uint8Array),
    });
    return new Response(null, { status: browser.status });
  };
}
