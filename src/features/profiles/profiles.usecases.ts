import { and, eq, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale } from '../../db/client.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { isVerifiedSeller } from '../../domain/accounts/account.ts';
import type { Preferences } from '../../domain/accounts/preferences.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { type Activity, activityStatement, type Client } from '../accounts/account.statements.ts';
import { readAccountFresh } from '../accounts/accounts.usecases.ts';
import { storePicture } from '../media/pictures.ts';
import { type Reputation, reputationOf } from '../reviews/reputation.usecases.ts';
import { averageResponseMs, findPreferences, findUser, type UserRow } from './profiles.repository.ts';
import type { ProfileChanges } from './profiles.schemas.ts';

/** Answers that the average response time is made of. */
const RESPONSES = 100;

/** The caller's own account; a token may outlive it. */
export async function readMe(deps: Deps, caller: Caller): Promise<UserRow> {
  const row = await findUser(deps.db, caller.userId);
  if (!row || row.deletedAt !== null) throw problem('invalid_token', 'The account of this token is gone.');
  return row;
}

export interface Profile {
  user: UserRow;
  isVerifiedSeller: boolean;
  preferences: Preferences;
  reputation: Reputation | undefined;
  responseMs: number | null;
}

/** What everybody may see of a user, as the user lets them. */
export async function readProfile(deps: Deps, userId: string): Promise<Profile> {
  const user = await findUser(deps.db, userId);
  if (!user) throw problem('user_not_found', 'There is no such user.');
  const [preferences, reputations, responseMs] = await Promise.all([
    findPreferences(deps.db, [userId]),
    reputationOf(deps, [userId]),
    averageResponseMs(deps.db, userId, RESPONSES),
  ]);
  return {
    user,
    isVerifiedSeller: isVerifiedSeller(user.role, user.verifiedSellerAt),
    preferences: preferences.get(userId)!,
    reputation: reputations.get(userId),
    responseMs,
  };
}

/** The columns that changes of a profile write; what is left out stays. */
export function profileColumns(changes: ProfileChanges) {
  const columns = {
    displayName: changes.display_name,
    firstName: changes.first_name,
    lastName: changes.last_name,
    phone: changes.phone,
    bio: changes.bio === '' ? null : changes.bio,
  };
  return Object.fromEntries(
    Object.entries(columns).filter(([, value]) => value !== undefined),
  ) as Partial<UserRow>;
}

async function changeMe(
  deps: Deps,
  caller: Caller,
  client: Client,
  columns: Partial<UserRow>,
  activity: Activity,
): Promise<UserRow> {
  try {
    await deps.db.batch([
      deps.db
        .update(users)
        .set({ ...columns, updatedAt: deps.now() })
        .where(and(eq(users.id, caller.userId), isNull(users.deletedAt))),
      deps.db.run(sql.raw(GUARD_SQL)),
      activityStatement(deps, caller.userId, activity, client, caller.sessionId),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('invalid_token', 'The account of this token is gone.');
    throw error;
  }
  readAccountFresh(caller.userId);
  return readMe(deps, caller);
}

export const changeProfile = (deps: Deps, caller: Caller, changes: ProfileChanges, client: Client) =>
  changeMe(deps, caller, client, profileColumns(changes), 'profile_changed');

/** Stores the picture anew, without its metadata, and shows it. Refused with `invalid_image` and `image_too_large`. */
export async function setAvatar(
  deps: Deps,
  caller: Caller,
  bytes: Uint8Array,
  client: Client,
): Promise<UserRow> {
  const { contentHash, widths } = await storePicture(deps, 'avatars', bytes);
  const columns = { avatarHash: contentHash, avatarWidths: JSON.stringify(widths) };
  return changeMe(deps, caller, client, columns, 'avatar_changed');
}

/** Objects stay, as with every picture: another row may show the same content. */
export const removeAvatar = (deps: Deps, caller: Caller, client: Client) =>
  changeMe(deps, caller, client, { avatarHash: null, avatarWidths: null }, 'avatar_changed');
