import { createRoute } from '@hono/zod-openapi';
import type { NamedToggle } from '../../domain/notifications/preferences.ts';
import { NAMED_TOGGLES } from '../../domain/notifications/preferences.ts';
import { mutation, open, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { problem } from '../../http/problem.ts';
import {
  DeviceBody,
  DeviceSchema,
  EndpointBody,
  NotificationId,
  PhoneBody,
  PhoneCodeBody,
  PhoneSchema,
  PreferencesBody,
  PreferencesSchema,
  PushSubscriptionBody,
  PushSubscriptionSchema,
  VapidKey,
} from './notifications.schemas.ts';
import { changePreferences, presentPreferences, readReader } from './preferences.usecases.ts';
import {
  addDevice,
  askForPhone,
  confirmPhone,
  type DeviceRow,
  forgetPhone,
  listDevices,
  readPhone,
  removeDevice,
  subscribe,
  unsubscribe,
} from './targets.usecases.ts';

const TAGS = ['Notifications'];
const presentDevice = ({ id, platform, token, createdAt }: DeviceRow) => ({
  id,
  platform,
  token_ending: token.slice(-4),
  created_at: rfc3339(createdAt),
});

export const preferencesRoutes = createRoutes();

preferencesRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/notifications/preferences',
    operationId: 'getNotificationPreferences',
    tags: TAGS,
    summary: 'What you want to hear of, by which way, and when not',
    ...signedIn,
    responses: { 200: json(PreferencesSchema, 'As they are'), ...problems(401) },
  }),
  async (c) => c.json(presentPreferences(await readReader(c.get('deps'), callerIn(c).userId)), 200),
);

preferencesRoutes.openapi(
  createRoute({
    method: 'put',
    path: '/notifications/preferences',
    operationId: 'setNotificationPreferences',
    tags: TAGS,
    summary: 'Change some of them; what is left out stays (SN-33)',
    ...mutation(signedIn),
    request: { body: jsonBody(PreferencesBody) },
    responses: { 200: json(PreferencesSchema, 'As they are now'), ...problems(400, 401, 409, 413, 415) },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const masters = {
      ...(body.email_enabled === undefined ? {} : { email: body.email_enabled }),
      ...(body.push_enabled === undefined ? {} : { push: body.push_enabled }),
      ...(body.inapp_enabled === undefined ? {} : { in_app: body.inapp_enabled }),
      ...(body.sms_enabled === undefined ? {} : { sms: body.sms_enabled }),
    };
    const named = Object.fromEntries(
      (Object.keys(NAMED_TOGGLES) as NamedToggle[]).map((name) => [name, body[name]]),
    );
    const reader = await changePreferences(c.get('deps'), callerIn(c).userId, {
      masters,
      named,
      toggles: body.toggles ?? {},
      quietHours: body.quiet_hours,
    });
    return c.json(presentPreferences(reader), 200);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/push/vapid-key',
    operationId: 'getVapidKey',
    tags: TAGS,
    summary: 'The key with which a browser subscribes to pushes (RFC 8292)',
    ...open,
    responses: { 200: json(VapidKey, 'The key'), ...problems(503) },
  }),
  (c) => {
    const { publicKey } = c.get('deps').push;
    if (publicKey === null) throw problem('unavailable', 'Pushes are not configured here.');
    return c.json({ public_key: publicKey }, 200);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'post',
    path: '/push/subscriptions',
    operationId: 'subscribeToPushes',
    tags: TAGS,
    summary: 'Have pushes sent to this browser',
    ...mutation(signedIn),
    request: { body: jsonBody(PushSubscriptionBody) },
    responses: {
      201: json(PushSubscriptionSchema, 'Subscribed'),
      ...problems(400, 401, 409, 413, 415, 503),
    },
  }),
  async (c) => {
    const { endpoint, keys } = c.req.valid('json');
    const row = await subscribe(c.get('deps'), callerIn(c).userId, {
      endpoint,
      p256dh: keys.p256dh,
      auth: keys.auth,
      userAgent: c.req.header('User-Agent') ?? '',
    });
    return c.json(
      { id: row.id, endpoint: row.endpoint, user_agent: row.userAgent, created_at: rfc3339(row.createdAt) },
      201,
    );
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'delete',
    path: '/push/subscriptions',
    operationId: 'unsubscribeFromPushes',
    tags: TAGS,
    summary: 'No more pushes to this browser',
    ...mutation(signedIn),
    request: { body: jsonBody(EndpointBody) },
    responses: { 204: { description: 'Unsubscribed' }, ...problems(400, 401, 409, 413, 415) },
  }),
  async (c) => {
    await unsubscribe(c.get('deps'), callerIn(c).userId, c.req.valid('json').endpoint);
    return c.body(null, 204);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/devices',
    operationId: 'listDevices',
    tags: TAGS,
    summary: 'Apps of yours that take pushes (GR-12)',
    ...signedIn,
    responses: { 200: json(pageOf(DeviceSchema), 'All of them'), ...problems(401) },
  }),
  async (c) => {
    const rows = await listDevices(c.get('deps'), callerIn(c).userId);
    return c.json({ data: rows.map(presentDevice), next_cursor: null }, 200);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'post',
    path: '/devices',
    operationId: 'addDevice',
    tags: TAGS,
    summary: 'Have pushes sent to an app, by the token of its platform',
    ...mutation(signedIn),
    request: { body: jsonBody(DeviceBody) },
    responses: { 201: json(DeviceSchema, 'The device'), ...problems(400, 401, 409, 413, 415) },
  }),
  async (c) =>
    c.json(presentDevice(await addDevice(c.get('deps'), callerIn(c).userId, c.req.valid('json'))), 201),
);

preferencesRoutes.openapi(
  createRoute({
    method: 'delete',
    path: '/devices/{id}',
    operationId: 'removeDevice',
    tags: TAGS,
    summary: 'No more pushes to this app',
    ...mutation(party),
    request: { params: NotificationId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404, 409) },
  }),
  async (c) => {
    await removeDevice(c.get('deps'), callerIn(c).userId, c.req.valid('param').id);
    return c.body(null, 204);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'get',
    path: '/notifications/phone',
    operationId: 'getNotificationPhone',
    tags: TAGS,
    summary: 'Where texts to you go',
    ...signedIn,
    responses: { 200: json(PhoneSchema, 'The number'), ...problems(401) },
  }),
  async (c) => {
    const { phone, isVerified } = await readPhone(c.get('deps'), callerIn(c).userId);
    return c.json({ phone, verified: isVerified }, 200);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'put',
    path: '/notifications/phone',
    operationId: 'setNotificationPhone',
    tags: TAGS,
    summary: 'Name a number; a code is sent to it',
    ...mutation(signedIn),
    request: { body: jsonBody(PhoneBody) },
    responses: {
      202: json(PhoneSchema, 'The code is on its way'),
      ...problems(400, 401, 409, 413, 415, 503),
    },
  }),
  async (c) => {
    const { phone } = c.req.valid('json');
    await askForPhone(c.get('deps'), callerIn(c).userId, phone);
    return c.json({ phone, verified: false }, 202);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'post',
    path: '/notifications/phone/confirm',
    operationId: 'confirmNotificationPhone',
    tags: TAGS,
    summary: 'Confirm the number with its code',
    ...mutation(signedIn),
    request: { body: jsonBody(PhoneCodeBody) },
    responses: { 200: json(PhoneSchema, 'The number'), ...problems(400, 401, 409, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { userId } = callerIn(c);
    await confirmPhone(deps, userId, c.req.valid('json').code);
    const { phone, isVerified } = await readPhone(deps, userId);
    return c.json({ phone, verified: isVerified }, 200);
  },
);

preferencesRoutes.openapi(
  createRoute({
    method: 'delete',
    path: '/notifications/phone',
    operationId: 'forgetNotificationPhone',
    tags: TAGS,
    summary: 'No more texts',
    ...mutation(signedIn),
    responses: { 204: { description: 'The number is forgotten' }, ...problems(401, 409) },
  }),
  async (c) => {
    await forgetPhone(c.get('deps'), callerIn(c).userId);
    return c.body(null, 204);
  },
);
