import { createRoute, z } from '@hono/zod-openapi';
import { ANNOUNCEMENT_STATUSES } from '../../db/notifications-schema.ts';
import {
  CATEGORIES,
  CHANNELS,
  DELIVERY_STATUSES,
  LANGUAGES,
  NOTICE_TYPE_NAMES,
} from '../../domain/notifications/notice.ts';
import { TEMPLATE_CHANNELS, TEMPLATE_NAMES } from '../../domain/notifications/templates/template.ts';
import { mutation, permitted } from '../../http/access.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import {
  type AnnouncementRow,
  announce,
  cancelAnnouncement,
  findAnnouncement,
  listAnnouncements,
} from './announcements.usecases.ts';
import { type ListedDelivery, listDeliveries, retryDelivery } from './oversight.usecases.ts';
import {
  type ListedTemplate,
  listTemplates,
  preview,
  readTemplate,
  retireTemplate,
  writeTemplate,
} from './templates.usecases.ts';

const TAGS = ['Administration'];
const MANAGE = permitted('notifications.manage');
const Line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'One line, without control characters');

const TemplateKey = z.object({
  name: z.enum(TEMPLATE_NAMES),
  channel: z.enum(TEMPLATE_CHANNELS),
  language: z.enum(LANGUAGES),
});
const TemplateSchema = z
  .object({
    name: z.string(),
    channel: z.enum(TEMPLATE_CHANNELS),
    language: z.enum(LANGUAGES),
    version: z.int().meta({ description: '1 is built in' }),
    subject: z.string(),
    body: z.string(),
    action: z.string().nullable(),
    variables: z.array(z.string()),
    is_active: z.boolean(),
    created_by: z.string().nullable(),
    created_at: Timestamp.nullable(),
  })
  .meta({ id: 'NotificationTemplate' });
const TemplateBody = z
  .strictObject({
    subject: Line(200),
    body: z
      .string()
      .trim()
      .min(1)
      .max(5_000)
      .meta({ description: 'Plain text; an empty line ends a paragraph' }),
    action: Line(60).nullable().optional(),
  })
  .meta({ id: 'WriteNotificationTemplate' });
const PreviewBody = TemplateBody.extend({
  variables: z.record(z.string().max(40), z.union([z.string().max(500), z.number()])).default({}),
}).meta({ id: 'PreviewNotificationTemplate' });
const Preview = z
  .object({ subject: z.string(), text: z.string(), html: z.string().nullable() })
  .meta({ id: 'NotificationTemplatePreview' });

const presentTemplate = ({ template, variables, isActive, createdBy, createdAt }: ListedTemplate) => ({
  ...template,
  variables,
  is_active: isActive,
  created_by: createdBy,
  created_at: createdAt === null ? null : rfc3339(createdAt),
});

export const notificationsAdminRoutes = createRoutes();

notificationsAdminRoutes.openapi(
  createRoute({
    ...MANAGE,
    method: 'get',
    path: '/admin/notifications/templates',
    operationId: 'listNotificationTemplates',
    tags: TAGS,
    summary: 'The words in force, of every template, channel and language (GR-12)',
    request: {
      query: z.object({
        name: z.enum(TEMPLATE_NAMES).optional(),
        channel: z.enum(TEMPLATE_CHANNELS).optional(),
        language: z.enum(LANGUAGES).optional(),
      }),
    },
    responses: { 200: json(pageOf(TemplateSchema), 'All of them, on one page'), ...problems(401, 403) },
  }),
  async (c) => {
    const listed = await listTemplates(c.get('deps'), c.req.valid('query'));
    return c.json({ data: listed.map(presentTemplate), next_cursor: null }, 200);
  },
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...MANAGE,
    method: 'get',
    path: '/admin/notifications/templates/{name}/{channel}/{language}',
    operationId: 'getNotificationTemplate',
    tags: TAGS,
    summary: 'Every version of a template, newest first',
    request: { params: TemplateKey },
    responses: { 200: json(pageOf(TemplateSchema), 'Its versions'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const versions = await readTemplate(c.get('deps'), c.req.valid('param'));
    return c.json({ data: versions.map(presentTemplate), next_cursor: null }, 200);
  },
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...mutation(MANAGE),
    method: 'post',
    path: '/admin/notifications/templates/{name}/{channel}/{language}',
    operationId: 'writeNotificationTemplate',
    tags: TAGS,
    summary: 'Write the next version; it is in force at once',
    request: { params: TemplateKey, body: jsonBody(TemplateBody) },
    responses: { 201: json(TemplateSchema, 'The version'), ...problems(400, 401, 403, 404, 409, 413, 415) },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const written = await writeTemplate(
      c.get('deps'),
      c.req.valid('param'),
      { ...body, action: body.action ?? null },
      auditedActor(c),
    );
    return c.json(presentTemplate(written), 201);
  },
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...mutation(MANAGE),
    method: 'delete',
    path: '/admin/notifications/templates/{name}/{channel}/{language}/{version}',
    operationId: 'retireNotificationTemplate',
    tags: TAGS,
    summary: 'Retire a version; the one before it is in force again, in the end the built-in one',
    request: { params: TemplateKey.extend({ version: z.coerce.number().int().min(2).max(1_000_000) }) },
    responses: { 204: { description: 'It is retired' }, ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const { version, ...key } = c.req.valid('param');
    await retireTemplate(c.get('deps'), key, version, auditedActor(c));
    return c.body(null, 204);
  },
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...MANAGE,
    method: 'post',
    path: '/admin/notifications/templates/{name}/{channel}/{language}/preview',
    operationId: 'previewNotificationTemplate',
    tags: TAGS,
    summary: 'What words would look like, with sample variables where none are given; nothing is stored',
    request: { params: TemplateKey, body: jsonBody(PreviewBody) },
    responses: { 200: json(Preview, 'As its reader would see it'), ...problems(400, 401, 403, 413, 415) },
  }),
  (c) => {
    const { variables, ...body } = c.req.valid('json');
    return c.json(preview(c.req.valid('param'), { ...body, action: body.action ?? null }, variables), 200);
  },
);

const DeliverySchema = z
  .object({
    id: z.string(),
    notification_id: z.string(),
    user_id: z.string(),
    event_id: z.string(),
    type: z.enum(NOTICE_TYPE_NAMES),
    channel: z.enum(CHANNELS),
    status: z.enum(DELIVERY_STATUSES),
    attempts: z.int(),
    error: z.string().nullable(),
    reference: z.string().nullable(),
    template_version: z.int().nullable(),
    due_at: Timestamp,
    sent_at: Timestamp.nullable(),
    created_at: Timestamp,
    allowed_actions: z.array(z.literal('retry')),
  })
  .meta({ id: 'NotificationDelivery' });

const presentDelivery = (row: ListedDelivery) => ({
  id: row.id,
  notification_id: row.notificationId,
  user_id: row.userId,
  event_id: row.eventId,
  type: row.type,
  channel: row.channel,
  status: row.status,
  attempts: row.attempts,
  error: row.error,
  reference: row.reference,
  template_version: row.templateVersion,
  due_at: rfc3339(row.dueAt),
  sent_at: row.sentAt === null ? null : rfc3339(row.sentAt),
  created_at: rfc3339(row.createdAt),
  allowed_actions: row.status === 'failed' ? (['retry'] as 'retry'[]) : [],
});

notificationsAdminRoutes.openapi(
  createRoute({
    ...MANAGE,
    method: 'get',
    path: '/admin/notifications/deliveries',
    operationId: 'listNotificationDeliveries',
    tags: TAGS,
    summary: 'What went out by which way and what became of it, newest first (GR-12)',
    request: {
      query: PageQuery.extend({
        status: z.enum(DELIVERY_STATUSES).optional(),
        channel: z.enum(CHANNELS).optional(),
        user_id: z.string().max(64).optional(),
      }),
    },
    responses: { 200: json(pageOf(DeliverySchema), 'A page'), ...problems(401, 403) },
  }),
  async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const after = decodeCursor(cursor, z.tuple([z.number().int(), z.string()]));
    const rows = await listDeliveries(c.get('deps'), filter, after, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(presentDelivery),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...mutation(MANAGE),
    method: 'post',
    path: '/admin/notifications/deliveries/{id}/retry',
    operationId: 'retryNotificationDelivery',
    tags: TAGS,
    summary: 'Send one that failed once more',
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: { 202: json(DeliverySchema, 'It is on its way'), ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const row = await retryDelivery(c.get('deps'), c.req.valid('param').id, auditedActor(c));
    return c.json(presentDelivery(row), 202);
  },
);

const AnnouncementSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    body: z.string(),
    link: z.string().nullable(),
    category: z.enum(CATEGORIES),
    status: z.enum(ANNOUNCEMENT_STATUSES),
    told: z.int().meta({ description: 'Users told so far' }),
    created_by: z.string(),
    created_at: Timestamp,
    finished_at: Timestamp.nullable(),
    allowed_actions: z.array(z.literal('cancel')),
  })
  .meta({ id: 'Announcement' });
const AnnouncementBody = z
  .strictObject({
    title: Line(120),
    body: z.string().trim().min(1).max(1_000),
    link: z
      .string()
      .max(300)
      .regex(/^\/(?![/\\])[^\s\\]*$/, 'A path of this site')
      .nullable()
      .optional(),
    category: z
      .enum(['account', 'marketing'])
      .default('account')
      .meta({ description: 'What is marketing reaches only those who want it' }),
  })
  .meta({ id: 'MakeAnnouncement' });

const presentAnnouncement = (row: AnnouncementRow) => ({
  id: row.id,
  title: row.title,
  body: row.body,
  link: row.link,
  category: row.category,
  status: row.status,
  told: row.told,
  created_by: row.createdBy,
  created_at: rfc3339(row.createdAt),
  finished_at: row.finishedAt === null ? null : rfc3339(row.finishedAt),
  allowed_actions: row.status === 'sending' ? (['cancel'] as 'cancel'[]) : [],
});

notificationsAdminRoutes.openapi(
  createRoute({
    ...mutation(MANAGE),
    method: 'post',
    path: '/admin/notifications/announcements',
    operationId: 'makeAnnouncement',
    tags: TAGS,
    summary: 'Tell every user something; it goes out page by page',
    request: { body: jsonBody(AnnouncementBody) },
    responses: {
      202: json(AnnouncementSchema, 'It is going out'),
      ...problems(400, 401, 403, 409, 413, 415),
    },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const row = await announce(c.get('deps'), { ...body, link: body.link ?? null }, auditedActor(c));
    return c.json(presentAnnouncement(row), 202);
  },
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...MANAGE,
    method: 'get',
    path: '/admin/notifications/announcements',
    operationId: 'listAnnouncements',
    tags: TAGS,
    summary: 'Announcements, newest first',
    request: { query: PageQuery },
    responses: { 200: json(pageOf(AnnouncementSchema), 'A page'), ...problems(401, 403) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = decodeCursor(cursor, z.tuple([z.number().int(), z.string()]));
    const rows = await listAnnouncements(c.get('deps'), after, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map(presentAnnouncement),
        next_cursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null,
      },
      200,
    );
  },
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...MANAGE,
    method: 'get',
    path: '/admin/notifications/announcements/{id}',
    operationId: 'getAnnouncement',
    tags: TAGS,
    summary: 'How far an announcement has come',
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: { 200: json(AnnouncementSchema, 'The announcement'), ...problems(401, 403, 404) },
  }),
  async (c) =>
    c.json(presentAnnouncement(await findAnnouncement(c.get('deps'), c.req.valid('param').id)), 200),
);

notificationsAdminRoutes.openapi(
  createRoute({
    ...mutation(MANAGE),
    method: 'post',
    path: '/admin/notifications/announcements/{id}/cancel',
    operationId: 'cancelAnnouncement',
    tags: TAGS,
    summary: 'Stop one that is still going out',
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: { 200: json(AnnouncementSchema, 'As it is now'), ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const row = await cancelAnnouncement(c.get('deps'), c.req.valid('param').id, auditedActor(c));
    return c.json(presentAnnouncement(row), 200);
  },
);
