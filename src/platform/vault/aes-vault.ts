import type { Vault } from './vault.ts';

/** Layout of what is sealed: version, first bytes of the key's hash, nonce, ciphertext with its tag. */
const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;

interface Keys {
  id: Uint8Array;
  seal: CryptoKey;
  sign: CryptoKey;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Two keys from one secret, so that a signature can never help to decrypt (RFC 5869). */
async function deriveKeys(secret: string): Promise<Keys> {
  const bytes = Buffer.from(secret, 'base64url');
  const base = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']);
  const from = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: utf8(info),
  });
  const [digest, seal, sign] = await Promise.all([
    crypto.subtle.digest('SHA-256', bytes),
    crypto.subtle.deriveKey(from('bourse seal'), base, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]),
    crypto.subtle.deriveKey(
      from('bourse sign'),
      base,
      { name: 'HMAC', hash: 'SHA-256', length: 256 },
      false,
      ['sign', 'verify'],
    ),
  ]);
  return { id: new Uint8Array(digest, 0, KEY_ID_BYTES), seal, sign };
}

/**
 * AES-256-GCM under a random nonce. `previousSecret` still opens and verifies, so that the key can be changed: what was
 * sealed with it stays readable for as long as it is there.
 */
export function createAesVault(
  secret: string,
  previousSecret: string | undefined,
  random: (bytes: Uint8Array) => Uint8Array,
): Vault {
  let derived: Promise<Keys[]> | null = null;
  const keys = () => {
    derived ??= Promise.all([secret, previousSecret].filter((text) => text !== undefined).map(deriveKeys));
    return derived;
  };

  const vault: Vault = {
    async seal(bytes, context) {
      const [current] = await keys();
      const sealed = new Uint8Array(HEADER_BYTES);
      const nonce = random(new Uint8Array(NONCE_BYTES)) as Uint8Array<ArrayBuffer>;
      sealed.set([VERSION, ...current!.id, ...nonce]);
      const body = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv: nonce, additionalData: utf8(context) },
        current!.seal,
        Uint8Array.from(bytes),
      );
      const whole = new Uint8Array(HEADER_BYTES + body.byteLength);
      whole.set(sealed);
      whole.set(new Uint8Array(body), HEADER_BYTES);
      return whole;
    },

    async open(sealed, context) {
      if (sealed[0] !== VERSION || sealed.length < HEADER_BYTES) return null;
      const key = (await keys()).find(({ id }) => id.every((byte, at) => sealed[1 + at] === byte));
      if (!key) return null;
      const iv = Uint8Array.from(sealed.subarray(1 + KEY_ID_BYTES, HEADER_BYTES));
      try {
        return new Uint8Array(
          await crypto.subtle.decrypt(
            { name: 'AES-GCM', iv, additionalData: utf8(context) },
            key.seal,
            Uint8Array.from(sealed.subarray(HEADER_BYTES)),
          ),
        );
      } catch {
        return null;
      }
    },

    async sealText(text, context) {
      return Buffer.from(await vault.seal(utf8(text), context)).toString('base64url');
    },

    async openText(sealed, context) {
      const bytes = await vault.open(Buffer.from(sealed, 'base64url'), context);
      return bytes && new TextDecoder().decode(bytes);
    },

    async sign(text) {
      const [current] = await keys();
      return Buffer.from(await crypto.subtle.sign('HMAC', current!.sign, utf8(text))).toString('base64url');
    },

    async verify(text, signature) {
      const bytes = Uint8Array.from(Buffer.from(signature, 'base64url'));
      const checks = (await keys()).map(({ sign }) => crypto.subtle.verify('HMAC', sign, bytes, utf8(text)));
      return (await Promise.all(checks)).some((isGood) => isGood);
    },
  };
  return vault;
}
