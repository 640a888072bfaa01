import { createRoute, z } from '@hono/zod-openapi';
import { mutation, party, permitted, signed, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { clientOf } from '../accounts/device.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { presentDocument, presentOwn, presentQueued, presentReviewed } from './kyc.presenter.ts';
import {
  ApproveBody,
  DocumentAnswer,
  DocumentQuery,
  LinkQuery,
  QueuedVerification,
  QueueQuery,
  RejectBody,
  ReviewedVerification,
  SubmitBody,
  VerificationAnswer,
  VerificationId,
} from './kyc.schemas.ts';
import {
  decideVerification,
  inspectVerification,
  listVerifications,
  readOwn,
  submitVerification,
} from './kyc.usecases.ts';
import { openDocument, removeDocument, uploadDocument } from './kyc-documents.usecases.ts';

const TAGS = ['Users'];
const Binary = z.string().meta({ format: 'binary' });
const documentBody = {
  content: Object.fromEntries(
    ['application/pdf', 'image/png', 'image/jpeg', 'image/webp'].map((type) => [type, { schema: Binary }]),
  ),
  required: true,
} as const;

export const kycRoutes = createRoutes();

kycRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/verification',
    operationId: 'getMyVerification',
    tags: TAGS,
    summary: 'Where your verification as a seller stands (SW-06, SL-41)',
    responses: { 200: json(VerificationAnswer, 'The state'), ...problems(401) },
  }),
  async (c) => {
    const [deps, { userId }] = [c.get('deps'), callerIn(c)];
    return c.json(await presentOwn(deps, await readOwn(deps, userId), userId), 200);
  },
);

kycRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'post',
    path: '/me/verification/documents',
    operationId: 'uploadVerificationDocument',
    tags: TAGS,
    summary: 'Add a document: the file is the body',
    description:
      'A PDF, PNG, JPEG or WebP by its bytes. It is encrypted before it is stored, and forgotten after a week when it is not handed in.',
    request: { query: DocumentQuery, body: documentBody },
    responses: { 201: json(DocumentAnswer, 'The document'), ...problems(401, 409, 413) },
  }),
  async (c) => {
    const [deps, { userId }] = [c.get('deps'), callerIn(c)];
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const row = await uploadDocument(deps, userId, c.req.valid('query').kind, bytes);
    return c.json(await presentDocument(deps, row, userId), 201);
  },
);

kycRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'delete',
    path: '/me/verification/documents/{id}',
    operationId: 'removeVerificationDocument',
    tags: TAGS,
    summary: 'Take away a document that is not handed in yet',
    request: { params: VerificationId },
    responses: { 204: { description: 'It is gone' }, ...problems(401, 404, 409) },
  }),
  async (c) => {
    await removeDocument(c.get('deps'), callerIn(c).userId, c.req.valid('param').id);
    return c.body(null, 204);
  },
);

kycRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/me/verification',
    operationId: 'submitVerification',
    tags: TAGS,
    summary: 'Hand in the documents: pending until somebody has looked at them',
    request: { body: jsonBody(SubmitBody) },
    responses: {
      201: json(VerificationAnswer, 'It is being looked at'),
      ...problems(400, 401, 409, 412, 413, 415),
    },
  }),
  async (c) => {
    const [deps, caller] = [c.get('deps'), callerIn(c)];
    const { legal_name: legalName, birth_date: birthDate, country } = c.req.valid('json');
    const own = await submitVerification(deps, caller, { legalName, birthDate, country }, clientOf(c));
    return c.json(await presentOwn(deps, own, caller.userId), 201);
  },
);

kycRoutes.openapi(
  createRoute({
    ...signed,
    method: 'get',
    path: '/verification-documents/{id}',
    operationId: 'getVerificationDocument',
    tags: TAGS,
    summary: 'A document, at the signed address that its owner or a reviewer was given',
    request: { params: VerificationId, query: LinkQuery },
    responses: {
      200: { description: 'The document', content: { 'application/octet-stream': { schema: Binary } } },
      ...problems(400, 404),
    },
  }),
  async (c) => {
    const { id } = c.req.valid('param');
    const { bytes, row } = await openDocument(c.get('deps'), id, c.req.valid('query'));
    return c.body(bytes, 200, {
      'Content-Type': row.contentType,
      'Content-Disposition': `attachment; filename="${row.id}"`,
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Cache-Control': 'private, no-store',
    });
  },
);

kycRoutes.openapi(
  createRoute({
    ...permitted('kyc.review'),
    method: 'get',
    path: '/admin/verifications',
    operationId: 'listKycVerifications',
    tags: TAGS,
    summary: 'Requests to be verified, the longest waiting first (C.10)',
    request: { query: QueueQuery },
    responses: { 200: json(pageOf(QueuedVerification), 'A page of requests'), ...problems(401, 403) },
  }),
  async (c) => {
    const { limit, cursor, status } = c.req.valid('query');
    const position = decodeCursor(cursor, z.tuple([z.number().int(), z.string()]));
    const rows = await listVerifications(c.get('deps'), status, position, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map((row) => presentQueued(row, callerIn(c).userId)),
        next_cursor: rows.length > limit && last ? encodeCursor([last.submittedAt, last.id]) : null,
      },
      200,
    );
  },
);

kycRoutes.openapi(
  createRoute({
    ...permitted('kyc.review'),
    method: 'get',
    path: '/admin/verifications/{id}',
    operationId: 'getKycVerification',
    tags: TAGS,
    summary: 'A request with its documents; that you looked is written down',
    request: { params: VerificationId },
    responses: { 200: json(ReviewedVerification, 'The request'), ...problems(401, 403, 404) },
  }),
  async (c) => {
    const [deps, actor] = [c.get('deps'), auditedActor(c)];
    const verification = await inspectVerification(deps, actor, c.req.valid('param').id);
    return c.json(await presentReviewed(deps, verification, actor.actorId), 200);
  },
);

kycRoutes.openapi(
  createRoute({
    ...mutation(permitted('kyc.review')),
    method: 'post',
    path: '/admin/verifications/{id}/approve',
    operationId: 'approveVerification',
    tags: TAGS,
    summary: 'Approve: the user becomes a verified seller',
    request: { params: VerificationId, body: jsonBody(ApproveBody) },
    responses: {
      200: json(ReviewedVerification, 'The request, decided'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const [deps, actor] = [c.get('deps'), auditedActor(c)];
    const decision = { status: 'approved' as const, reason: c.req.valid('json').note ?? null };
    const decided = await decideVerification(deps, actor, c.req.valid('param').id, decision);
    return c.json(await presentReviewed(deps, decided, actor.actorId), 200);
  },
);

kycRoutes.openapi(
  createRoute({
    ...mutation(permitted('kyc.review')),
    method: 'post',
    path: '/admin/verifications/{id}/reject',
    operationId: 'rejectVerification',
    tags: TAGS,
    summary: 'Reject, saying why; the user may hand in again',
    request: { params: VerificationId, body: jsonBody(RejectBody) },
    responses: {
      200: json(ReviewedVerification, 'The request, decided'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const [deps, actor] = [c.get('deps'), auditedActor(c)];
    const decision = { status: 'rejected' as const, reason: c.req.valid('json').reason };
    const decided = await decideVerification(deps, actor, c.req.valid('param').id, decision);
    return c.json(await presentReviewed(deps, decided, actor.actorId), 200);
  },
);
