import { createRoute } from '@hono/zod-openapi';
import { anyone, mutation, party, permitted, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { visibleProduct } from '../catalog/products.usecases.ts';
import { productRating, reputationOf } from './reputation.usecases.ts';
import {
  ModerationReason,
  MyReviewsQuery,
  NewReview,
  RatedReviewPage,
  ReplyBody,
  ReviewAnswer,
  ReviewChanges,
  ReviewedOrder,
  ReviewedProduct,
  ReviewedUser,
  ReviewId,
  ReviewPage,
  ReviewsQuery,
  UserReviewPage,
} from './reviews.schemas.ts';
import {
  assertUser,
  editReview,
  getReview,
  hideReview,
  pageOfReviews,
  type ReviewOfViewer,
  replyToReview,
  reviewsOf,
  voteHelpful,
  writeReview,
} from './reviews.usecases.ts';

const TAGS = ['Reviews'];

function present({ row, authorName, helpful, mine, isVisible, allowedActions }: ReviewOfViewer) {
  return {
    id: row.id,
    order_id: row.orderId,
    author: { id: row.authorId, display_name: authorName, role: row.authorRole },
    subject_id: row.subjectId,
    product_id: row.productId,
    rating: row.rating,
    comment: row.comment,
    reply: row.reply,
    replied_at: row.repliedAt === null ? null : rfc3339(row.repliedAt),
    is_visible: isVisible,
    is_hidden: row.hiddenAt !== null,
    visible_at: rfc3339(row.visibleAt),
    helpful_count: helpful,
    is_helpful_to_me: mine,
    allowed_actions: allowedActions,
    version: row.version,
    created_at: rfc3339(row.createdAt),
    updated_at: rfc3339(row.updatedAt),
  };
}

export const reviewsRoutes = createRoutes();

reviewsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/orders/{order_id}/reviews',
    operationId: 'writeReview',
    tags: TAGS,
    summary: 'Review the other side of a completed order, once',
    description:
      'Nobody else sees it before the other side has written theirs, or 7 days have passed; until then you may edit it.',
    request: { params: ReviewedOrder, body: jsonBody(NewReview) },
    responses: {
      201: json(ReviewAnswer, 'Your review'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const { rating, comment, product_id } = c.req.valid('json');
    const review = await writeReview(
      c.get('deps'),
      c.req.valid('param').order_id,
      { rating, comment, productId: product_id },
      callerIn(c),
    );
    return c.json(present(review), 201, { Location: `/api/v1/reviews/${review.row.id}` });
  },
);

reviewsRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/orders/{order_id}/reviews',
    operationId: 'listOrderReviews',
    tags: TAGS,
    summary: 'The reviews of an order: your own, and the other one once it is visible',
    request: { params: ReviewedOrder },
    responses: { 200: json(ReviewPage, 'At most two'), ...problems(401, 404) },
  }),
  async (c) => {
    const reviews = await reviewsOf(c.get('deps'), c.req.valid('param').order_id, callerIn(c));
    return c.json({ data: reviews.map(present), next_cursor: null }, 200);
  },
);

reviewsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/users/{user_id}/reviews',
    operationId: 'listUserReviews',
    tags: TAGS,
    summary: 'What others say of a user, newest first, with what it adds up to',
    request: { params: ReviewedUser, query: ReviewsQuery },
    responses: { 200: json(UserReviewPage, 'A page of reviews'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { user_id: subjectId } = c.req.valid('param');
    const { role, rating, ...page } = c.req.valid('query');
    await assertUser(deps, subjectId);
    const viewerId = c.get('caller')?.userId ?? null;
    const [{ reviews, nextCursor }, reputations] = await Promise.all([
      pageOfReviews(deps, { subjectId }, { role, rating }, page, viewerId),
      reputationOf(deps, [subjectId]),
    ]);
    const { rating: summary, reliability } = reputations.get(subjectId)!;
    return c.json(
      {
        data: reviews.map(present),
        next_cursor: nextCursor,
        summary,
        reliability: { marks: reliability.marks, by_kind: reliability.byKind },
      },
      200,
    );
  },
);

reviewsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/products/{product_id}/reviews',
    operationId: 'listProductReviews',
    tags: TAGS,
    summary: 'What buyers of a catalogue product say, newest first, with what it adds up to',
    request: { params: ReviewedProduct, query: ReviewsQuery },
    responses: { 200: json(RatedReviewPage, 'A page of reviews'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { product_id: productId } = c.req.valid('param');
    const { role, rating, ...page } = c.req.valid('query');
    await visibleProduct(deps, productId, c.get('caller'));
    const viewerId = c.get('caller')?.userId ?? null;
    const [{ reviews, nextCursor }, summary] = await Promise.all([
      pageOfReviews(deps, { productId }, { role, rating }, page, viewerId),
      productRating(deps, productId),
    ]);
    return c.json({ data: reviews.map(present), next_cursor: nextCursor, summary }, 200);
  },
);

reviewsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/reviews',
    operationId: 'listMyReviews',
    tags: TAGS,
    summary: 'Reviews that you wrote, seen by others or not, or that you received',
    request: { query: MyReviewsQuery },
    responses: { 200: json(ReviewPage, 'A page of reviews'), ...problems(401) },
  }),
  async (c) => {
    const { direction, role, rating, ...page } = c.req.valid('query');
    const { userId } = callerIn(c);
    const of = direction === 'given' ? { authorId: userId } : { subjectId: userId };
    const { reviews, nextCursor } = await pageOfReviews(c.get('deps'), of, { role, rating }, page, userId);
    return c.json({ data: reviews.map(present), next_cursor: nextCursor }, 200);
  },
);

reviewsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/reviews/{review_id}',
    operationId: 'getReview',
    tags: TAGS,
    summary: 'One review; one that is not visible yet is there for its author alone',
    request: { params: ReviewId },
    responses: { 200: json(ReviewAnswer, 'The review'), ...problems(401, 404) },
  }),
  async (c) =>
    c.json(present(await getReview(c.get('deps'), c.req.valid('param').review_id, c.get('caller'))), 200),
);

reviewsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'patch',
    path: '/reviews/{review_id}',
    operationId: 'editReview',
    tags: TAGS,
    summary: 'Change your review while nobody else has seen it',
    request: { params: ReviewId, body: jsonBody(ReviewChanges) },
    responses: {
      200: json(ReviewAnswer, 'The review'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const review = await editReview(
      c.get('deps'),
      c.req.valid('param').review_id,
      c.req.valid('json'),
      callerIn(c),
    );
    return c.json(present(review), 200);
  },
);

reviewsRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/reviews/{review_id}/reply',
    operationId: 'replyToReview',
    tags: TAGS,
    summary: 'Reply to a review of you, once',
    request: { params: ReviewId, body: jsonBody(ReplyBody) },
    responses: {
      200: json(ReviewAnswer, 'The review with your reply'),
      ...problems(400, 401, 403, 404, 409, 413, 415),
    },
  }),
  async (c) => {
    const review = await replyToReview(
      c.get('deps'),
      c.req.valid('param').review_id,
      c.req.valid('json').reply,
      callerIn(c),
      c.get('requestId'),
    );
    return c.json(present(review), 200);
  },
);

for (const [method, operationId, summary, helpful] of [
  ['put', 'voteReviewHelpful', 'Say that a review was helpful; once for each user', true],
  ['delete', 'unvoteReviewHelpful', 'Take your helpful vote back', false],
] as const) {
  reviewsRoutes.openapi(
    createRoute({
      ...mutation(signedIn),
      method,
      path: '/reviews/{review_id}/helpful',
      operationId,
      tags: TAGS,
      summary,
      request: { params: ReviewId },
      responses: { 200: json(ReviewAnswer, 'The review'), ...problems(401, 403, 404, 409) },
    }),
    async (c) => {
      const review = await voteHelpful(c.get('deps'), c.req.valid('param').review_id, helpful, callerIn(c));
      return c.json(present(review), 200);
    },
  );
}

for (const [verb, operationId, summary, hidden] of [
  ['hide', 'hideReview', 'Take a review out of sight; it stays on record', true],
  ['restore', 'restoreReview', 'Bring a hidden review back', false],
] as const) {
  const path: string = `/admin/reviews/{review_id}/${verb}`;
  reviewsRoutes.openapi(
    createRoute({
      ...mutation(permitted('content.moderate')),
      method: 'post',
      path,
      operationId,
      tags: TAGS,
      summary,
      request: { params: ReviewId, body: jsonBody(ModerationReason) },
      responses: {
        200: json(ReviewAnswer, 'The review'),
        ...problems(400, 401, 403, 404, 409, 413, 415),
      },
    }),
    async (c) => {
      const review = await hideReview(
        c.get('deps'),
        c.req.valid('param').review_id,
        hidden,
        c.req.valid('json').reason,
        auditedActor(c),
      );
      return c.json(present(review), 200);
    },
  );
}
