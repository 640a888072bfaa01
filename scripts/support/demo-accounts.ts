import type { Role } from '../../src/domain/accounts/account.ts';
import { newId } from '../../src/domain/ids.ts';
import { createScryptPasswords } from '../../src/platform/passwords/scrypt-passwords.ts';
import { quote, runSql } from './d1.ts';

/** They exist in the local demo only: their password is public. */
export const DEMO_PASSWORD = 'bourse-demo-2026';

export const DEMO_ACCOUNTS: readonly { username: string; displayName: string; email: string; role: Role }[] =
  [
    { username: 'admin', displayName: 'Admin', email: 'admin@bourse.example', role: 'admin' },
    { username: 'alice', displayName: 'Alice', email: 'alice@bourse.example', role: 'user' },
    { username: 'bob', displayName: 'Bob', email: 'bob@bourse.example', role: 'user' },
  ];

/** One statement that adds the missing accounts and leaves those that are there as they are. */
export async function demoAccountsStatement(nowMs: number): Promise<string> {
  const passwords = createScryptPasswords();
  const rows = await Promise.all(
    DEMO_ACCOUNTS.map(async ({ username, displayName, email, role }) => {
      const id = newId('usr', (bytes) => crypto.getRandomValues(bytes));
      const texts = [id, email, email, username, username, displayName, await passwords.hash(DEMO_PASSWORD)];
      return `(${[...texts, role, 'active'].map(quote).join(', ')}, ${nowMs}, ${nowMs})`;
    }),
  );
  return `insert into users (id, email, email_key, username, username_key, display_name, password_hash,
    role, status, created_at, updated_at) values ${rows.join(', ')} on conflict do nothing`;
}

/**
 * Writes the demo accounts into the local D1 database of this checkout, after its migrations and before the server
 * starts, so that nobody else has the file open. It knows no remote database on purpose.
 */
export async function ensureDemoAccounts(): Promise<void> {
  await runSql([await demoAccountsStatement(Date.now())], 'local');
}
