import { createRoute } from '@hono/zod-openapi';
import { HOUR_MS } from '../../domain/time.ts';
import { nextReportStatus, REPORT_ACTIONS } from '../../domain/trust/report.ts';
import { mutation, party, permitted, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { claimReport, decideReport } from './decide-report.ts';
import type { ReportRow } from './reports.repository.ts';
import {
  ClaimBody,
  DismissReport,
  HandledReport,
  InspectedReport,
  NewReport,
  OwnReport,
  OwnReportPage,
  QueueQuery,
  ReportId,
  ReportQueue,
  ResolveReport,
} from './reports.schemas.ts';
import {
  createReport,
  getOwnReport,
  inspectReport,
  listOwnReports,
  listReports,
} from './reports.usecases.ts';

const TAGS = ['Trust'];

const presentOwn = (row: ReportRow) => ({
  id: row.id,
  target_type: row.targetType,
  target_id: row.targetId,
  reason: row.reason,
  details: row.details,
  status: row.status,
  created_at: rfc3339(row.createdAt),
  updated_at: rfc3339(row.updatedAt),
  decided_at: row.decidedAt === null ? null : rfc3339(row.decidedAt),
});

const present = (row: ReportRow) => ({
  ...presentOwn(row),
  reporter_id: row.reporterId,
  owner_id: row.ownerId,
  conversation_id: row.conversationId,
  assignee_id: row.assigneeId,
  outcome: row.outcome,
  note: row.note,
  allowed_actions: REPORT_ACTIONS.filter((action) => nextReportStatus(row.status, action).ok),
  version: row.version,
});

export const reportsRoutes = createRoutes();

reportsRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/reports',
    operationId: 'createReport',
    tags: TAGS,
    summary: 'Report a listing, a user, a message or a review to the moderators, once',
    description:
      'A listing that more than 3 people have reported is hidden, a user whom more than 5 have reported is suspended, until a moderator has looked.',
    request: { body: jsonBody(NewReport) },
    responses: {
      201: json(OwnReport, 'The report'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { target_type, target_id, reason, details } = c.req.valid('json');
    const row = await createReport(
      c.get('deps'),
      { targetType: target_type, targetId: target_id, reason, details },
      callerIn(c),
      c.get('requestId'),
    );
    return c.json(presentOwn(row), 201, { Location: `/api/v1/reports/${row.id}` });
  },
);

reportsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/reports',
    operationId: 'listMyReports',
    tags: TAGS,
    summary: 'What you have reported, newest first',
    request: { query: PageQuery },
    responses: { 200: json(OwnReportPage, 'A page of reports'), ...problems(401) },
  }),
  async (c) => {
    const { reports, nextCursor } = await listOwnReports(
      c.get('deps'),
      callerIn(c).userId,
      c.req.valid('query'),
    );
    return c.json({ data: reports.map(presentOwn), next_cursor: nextCursor }, 200);
  },
);

reportsRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/reports/{report_id}',
    operationId: 'getMyReport',
    tags: TAGS,
    summary: 'One report of yours',
    request: { params: ReportId },
    responses: { 200: json(OwnReport, 'The report'), ...problems(401, 404) },
  }),
  async (c) =>
    c.json(presentOwn(await getOwnReport(c.get('deps'), c.req.valid('param').report_id, callerIn(c))), 200),
);

reportsRoutes.openapi(
  createRoute({
    ...permitted('reports.review'),
    method: 'get',
    path: '/admin/reports',
    operationId: 'listReports',
    tags: TAGS,
    summary: 'The queue of reports',
    request: { query: QueueQuery },
    responses: { 200: json(ReportQueue, 'A page of reports'), ...problems(401, 403) },
  }),
  async (c) => {
    const { status, target_type, target_id, assignee_id, ...page } = c.req.valid('query');
    const { reports, nextCursor } = await listReports(
      c.get('deps'),
      { status, targetType: target_type, targetId: target_id, assigneeId: assignee_id },
      page,
    );
    return c.json(
      {
        data: reports.map(({ row, openReports }) => ({ ...present(row), open_reports: openReports })),
        next_cursor: nextCursor,
      },
      200,
    );
  },
);

reportsRoutes.openapi(
  createRoute({
    ...permitted('reports.review'),
    method: 'get',
    path: '/admin/reports/{report_id}',
    operationId: 'inspectReport',
    tags: TAGS,
    summary: 'A report with what it is about',
    request: { params: ReportId },
    responses: { 200: json(InspectedReport, 'The report'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const { row, target } = await inspectReport(c.get('deps'), c.req.valid('param').report_id);
    return c.json({ ...present(row), target }, 200);
  },
);

reportsRoutes.openapi(
  createRoute({
    ...mutation(permitted('reports.review')),
    method: 'post',
    path: '/admin/reports/{report_id}/claim',
    operationId: 'claimReport',
    tags: TAGS,
    summary: 'Take a report on',
    request: { params: ReportId, body: jsonBody(ClaimBody) },
    responses: {
      200: json(HandledReport, 'The report, yours'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const row = await claimReport(
      c.get('deps'),
      c.req.valid('param').report_id,
      c.req.valid('json').take_over,
      auditedActor(c),
    );
    return c.json(present(row), 200);
  },
);

reportsRoutes.openapi(
  createRoute({
    ...mutation(permitted('reports.review')),
    method: 'post',
    path: '/admin/reports/{report_id}/resolve',
    operationId: 'resolveReport',
    tags: TAGS,
    summary: 'Find a report right, and act on it: every open report of the same target is decided with it',
    request: { params: ReportId, body: jsonBody(ResolveReport) },
    responses: {
      200: json(HandledReport, 'The report, resolved'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { outcome, note, severity, duration_hours } = c.req.valid('json');
    const row = await decideReport(
      c.get('deps'),
      c.req.valid('param').report_id,
      {
        action: 'resolve',
        outcome,
        note,
        severity,
        durationMs: duration_hours === undefined ? null : duration_hours * HOUR_MS,
      },
      auditedActor(c),
    );
    return c.json(present(row), 200);
  },
);

reportsRoutes.openapi(
  createRoute({
    ...mutation(permitted('reports.review')),
    method: 'post',
    path: '/admin/reports/{report_id}/dismiss',
    operationId: 'dismissReport',
    tags: TAGS,
    summary: 'Find a report wrong: what the house did because of it is taken back',
    request: { params: ReportId, body: jsonBody(DismissReport) },
    responses: {
      200: json(HandledReport, 'The report, dismissed'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const row = await decideReport(
      c.get('deps'),
      c.req.valid('param').report_id,
      {
        action: 'dismiss',
        outcome: null,
        note: c.req.valid('json').note,
        severity: 1,
        durationMs: null,
      },
      auditedActor(c),
    );
    return c.json(present(row), 200);
  },
);
