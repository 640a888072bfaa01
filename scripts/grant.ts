/**
 * `npm run grant -- --email someone@example.com [--role superadmin] [--remote]`: gives an account a built-in role, `admin` unless
 * another is named. The first superadmin is made here.
 */
import { parseArgs } from 'node:util';
import { ROLES } from '../src/domain/accounts/account.ts';
import { runSql } from './support/d1.ts';
import { grantStatements } from './support/grant-role.ts';

const USAGE = `Usage: npm run grant -- --email someone@example.com [--role ${ROLES.join('|')}] [--remote]`;

const { values } = parseArgs({
  options: {
    email: { type: 'string' },
    role: { type: 'string', default: 'admin' },
    remote: { type: 'boolean', default: false },
  },
});
const { email, remote } = values;
const role = ROLES.find((known) => known === values.role);

if (!email || !role) {
  console.error(USAGE);
  process.exit(2);
}

const [accounts = []] = await runSql(grantStatements(email, role, Date.now()), remote ? 'remote' : 'local');
const [account] = accounts;
if (!account) {
  console.error(
    `There is no account with the e-mail address ${email}, or it is the only superadmin. Register it, or make another superadmin first.`,
  );
  process.exit(1);
}
console.log(
  `${account.username} (${account.id}) now has the role ${role}. It applies from their next sign-in.`,
);
