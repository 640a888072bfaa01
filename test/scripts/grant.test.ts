import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNTS, DEMO_PASSWORD, demoAccountsStatement } from '../../scripts/support/demo-accounts.ts';
import { grantStatements } from '../../scripts/support/grant-role.ts';
import { createScryptPasswords } from '../../src/platform/passwords/scrypt-passwords.ts';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');
const NOW_MS = Date.UTC(2026, 10, 20);

const demoAccounts = await demoAccountsStatement(NOW_MS);

let db: DatabaseSync;
beforeEach(() => {
  db = new DatabaseSync(':memory:');
  for (const file of readdirSync(MIGRATIONS).sort())
    if (file.endsWith('.sql')) db.exec(readFileSync(join(MIGRATIONS, file), 'utf8'));
  db.exec(demoAccounts);
});

const grant = (email: string, role: 'user' | 'admin') => {
  const [first = '', ...others] = grantStatements(email, role, NOW_MS + 1);
  const found = db.prepare(first).all();
  for (const statement of others) db.exec(statement);
  return found;
};
const roles = () =>
  Object.fromEntries(
    db
      .prepare('select username, role from users')
      .all()
      .map((row) => [row.username, row.role]),
  );

describe('demo accounts', () => {
  it('can sign in with the demo password, and the admin is one', async () => {
    const rows = db.prepare('select email_key, password_hash from users').all();
    expect(rows.map((row) => row.email_key)).toEqual(DEMO_ACCOUNTS.map((account) => account.email));
    expect(roles()).toEqual({ admin: 'admin', alice: 'user', bob: 'user' });
    const verified = await createScryptPasswords().verify(DEMO_PASSWORD, String(rows[1]?.password_hash));
    expect(verified).toBe(true);
  });

  it('are left as they are when they exist', async () => {
    const before = db.prepare('select * from users').all();
    db.exec(await demoAccountsStatement(NOW_MS + 1));
    expect(db.prepare('select * from users').all()).toEqual(before);
  });
});

describe('granting a role', () => {
  it('changes that account alone and ends its sessions', () => {
    db.exec(`insert into sessions (id, user_id, user_agent, address, created_at, last_used_at, expires_at)
      select 'ses_' || username, id, '', '', 1, 1, 9 from users`);
    expect(grant('Alice@bourse.example', 'admin')).toMatchObject([{ username: 'alice' }]);
    expect(roles()).toEqual({ admin: 'admin', alice: 'admin', bob: 'user' });
    expect(db.prepare('select id from sessions where revoked_at is not null').all()).toMatchObject([
      { id: 'ses_alice' },
    ]);
    grant('alice@bourse.example', 'user');
    expect(roles()).toEqual({ admin: 'admin', alice: 'user', bob: 'user' });
  });

  it('takes the role from one superadmin of several, and never from the last who can act', () => {
    db.exec("update users set role = 'superadmin' where username in ('alice', 'bob')");
    expect(grant('alice@bourse.example', 'user')).toHaveLength(1);
    db.exec(`insert into sessions (id, user_id, user_agent, address, created_at, last_used_at, expires_at)
      select 'ses_last', id, '', '', 1, 1, 9 from users where username = 'bob'`);
    expect(grant('bob@bourse.example', 'admin')).toEqual([]);
    expect(roles()).toMatchObject({ alice: 'user', bob: 'superadmin' });
    expect(db.prepare('select id from sessions where revoked_at is not null').all()).toEqual([]);
  });

  it.each(["nobody@x.test' or 1=1 --", "'; drop table users; --", 'nobody@bourse.example'])(
    'finds nobody under %s',
    (email) => {
      expect(grant(email, 'admin')).toEqual([]);
      expect(roles()).toEqual({ admin: 'admin', alice: 'user', bob: 'user' });
    },
  );
});
