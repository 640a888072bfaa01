/** Measures against users (product model C.10) and who may take them against whom (C.1). */
import type { Role, UserStatus } from '../accounts/account.ts';
import type { Permission } from '../accounts/permissions.ts';
import { err, ok, type Result } from '../result.ts';
import { type MachineRow, step } from '../state-machine.ts';
import { DAY_MS } from '../time.ts';

export const MODERATION_KINDS = ['warning', 'suspend', 'ban', 'restore', 'unban'] as const;
export type ModerationKind = (typeof MODERATION_KINDS)[number];

export const MIN_SEVERITY = 1;
export const MAX_SEVERITY = 5;
/** Longer suspensions are for those who may ban. */
export const MODERATOR_SUSPENSION_MS = 30 * DAY_MS;
/** A suspension that nobody decided lasts until a moderator has looked, and no longer than this. */
export const AUTOMATIC_SUSPENSION_MS = 7 * DAY_MS;
export const MAX_SUSPENSION_MS = 365 * DAY_MS;

/** `decider` may suspend for a while, `judge` may ban. */
type ModerationRole = 'decider' | 'judge';
const ALL: readonly UserStatus[] = ['active', 'suspended', 'banned'];
const BOTH: readonly ModerationRole[] = ['decider', 'judge'];

export const MODERATION_TRANSITIONS: readonly MachineRow<UserStatus, ModerationKind, ModerationRole>[] = [
  ...ALL.map((status) => ({ from: [status], to: status, action: 'warning' as const, by: BOTH })),
  { from: ['active', 'suspended'], to: 'suspended', action: 'suspend', by: BOTH },
  { from: ['active', 'suspended'], to: 'banned', action: 'ban', by: ['judge'] },
  { from: ['suspended'], to: 'active', action: 'restore', by: BOTH },
  { from: ['banned'], to: 'active', action: 'unban', by: ['judge'] },
];

export interface ModerationWish {
  kind: ModerationKind;
  actorId: string;
  permissions: readonly string[];
  target: { id: string; role: Role; status: UserStatus };
  /** Of a suspension. */
  durationMs: number | null;
}

export interface ModerationRefusal {
  code: 'forbidden' | 'invalid_transition';
  detail: string;
}

const has = (wish: ModerationWish, permission: Permission) => wish.permissions.includes(permission);

/** The status the user gets, or why not. */
export function moderate(wish: ModerationWish): Result<UserStatus, ModerationRefusal> {
  const { kind, actorId, target } = wish;
  const forbidden = (detail: string) => err({ code: 'forbidden' as const, detail });
  if (actorId === target.id) return forbidden('Nobody moderates themselves.');
  if (target.role === 'superadmin') return forbidden('A superadmin is not moderated; take the role first.');
  if (target.role === 'admin' && !has(wish, 'admins.manage'))
    return forbidden('Only who manages admins moderates an admin.');
  const role: ModerationRole = has(wish, 'users.ban') ? 'judge' : 'decider';
  if (kind === 'suspend' && role === 'decider' && (wish.durationMs ?? 0) > MODERATOR_SUSPENSION_MS)
    return forbidden('Suspensions of more than 30 days need the permission users.ban.');
  const row = step(MODERATION_TRANSITIONS, target.status, kind, role);
  if (row.ok) return ok(row.value.to);
  return row.error === 'forbidden'
    ? forbidden(`To ${kind} a user needs the permission users.ban.`)
    : err({ code: 'invalid_transition', detail: `A user who is ${target.status} cannot get: ${kind}.` });
}

/** True for whoever is suspended or banned now: a suspension ends at its moment, whoever looks. */
export const isBarred = (
  user: { status: UserStatus; suspendedUntilMs: number | null },
  nowMs: number,
): boolean =>
  user.status === 'banned' ||
  (user.status === 'suspended' && (user.suspendedUntilMs === null || user.suspendedUntilMs > nowMs));
