import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { type Passwords, PasswordsBusyError } from './passwords.ts';

/** OWASP's equivalent of N=2^17 p=1 in 16 MiB instead of 128, which is all that an isolate has. */
const COST = { N: 16_384, r: 8, p: 5, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/**
 * In workerd scrypt runs on the isolate's own thread and blocks everything else for about this long, however it is
 * called. Hashes therefore start this far apart: other requests run in between, and none waits for more than one hash.
 */
const SPACING_MS = 150;
/** Past this much waiting the caller is told to come back: a crowd of logins must not pile up without bound. */
const MAX_WAIT_MS = 10_000;

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

const encode = (salt: Buffer, key: Buffer): string =>
  `$scrypt$ln=${Math.log2(COST.N)},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(key)}`;

/** What an unknown account is checked against: a real salt and cost, and a key that no password has. */
const DUMMY = encode(Buffer.alloc(SALT_BYTES, 7), Buffer.alloc(KEY_BYTES));

const derive = (password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });

/** Passwords as scrypt PHC strings. The parameters are stored, so they can be raised without breaking old hashes. */
export function createScryptPasswords(): Passwords {
  let nextStartMs = 0;

  /** Turns are reservations in time, not locks: a request that dies while it waits holds nobody up. */
  async function takeTurn(): Promise<void> {
    const nowMs = Date.now();
    const startMs = Math.max(nowMs, nextStartMs);
    const waitMs = startMs - nowMs;
    if (waitMs > MAX_WAIT_MS) throw new PasswordsBusyError();
    nextStartMs = startMs + SPACING_MS;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  return {
    async hash(password) {
      await takeTurn();
      const salt = randomBytes(SALT_BYTES);
      return encode(salt, await derive(password, salt, KEY_BYTES, COST));
    },

    async verify(password, hash) {
      await takeTurn();
      const parts = PHC.exec(hash ?? DUMMY);
      if (!parts) throw new Error('A stored password hash is not a scrypt PHC string');
      const [, ln, r, p, salt, key] = parts;
      const expected = Buffer.from(key!, 'base64');
      const actual = await derive(password, Buffer.from(salt!, 'base64'), expected.length, {
        N: 2 ** Number(ln),
        r: Number(r),
        p: Number(p),
        maxmem: COST.maxmem,
      });
      return timingSafeEqual(actual, expected) && hash !== null;
    },
  };
}
