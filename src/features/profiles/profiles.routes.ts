import { createRoute, z } from '@hono/zod-openapi';
import { anyone, mutation, signedIn } from '../../http/access.ts';
import { callerIn, permissionsOf } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { clientOf, deviceName } from '../accounts/device.ts';
import { pictureBody, uploadedPicture } from '../media/uploads.ts';
import { changePreferences, readPreferences } from './preferences.usecases.ts';
import { presentMe, presentPreferences, presentProfile } from './profiles.presenter.ts';
import { activityOf } from './profiles.repository.ts';
import {
  ActivityAnswer,
  MeAnswer,
  PreferencesAnswer,
  PreferencesBody,
  ProfileChanges,
  PublicProfile,
} from './profiles.schemas.ts';
import { changeProfile, readMe, readProfile, removeAvatar, setAvatar } from './profiles.usecases.ts';

const TAGS = ['Users'];

export const profilesRoutes = createRoutes();

profilesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me',
    operationId: 'getMe',
    tags: TAGS,
    summary: 'Who I am',
    responses: { 200: json(MeAnswer, 'The signed-in user'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const [row, permissions] = await Promise.all([
      readMe(deps, caller),
      permissionsOf(deps.db, caller.userId),
    ]);
    return c.json(presentMe(row, permissions), 200);
  },
);

profilesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'patch',
    path: '/me',
    operationId: 'changeMe',
    tags: TAGS,
    summary: 'Change your profile; what is left out stays, null takes it away (SN-06)',
    request: { body: jsonBody(ProfileChanges) },
    responses: { 200: json(MeAnswer, 'You, as changed'), ...problems(400, 401, 409, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const row = await changeProfile(deps, caller, c.req.valid('json'), clientOf(c));
    return c.json(presentMe(row, await permissionsOf(deps.db, caller.userId)), 200);
  },
);

profilesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'put',
    path: '/me/avatar',
    operationId: 'setAvatar',
    tags: TAGS,
    summary: 'Show a picture of yourself: the file is the body',
    description: 'It is decoded and stored anew as WebP, so that nothing else in the file is kept.',
    request: { body: pictureBody },
    responses: { 200: json(MeAnswer, 'You, with the picture'), ...problems(401, 409, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const row = await setAvatar(deps, caller, await uploadedPicture(c), clientOf(c));
    return c.json(presentMe(row, await permissionsOf(deps.db, caller.userId)), 200);
  },
);

profilesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'delete',
    path: '/me/avatar',
    operationId: 'removeAvatar',
    tags: TAGS,
    summary: 'Show no picture any more',
    responses: { 204: { description: 'It is gone' }, ...problems(401, 409) },
  }),
  async (c) => {
    await removeAvatar(c.get('deps'), callerIn(c), clientOf(c));
    return c.body(null, 204);
  },
);

profilesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/preferences',
    operationId: 'getPreferences',
    tags: TAGS,
    summary: 'Language, time zone, looks and privacy (GR-11)',
    responses: { 200: json(PreferencesAnswer, 'Your preferences'), ...problems(401) },
  }),
  async (c) => c.json(presentPreferences(await readPreferences(c.get('deps'), callerIn(c).userId)), 200),
);

profilesRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'put',
    path: '/me/preferences',
    operationId: 'setPreferences',
    tags: TAGS,
    summary: 'Set preferences; what is left out stays',
    request: { body: jsonBody(PreferencesBody) },
    responses: {
      200: json(PreferencesAnswer, 'Your preferences as they are now'),
      ...problems(400, 401, 409, 413, 415),
    },
  }),
  async (c) => {
    const own = await changePreferences(c.get('deps'), callerIn(c), c.req.valid('json'), clientOf(c));
    return c.json(presentPreferences(own), 200);
  },
);

profilesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/activity',
    operationId: 'listMyActivity',
    tags: TAGS,
    summary: 'What happened to your account, newest first (GR-11)',
    request: { query: PageQuery },
    responses: { 200: json(pageOf(ActivityAnswer), 'A page of activity'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const position = decodeCursor(cursor, z.tuple([z.number().int(), z.string()]));
    const rows = await activityOf(c.get('deps').db, callerIn(c).userId, position, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map((row) => ({
          id: row.id,
          action: ActivityAnswer.shape.action.parse(row.action),
          device: row.userAgent === null ? null : deviceName(row.userAgent),
          ip_address: row.address,
          session_id: row.sessionId,
          created_at: rfc3339(row.createdAt),
        })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

profilesRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/users/{id}',
    operationId: 'getUser',
    tags: TAGS,
    summary: 'The public profile of a user',
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: { 200: json(PublicProfile, 'What everybody may see'), ...problems(401, 404) },
  }),
  async (c) => c.json(presentProfile(await readProfile(c.get('deps'), c.req.valid('param').id)), 200),
);
