import { createRoute, z } from '@hono/zod-openapi';
import { isVerifiedSeller } from '../../domain/accounts/account.ts';
import { isBarred } from '../../domain/trust/moderation.ts';
import { mutation, permitted } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import type { UserRow } from './users.repository.ts';
import {
  DeleteUserQuery,
  ManagedUser,
  ManagedUserDetail,
  ResetTwoFactorQuery,
  UserChanges,
  UserId,
  UsersQuery,
} from './users.schemas.ts';
import {
  changeUser,
  deleteUser,
  listUsers,
  readUser,
  resetTwoFactor,
  type UserDetail,
  type UserPosition,
} from './users.usecases.ts';

const TAGS = ['Users'];

const timeOf = (atMs: number | null) => (atMs === null ? null : rfc3339(atMs));

const present = (row: UserRow, nowMs: number) => ({
  id: row.id,
  email: row.email,
  username: row.username,
  display_name: row.displayName,
  role: row.role,
  status: row.status,
  suspended_until: timeOf(row.suspendedUntil),
  is_active:
    row.deletedAt === null && !isBarred({ status: row.status, suspendedUntilMs: row.suspendedUntil }, nowMs),
  is_superuser: row.role === 'superadmin',
  email_verified: row.emailVerifiedAt !== null,
  is_verified_seller: isVerifiedSeller(row.role, row.verifiedSellerAt),
  last_login: timeOf(row.lastLoginAt),
  created_at: rfc3339(row.createdAt),
  deleted_at: timeOf(row.deletedAt),
});

const presentDetail = ({ user, hasTwoFactor, kycStatus, allowedActions }: UserDetail, nowMs: number) => ({
  ...present(user, nowMs),
  first_name: user.firstName,
  last_name: user.lastName,
  phone: user.phone,
  bio: user.bio,
  can_buy: user.canBuy,
  can_sell: user.canSell,
  seller_tier: user.sellerTier,
  two_factor_enabled: hasTwoFactor,
  verification_status: ManagedUserDetail.shape.verification_status.parse(kycStatus),
  allowed_actions: allowedActions,
});

const Position = z.union([
  z.object({ name: z.string() }),
  z.object({ createdAtMs: z.number().int(), id: z.string() }),
]);

function parsePosition(text: string): UserPosition {
  try {
    return Position.parse(JSON.parse(text));
  } catch {
    throw problem('invalid_cursor', 'The cursor is not one that this list gave; start again without it.');
  }
}

export const usersRoutes = createRoutes();

for (const [path, operationId] of [
  ['/admin/users', 'listUsers'],
  ['/users', 'findUsers'],
] as const)
  usersRoutes.openapi(
    createRoute({
      ...permitted('users.read'),
      method: 'get',
      path,
      operationId,
      tags: TAGS,
      summary: 'Users, newest first, or by name (GR-03)',
      request: { query: UsersQuery },
      responses: { 200: json(pageOf(ManagedUser), 'A page of users'), ...problems(401, 403) },
    }),
    async (c) => {
      const { limit, cursor, search, role, status, verified } = c.req.valid('query');
      const deps = c.get('deps');
      const position = decodeCursor(cursor, z.tuple([z.string()]))?.[0];
      const at = position === undefined ? null : parsePosition(position);
      const filter = {
        role,
        status,
        isVerifiedSeller: verified === undefined ? undefined : verified === 'true',
      };
      const rows = await listUsers(deps, search, filter, at, limit + 1);
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const key = search?.includes('@') ? 'emailKey' : 'usernameKey';
      const next =
        last === undefined
          ? null
          : encodeCursor([
              JSON.stringify(
                search === undefined ? { createdAtMs: last.createdAt, id: last.id } : { name: last[key] },
              ),
            ]);
      const nowMs = deps.now();
      return c.json({ data: page.map((row) => present(row, nowMs)), next_cursor: next }, 200);
    },
  );

usersRoutes.openapi(
  createRoute({
    ...permitted('users.read'),
    method: 'get',
    path: '/admin/users/{id}',
    operationId: 'getManagedUser',
    tags: TAGS,
    summary: 'Everything identity knows of a user but their secrets (GR-03)',
    request: { params: UserId },
    responses: { 200: json(ManagedUserDetail, 'The user'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const detail = await readUser(deps, callerIn(c).userId, c.req.valid('param').id);
    return c.json(presentDetail(detail, deps.now()), 200);
  },
);

for (const [path, changeId, deleteId] of [
  ['/admin/users/{id}', 'changeUser', 'deleteUser'],
  ['/users/{id}', 'updateUser', 'removeUser'],
] as const) {
  usersRoutes.openapi(
    createRoute({
      ...mutation(permitted('users.manage')),
      method: 'put',
      path,
      operationId: changeId,
      tags: TAGS,
      summary: 'Change a user’s profile and what they may trade (GR-03)',
      request: { params: UserId, body: jsonBody(UserChanges) },
      responses: {
        200: json(ManagedUserDetail, 'The user as changed'),
        ...problems(400, 401, 403, 404, 409, 412, 413, 415),
      },
    }),
    async (c) => {
      const deps = c.get('deps');
      const { id } = c.req.valid('param');
      const detail = await changeUser(deps, auditedActor(c), id, c.req.valid('json'));
      return c.json(presentDetail(detail, deps.now()), 200);
    },
  );

  usersRoutes.openapi(
    createRoute({
      ...mutation(permitted('users.manage')),
      method: 'delete',
      path,
      operationId: deleteId,
      tags: TAGS,
      summary: 'Delete a user by making the account nobody’s; orders and ledger stay (GR-03)',
      request: { params: UserId, query: DeleteUserQuery },
      responses: {
        204: { description: 'Nothing personal is left' },
        ...problems(401, 403, 404, 409, 412),
      },
    }),
    async (c) => {
      const { reason = null } = c.req.valid('query');
      await deleteUser(c.get('deps'), auditedActor(c), c.req.valid('param').id, reason);
      return c.body(null, 204);
    },
  );
}

usersRoutes.openapi(
  createRoute({
    ...mutation(permitted('users.manage')),
    method: 'delete',
    path: '/admin/users/{id}/two-factor',
    operationId: 'resetTwoFactor',
    tags: TAGS,
    summary: 'Take a lost second step off an account; every session ends and the owner is told by mail',
    request: { params: UserId, query: ResetTwoFactorQuery },
    responses: {
      204: { description: 'The password alone opens the account' },
      ...problems(401, 403, 404, 409),
    },
  }),
  async (c) => {
    const { reason } = c.req.valid('query');
    await resetTwoFactor(c.get('deps'), auditedActor(c), c.req.valid('param').id, reason);
    return c.body(null, 204);
  },
);
