import { describe, expect, it } from 'vitest';
import { createAesVault } from '../../src/platform/vault/aes-vault.ts';

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes);
const key = (fill: number) => Buffer.alloc(32, fill).toString('base64url');
const SECRET = new TextEncoder().encode('what nobody else should read');

describe('the vault', () => {
  it('opens what it sealed, in its context alone', async () => {
    const vault = createAesVault(key(1), undefined, random);
    const sealed = await vault.seal(SECRET, 'doc_1');
    expect(Buffer.from(sealed).includes(Buffer.from(SECRET))).toBe(false);
    expect(await vault.open(sealed, 'doc_1')).toEqual(SECRET);
    expect(await vault.open(sealed, 'doc_2')).toBeNull();
    expect(Buffer.from(await vault.seal(SECRET, 'doc_1'))).not.toEqual(Buffer.from(sealed));
  });

  it('opens nothing that was changed, cut or made elsewhere', async () => {
    const vault = createAesVault(key(1), undefined, random);
    const sealed = await vault.seal(SECRET, 'doc_1');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice();
      changed[at]! ^= 1;
      expect(await vault.open(changed, 'doc_1'), `byte ${at}`).toBeNull();
    }
    expect(await vault.open(sealed.slice(0, 10), 'doc_1')).toBeNull();
    expect(await vault.open(new Uint8Array(), 'doc_1')).toBeNull();
    expect(await createAesVault(key(2), undefined, random).open(sealed, 'doc_1')).toBeNull();
  });

  it('goes on reading and verifying with the key before', async () => {
    const old = createAesVault(key(1), undefined, random);
    const sealed = await old.sealText('a secret', 'x');
    const signature = await old.sign('text');
    const rotated = createAesVault(key(2), key(1), random);
    expect(await rotated.openText(sealed, 'x')).toBe('a secret');
    expect(await rotated.verify('text', signature)).toBe(true);
    expect(await rotated.sign('text')).not.toBe(signature);
    expect(await old.openText(await rotated.sealText('new', 'x'), 'x')).toBeNull();
  });

  it('verifies its own signatures of the same text alone', async () => {
    const vault = createAesVault(key(1), undefined, random);
    const signature = await vault.sign('doc_1|1000');
    expect(await vault.verify('doc_1|1000', signature)).toBe(true);
    for (const [text, given] of [
      ['doc_1|1001', signature],
      ['doc_1|1000', `${signature.slice(1)}A`],
      ['doc_1|1000', ''],
      ['doc_1|1000', 'not a signature'],
    ] as const)
      expect(await vault.verify(text, given)).toBe(false);
  });
});
