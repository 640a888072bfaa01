import { createRoute } from '@hono/zod-openapi';
import { mutation, permitted } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { presentDispute } from './disputes.presenter.ts';
import {
  AssignBody,
  DisputeAnswer,
  DisputeId,
  DisputePage,
  DisputeQueueQuery,
  NoteBody,
  ResolutionBody,
} from './disputes.schemas.ts';
import {
  askBuyer,
  askSeller,
  assignDispute,
  closeDispute,
  listDisputes,
  resolveDispute,
} from './disputes.usecases.ts';

const TAGS = ['Trust'];
const ANSWERS = {
  200: json(DisputeAnswer, 'The dispute as it is now'),
  ...problems(400, 401, 403, 404, 409, 413, 415),
};

export const disputesAdminRoutes = createRoutes();

disputesAdminRoutes.openapi(
  createRoute({
    ...permitted('disputes.manage'),
    method: 'get',
    path: '/admin/disputes',
    operationId: 'listDisputes',
    tags: TAGS,
    summary: 'The queue of disputes, most urgent first',
    request: { query: DisputeQueueQuery },
    responses: { 200: json(DisputePage, 'A page of disputes'), ...problems(401, 403) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { status, priority, assignee_id, ...page } = c.req.valid('query');
    const { disputes, nextCursor } = await listDisputes(
      deps,
      { status, priority, assigneeId: assignee_id },
      page,
    );
    return c.json(
      { data: disputes.map((dispute) => presentDispute(dispute, deps.now())), next_cursor: nextCursor },
      200,
    );
  },
);

disputesAdminRoutes.openapi(
  createRoute({
    ...mutation(permitted('disputes.manage')),
    method: 'post',
    path: '/admin/disputes/{dispute_id}/assign',
    operationId: 'assignDispute',
    tags: TAGS,
    summary: 'Take a dispute on',
    request: { params: DisputeId, body: jsonBody(AssignBody) },
    responses: ANSWERS,
  }),
  async (c) => {
    const deps = c.get('deps');
    const dispute = await assignDispute(
      deps,
      c.req.valid('param').dispute_id,
      c.req.valid('json').take_over,
      callerIn(c),
      auditedActor(c),
    );
    return c.json(presentDispute(dispute, deps.now()), 200);
  },
);

disputesAdminRoutes.openapi(
  createRoute({
    ...mutation(permitted('disputes.manage')),
    method: 'post',
    path: '/admin/disputes/{dispute_id}/ask-seller',
    operationId: 'askDisputeSeller',
    tags: TAGS,
    summary: 'Ask the seller, who has 3 days: silence is a refund',
    request: { params: DisputeId, body: jsonBody(NoteBody) },
    responses: ANSWERS,
  }),
  async (c) => {
    const deps = c.get('deps');
    const dispute = await askSeller(
      deps,
      c.req.valid('param').dispute_id,
      c.req.valid('json').note,
      callerIn(c),
      auditedActor(c),
    );
    return c.json(presentDispute(dispute, deps.now()), 200);
  },
);

for (const [verb, action, operationId, summary] of [
  ['ask-buyer', 'ask_buyer', 'askDisputeBuyer', 'Ask the buyer something'],
  ['return-first', 'return_first', 'askForReturn', 'The buyer sends the goods back; then staff decide again'],
] as const) {
  const path: string = `/admin/disputes/{dispute_id}/${verb}`;
  disputesAdminRoutes.openapi(
    createRoute({
      ...mutation(permitted('disputes.manage')),
      method: 'post',
      path,
      operationId,
      tags: TAGS,
      summary,
      request: { params: DisputeId, body: jsonBody(NoteBody) },
      responses: ANSWERS,
    }),
    async (c) => {
      const deps = c.get('deps');
      const dispute = await askBuyer(
        deps,
        c.req.valid('param').dispute_id,
        action,
        c.req.valid('json').note,
        callerIn(c),
        auditedActor(c),
      );
      return c.json(presentDispute(dispute, deps.now()), 200);
    },
  );
}

disputesAdminRoutes.openapi(
  createRoute({
    ...mutation(permitted('disputes.manage')),
    method: 'post',
    path: '/admin/disputes/{dispute_id}/resolve',
    operationId: 'resolveDispute',
    tags: TAGS,
    summary: 'Decide a dispute: the money follows at once',
    request: { params: DisputeId, body: jsonBody(ResolutionBody) },
    responses: ANSWERS,
  }),
  async (c) => {
    const deps = c.get('deps');
    const { outcome, refund_cents, note } = c.req.valid('json');
    const dispute = await resolveDispute(
      deps,
      c.req.valid('param').dispute_id,
      { outcome, refundCents: refund_cents ?? null, note },
      callerIn(c),
      auditedActor(c),
    );
    return c.json(presentDispute(dispute, deps.now()), 200);
  },
);

disputesAdminRoutes.openapi(
  createRoute({
    ...mutation(permitted('disputes.manage')),
    method: 'post',
    path: '/admin/disputes/{dispute_id}/close',
    operationId: 'closeDispute',
    tags: TAGS,
    summary: 'Close a resolved dispute',
    request: { params: DisputeId },
    responses: ANSWERS,
  }),
  async (c) => {
    const deps = c.get('deps');
    const dispute = await closeDispute(deps, c.req.valid('param').dispute_id, callerIn(c), auditedActor(c));
    return c.json(presentDispute(dispute, deps.now()), 200);
  },
);
