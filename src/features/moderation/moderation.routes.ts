import { createRoute } from '@hono/zod-openapi';
import { HOUR_MS } from '../../domain/time.ts';
import { MODERATION_KINDS, moderate } from '../../domain/trust/moderation.ts';
import { mutation, permitted, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import {
  ActionAnswer,
  ActionId,
  ActionPage,
  ActionsQuery,
  LiftBody,
  MeasureBody,
  ModeratedUser,
  OwnActionPage,
  TakenAnswer,
  UserActionPage,
} from './moderation.schemas.ts';
import type { ActionRow, Moderator, Standing } from './moderation.statements.ts';
import {
  findAction,
  liftAction,
  listActions,
  moderateUser,
  moderatorOf,
  standingOf,
} from './moderation.usecases.ts';

const TAGS = ['Trust'];

const timeOf = (atMs: number | null): string | null => (atMs === null ? null : rfc3339(atMs));

const presentOwn = (row: ActionRow) => ({
  id: row.id,
  user_id: row.userId,
  action: row.kind,
  severity: row.severity,
  reason: row.reason,
  expires_at: timeOf(row.expiresAt),
  lifted_at: timeOf(row.liftedAt),
  created_at: rfc3339(row.createdAt),
});

const present = (row: ActionRow) => ({
  ...presentOwn(row),
  actor_id: row.actorId,
  report_id: row.reportId,
  lifted_by: row.liftedBy,
});

const presentStanding = ({ status, suspendedUntil }: Standing) => ({
  status,
  suspended_until: timeOf(suspendedUntil),
});

/** The measures that this moderator could take against somebody now. */
const measuresOpenTo = (moderator: Moderator, standing: Standing) =>
  MODERATION_KINDS.filter(
    (kind) =>
      moderate({ ...moderator, kind, target: standing, durationMs: kind === 'suspend' ? HOUR_MS : null }).ok,
  );

export const moderationRoutes = createRoutes();

moderationRoutes.openapi(
  createRoute({
    ...mutation(permitted('users.suspend')),
    method: 'post',
    path: '/admin/users/{user_id}/moderation',
    operationId: 'moderateUser',
    tags: TAGS,
    summary: 'Warn, suspend, ban, restore or unban a user',
    description:
      'A user who is suspended or banned is signed out, loses their resting bids and asks in every book, has their listings paused and their open sales on hold; what stopped for that alone goes on when it ends.',
    request: { params: ModeratedUser, body: jsonBody(MeasureBody) },
    responses: {
      201: json(TakenAnswer, 'The measure, and the standing it leaves'),
      ...problems(400, 401, 403, 404, 409, 412, 413, 415),
    },
  }),
  async (c) => {
    const { action: kind, severity, reason, duration_hours } = c.req.valid('json');
    const { action, standing } = await moderateUser(
      c.get('deps'),
      c.req.valid('param').user_id,
      {
        kind,
        severity,
        reason,
        durationMs: duration_hours === undefined ? null : duration_hours * HOUR_MS,
        reportId: null,
      },
      auditedActor(c),
    );
    return c.json({ user: { id: standing.id, ...presentStanding(standing) }, action: present(action) }, 201);
  },
);

moderationRoutes.openapi(
  createRoute({
    ...permitted('users.suspend'),
    method: 'get',
    path: '/admin/users/{user_id}/moderation',
    operationId: 'listUserModeration',
    tags: TAGS,
    summary: 'The standing of a user and every measure against them, newest first',
    request: { params: ModeratedUser, query: PageQuery },
    responses: { 200: json(UserActionPage, 'A page of measures'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { user_id: userId } = c.req.valid('param');
    const standing = await standingOf(deps, userId);
    const { actions, nextCursor } = await listActions(deps, { userId }, c.req.valid('query'));
    const moderator = await moderatorOf(deps, auditedActor(c));
    return c.json(
      {
        data: actions.map(present),
        next_cursor: nextCursor,
        standing: { ...presentStanding(standing), allowed_actions: measuresOpenTo(moderator, standing) },
      },
      200,
    );
  },
);

moderationRoutes.openapi(
  createRoute({
    ...permitted('users.suspend'),
    method: 'get',
    path: '/admin/moderation',
    operationId: 'listModeration',
    tags: TAGS,
    summary: 'Measures against users, newest first; those of the house itself with actor_id=system',
    request: { query: ActionsQuery },
    responses: { 200: json(ActionPage, 'A page of measures'), ...problems(401, 403) },
  }),
  async (c) => {
    const { action, actor_id, ...page } = c.req.valid('query');
    const { actions, nextCursor } = await listActions(
      c.get('deps'),
      { kind: action, actorId: actor_id },
      page,
    );
    return c.json({ data: actions.map(present), next_cursor: nextCursor }, 200);
  },
);

moderationRoutes.openapi(
  createRoute({
    ...permitted('users.suspend'),
    method: 'get',
    path: '/admin/moderation/{action_id}',
    operationId: 'getModeration',
    tags: TAGS,
    summary: 'One measure',
    request: { params: ActionId },
    responses: { 200: json(ActionAnswer, 'The measure'), ...problems(401, 403, 404) },
  }),
  async (c) => c.json(present(await findAction(c.get('deps'), c.req.valid('param').action_id)), 200),
);

moderationRoutes.openapi(
  createRoute({
    ...mutation(permitted('users.suspend')),
    method: 'post',
    path: '/admin/moderation/{action_id}/lift',
    operationId: 'liftModeration',
    tags: TAGS,
    summary: 'End a measure before its time',
    request: { params: ActionId, body: jsonBody(LiftBody) },
    responses: {
      200: json(ActionAnswer, 'The measure, lifted'),
      ...problems(400, 401, 403, 404, 409, 412, 413, 415),
    },
  }),
  async (c) => {
    const { reason } = c.req.valid('json');
    const lifted = await liftAction(c.get('deps'), c.req.valid('param').action_id, reason, auditedActor(c));
    return c.json(present(lifted), 200);
  },
);

moderationRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/moderation',
    operationId: 'listMyModeration',
    tags: TAGS,
    summary: 'Measures against you, newest first',
    request: { query: PageQuery },
    responses: { 200: json(OwnActionPage, 'A page of measures'), ...problems(401) },
  }),
  async (c) => {
    const { userId } = callerIn(c);
    const { actions, nextCursor } = await listActions(c.get('deps'), { userId }, c.req.valid('query'));
    return c.json({ data: actions.map(presentOwn), next_cursor: nextCursor }, 200);
  },
);
