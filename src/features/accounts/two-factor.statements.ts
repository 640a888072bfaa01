/** What ends a second step, whichever feature does it. */
import { eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { loginChallenges, recoveryCodes, twoFactor } from '../../db/identity-schema.ts';
import type { Statement } from '../ledger/ledger.statements.ts';

export const removeTwoFactorStatements = (db: Db, userId: string): Statement[] => [
  db.delete(twoFactor).where(eq(twoFactor.userId, userId)),
  db.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
];

/** A login that waits for its second step waits no more. */
export const forgetChallengesStatement = (db: Db, userId: string): Statement =>
  db.delete(loginChallenges).where(eq(loginChallenges.userId, userId));
