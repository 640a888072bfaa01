import { describe, expect, it } from 'vitest';
import { PasswordsBusyError } from '../../src/platform/passwords/passwords.ts';
import { createScryptPasswords } from '../../src/platform/passwords/scrypt-passwords.ts';

/** RFC 7914, section 12: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1, 64 bytes). */
const RFC_HASH = `$scrypt$ln=14,r=8,p=1$${Buffer.from('SodiumChloride').toString('base64').replaceAll('=', '')}$${Buffer.from(
  '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  'hex',
)
  .toString('base64')
  .replaceAll('=', '')}`;

describe('password hashes', () => {
  it('are salted PHC strings that verify their own password alone', async () => {
    const passwords = createScryptPasswords();
    const first = await passwords.hash('pleaseletmein');
    const second = await passwords.hash('pleaseletmein');
    expect(first).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(second).not.toBe(first);
    expect(await passwords.verify('pleaseletmein', first)).toBe(true);
    expect(await passwords.verify('pleaseletmeIn', first)).toBe(false);
  });

  it('agree with the test vector of RFC 7914, with the parameters that they carry', async () => {
    const passwords = createScryptPasswords();
    expect(await passwords.verify('pleaseletmein', RFC_HASH)).toBe(true);
    expect(await passwords.verify('pleaseletmeout', RFC_HASH)).toBe(false);
  });

  it('of nobody match no password', async () => {
    expect(await createScryptPasswords().verify('', null)).toBe(false);
  });

  it('that are broken are an error, not a wrong password', async () => {
    await expect(createScryptPasswords().verify('x', '$argon2id$v=19')).rejects.toThrow('PHC');
  });

  it('are refused to a crowd rather than queued without bound', async () => {
    const passwords = createScryptPasswords();
    const crowd = Array.from({ length: 80 }, () => passwords.verify('x', 'broken').catch((error) => error));
    const last = await crowd.at(-1);
    expect(last).toBeInstanceOf(PasswordsBusyError);
  });
});
