import { and, asc, desc, eq, gt, gte, isNotNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { kycVerifications, twoFactor } from '../../db/identity-schema.ts';
import { users } from '../../db/schema.ts';
import type { UserStatus } from '../../domain/accounts/account.ts';

export type UserRow = typeof users.$inferSelect;

export interface UserFilter {
  role?: string | undefined;
  status?: UserStatus | undefined;
  isVerifiedSeller?: boolean | undefined;
}

const matching = ({ role, status, isVerifiedSeller }: UserFilter): SQL[] => [
  ...(role === undefined ? [] : [eq(users.role, role)]),
  ...(status === undefined ? [] : [eq(users.status, status)]),
  ...(isVerifiedSeller === undefined
    ? []
    : [
        sql`(${or(isNotNull(users.verifiedSellerAt), eq(users.role, 'verified_seller'))}) = ${Number(isVerifiedSeller)}`,
      ]),
];

/** Newest first. */
export const newestUsers = (
  db: Db,
  filter: UserFilter,
  before: [createdAtMs: number, id: string] | null,
  limit: number,
): Promise<UserRow[]> =>
  db
    .select()
    .from(users)
    .where(
      and(
        ...matching(filter),
        before === null ? undefined : sql`(${users.createdAt}, ${users.id}) < (${before[0]}, ${before[1]})`,
      ),
    )
    .orderBy(desc(users.createdAt), desc(users.id))
    .limit(limit);

/** Those whose name, or e-mail address if there is an @ in it, begins with the text: in alphabetical order, by an index. */
export function usersNamed(
  db: Db,
  text: string,
  filter: UserFilter,
  after: string | null,
  limit: number,
): Promise<UserRow[]> {
  const key = text.toLowerCase();
  const column = key.includes('@') ? users.emailKey : users.usernameKey;
  return db
    .select()
    .from(users)
    .where(
      and(
        after === null ? gte(column, key) : gt(column, after),
        lt(column, `${key}\u{10ffff}`),
        ...matching(filter),
      ),
    )
    .orderBy(asc(column))
    .limit(limit);
}

export async function findUser(db: Db, id: string): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.id, id));
  return row ?? null;
}

/** What else identity knows of a user. */
export async function findStandings(
  db: Db,
  userId: string,
): Promise<{ hasTwoFactor: boolean; kycStatus: string | null }> {
  const [[factor], [kyc]] = await db.batch([
    db.select({ confirmedAt: twoFactor.confirmedAt }).from(twoFactor).where(eq(twoFactor.userId, userId)),
    db
      .select({ status: kycVerifications.status })
      .from(kycVerifications)
      .where(eq(kycVerifications.userId, userId))
      .orderBy(desc(kycVerifications.submittedAt), desc(kycVerifications.id))
      .limit(1),
  ]);
  return { hasTwoFactor: factor?.confirmedAt != null, kycStatus: kyc?.status ?? null };
}
