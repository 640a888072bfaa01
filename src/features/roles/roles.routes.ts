import { createRoute, z } from '@hono/zod-openapi';
import { PERMISSIONS } from '../../domain/accounts/permissions.ts';
import { mutation, permitted } from '../../http/access.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import {
  assignRole,
  changeRole,
  createRole,
  deleteRole,
  listRoles,
  permissionsIn,
  type RoleRow,
} from './roles.usecases.ts';

const TAGS = ['Users'];

const RoleName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{1,39}$/, 'Use 2 to 40 lower-case letters, digits and underscores')
  .meta({ example: 'night_shift' });
const Description = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, 'Control characters are not allowed');
const Permissions = z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length);

const RoleAnswer = z
  .object({
    name: z.string(),
    description: z.string(),
    permissions: z.array(z.string()),
    is_built_in: z.boolean(),
    updated_at: Timestamp,
    allowed_actions: z.array(z.enum(['edit', 'delete'])),
  })
  .meta({ id: 'Role' });
const NewRole = z
  .strictObject({ name: RoleName, description: Description, permissions: Permissions })
  .meta({ id: 'NewRole' });
const RoleChanges = z
  .strictObject({ description: Description.optional(), permissions: Permissions.optional() })
  .refine((changes) => Object.keys(changes).length > 0, 'Change something')
  .meta({ id: 'RoleChanges' });
const RoleParam = z.object({ name: z.string().max(64) });
const AssignBody = z
  .strictObject({
    role: z.string().min(1).max(64),
    reason: z.string().trim().min(1).max(500).optional(),
  })
  .meta({ id: 'AssignRole' });
const Assigned = z
  .object({ user_id: z.string(), role: z.string(), previous_role: z.string() })
  .meta({ id: 'AssignedRole' });

const present = (row: RoleRow) => ({
  name: row.name,
  description: row.description,
  permissions: permissionsIn(row),
  is_built_in: row.isBuiltIn,
  updated_at: rfc3339(row.updatedAt),
  allowed_actions: [
    ...(row.name === 'superadmin' ? [] : (['edit'] as const)),
    ...(row.isBuiltIn ? [] : (['delete'] as const)),
  ],
});

export const rolesRoutes = createRoutes();

rolesRoutes.openapi(
  createRoute({
    ...permitted('roles.manage'),
    method: 'get',
    path: '/roles',
    operationId: 'listRoles',
    tags: TAGS,
    summary: 'Roles and what they may do (GR-04)',
    request: { query: PageQuery },
    responses: { 200: json(pageOf(RoleAnswer), 'A page of roles'), ...problems(401, 403) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const position = decodeCursor(cursor, z.tuple([z.string()]));
    const rows = await listRoles(c.get('deps'), position?.[0] ?? null, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next = rows.length > limit && last ? encodeCursor([last.name]) : null;
    return c.json({ data: page.map(present), next_cursor: next }, 200);
  },
);

rolesRoutes.openapi(
  createRoute({
    ...mutation(permitted('roles.manage')),
    method: 'post',
    path: '/roles',
    operationId: 'createRole',
    tags: TAGS,
    summary: 'Make a role that may do some of what yours may',
    request: { body: jsonBody(NewRole) },
    responses: { 201: json(RoleAnswer, 'The role'), ...problems(400, 401, 403, 409, 413, 415) },
  }),
  async (c) => {
    const row = await createRole(c.get('deps'), auditedActor(c), c.req.valid('json'));
    return c.json(present(row), 201);
  },
);

rolesRoutes.openapi(
  createRoute({
    ...mutation(permitted('roles.manage')),
    method: 'patch',
    path: '/roles/{name}',
    operationId: 'changeRole',
    tags: TAGS,
    summary: 'Change what a role may do, for everybody who has it',
    request: { params: RoleParam, body: jsonBody(RoleChanges) },
    responses: {
      200: json(RoleAnswer, 'The role as it is now'),
      ...problems(400, 401, 403, 404, 409, 412, 413, 415),
    },
  }),
  async (c) => {
    const { description, permissions } = c.req.valid('json');
    const row = await changeRole(c.get('deps'), auditedActor(c), c.req.valid('param').name, {
      ...(description === undefined ? {} : { description }),
      ...(permissions === undefined ? {} : { permissions }),
    });
    return c.json(present(row), 200);
  },
);

rolesRoutes.openapi(
  createRoute({
    ...mutation(permitted('roles.manage')),
    method: 'delete',
    path: '/roles/{name}',
    operationId: 'deleteRole',
    tags: TAGS,
    summary: 'Take away a role that nobody has; built-in ones stay',
    request: { params: RoleParam },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    await deleteRole(c.get('deps'), auditedActor(c), c.req.valid('param').name);
    return c.body(null, 204);
  },
);

rolesRoutes.openapi(
  createRoute({
    ...mutation(permitted('users.manage')),
    method: 'put',
    path: '/users/{id}/role',
    operationId: 'assignRole',
    tags: TAGS,
    summary: 'Give a user a role; their sessions end (GR-04)',
    description:
      'Nobody changes their own role or gives more than they have; admins are managed by superadmins, of whom one stays.',
    request: { params: z.object({ id: z.string().max(64) }), body: jsonBody(AssignBody) },
    responses: {
      200: json(Assigned, 'The role and the one before'),
      ...problems(400, 401, 403, 404, 409, 412, 413, 415),
    },
  }),
  async (c) => {
    const { id } = c.req.valid('param');
    const { role, reason = null } = c.req.valid('json');
    const assigned = await assignRole(c.get('deps'), auditedActor(c), id, { role, reason });
    return c.json({ user_id: id, role: assigned.role, previous_role: assigned.previous }, 200);
  },
);
