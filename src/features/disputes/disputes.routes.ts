import { createRoute } from '@hono/zod-openapi';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { pictureBody, pictureContent, uploadedPicture } from '../media/uploads.ts';
import { presentDispute, presentEntry } from './disputes.presenter.ts';
import {
  CaptionQuery,
  DisputeAnswer,
  DisputeId,
  DisputePage,
  EntryAnswer,
  EntryBody,
  EntryPage,
  MyDisputesQuery,
  PictureParams,
} from './disputes.schemas.ts';
import { addEntry, answerDispute, getDispute, listMyDisputes, listThread } from './disputes.usecases.ts';
import { addPicture, readPicture } from './evidence.usecases.ts';

const TAGS = ['Trust'];

export const disputesRoutes = createRoutes();

disputesRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/disputes',
    operationId: 'listMyDisputes',
    tags: TAGS,
    summary: 'Disputes about your orders, bought and sold, newest first',
    description: 'One is opened with `POST /orders/{order_id}/dispute`.',
    request: { query: MyDisputesQuery },
    responses: { 200: json(DisputePage, 'A page of disputes'), ...problems(401) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { role, ...page } = c.req.valid('query');
    const { disputes, nextCursor } = await listMyDisputes(deps, callerIn(c).userId, role, page);
    return c.json(
      { data: disputes.map((dispute) => presentDispute(dispute, deps.now())), next_cursor: nextCursor },
      200,
    );
  },
);

disputesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/disputes/{dispute_id}',
    operationId: 'getDispute',
    tags: TAGS,
    summary: 'A dispute, for its sides and for staff',
    request: { params: DisputeId },
    responses: { 200: json(DisputeAnswer, 'The dispute'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const dispute = await getDispute(deps, c.req.valid('param').dispute_id, callerIn(c));
    return c.json(presentDispute(dispute, deps.now()), 200);
  },
);

disputesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/disputes/{dispute_id}/entries',
    operationId: 'listDisputeEntries',
    tags: TAGS,
    summary: 'The evidence, oldest first',
    request: { params: DisputeId, query: PageQuery },
    responses: { 200: json(EntryPage, 'A page of the thread'), ...problems(401, 404) },
  }),
  async (c) => {
    const { entries, nextCursor } = await listThread(
      c.get('deps'),
      c.req.valid('param').dispute_id,
      callerIn(c),
      c.req.valid('query'),
    );
    return c.json({ data: entries.map(presentEntry), next_cursor: nextCursor }, 200);
  },
);

disputesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/disputes/{dispute_id}/entries',
    operationId: 'addDisputeEntry',
    tags: TAGS,
    summary: 'Say something in an open dispute',
    request: { params: DisputeId, body: jsonBody(EntryBody) },
    responses: { 201: json(EntryAnswer, 'What you said'), ...problems(400, 401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const entry = await addEntry(c.get('deps'), c.req.valid('param').dispute_id, callerIn(c), {
      body: c.req.valid('json').body,
      pictures: [],
    });
    return c.json(presentEntry(entry), 201);
  },
);

disputesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/disputes/{dispute_id}/images',
    operationId: 'addDisputePicture',
    tags: TAGS,
    summary: 'Add a picture as evidence: the file is the body',
    description: 'Only the sides of the dispute and staff can see it.',
    request: { params: DisputeId, query: CaptionQuery, body: pictureBody },
    responses: { 201: json(EntryAnswer, 'The picture in the thread'), ...problems(401, 404, 409, 413, 415) },
  }),
  async (c) => {
    const entry = await addPicture(
      c.get('deps'),
      c.req.valid('param').dispute_id,
      callerIn(c),
      await uploadedPicture(c),
      c.req.valid('query').caption,
    );
    return c.json(presentEntry(entry), 201);
  },
);

disputesRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/disputes/{dispute_id}/images/{hash}/{file}',
    operationId: 'getDisputePicture',
    tags: TAGS,
    summary: 'A picture of a dispute',
    request: { params: PictureParams },
    responses: {
      200: { description: 'The picture', content: pictureContent },
      ...problems(401, 404),
    },
  }),
  async (c) => {
    const { dispute_id, hash, file } = c.req.valid('param');
    return readPicture(
      c.get('deps'),
      dispute_id,
      { hash, width: Number.parseInt(file, 10) },
      callerIn(c),
      c.req.raw,
    );
  },
);

disputesRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/disputes/{dispute_id}/answer',
    operationId: 'answerDispute',
    tags: TAGS,
    summary: 'The side that was asked answers',
    request: { params: DisputeId, body: jsonBody(EntryBody) },
    responses: {
      200: json(DisputeAnswer, 'The dispute, in review again'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const dispute = await answerDispute(
      deps,
      c.req.valid('param').dispute_id,
      c.req.valid('json').body,
      callerIn(c),
    );
    return c.json(presentDispute(dispute, deps.now()), 200);
  },
);
