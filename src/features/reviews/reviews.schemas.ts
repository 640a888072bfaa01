import { z } from '@hono/zod-openapi';
import {
  MAX_COMMENT_LENGTH,
  MAX_RATING,
  MAX_REPLY_LENGTH,
  MIN_RATING,
  REVIEW_ACTIONS,
  REVIEW_ROLES,
} from '../../domain/reviews/review.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

export const ReviewId = z.object({
  review_id: z.string().max(40).meta({ example: 'rev_0123456789abcdef' }),
});
export const ReviewedOrder = z.object({
  order_id: z.string().max(40).meta({ example: 'ord_0123456789abcdef' }),
});
export const ReviewedUser = z.object({
  user_id: z.string().max(40).meta({ example: 'usr_0123456789abcdef' }),
});
export const ReviewedProduct = z.object({
  product_id: z.string().max(40).meta({ example: 'prd_0123456789abcdef' }),
});

const Rating = z.int().min(MIN_RATING).max(MAX_RATING);
const Comment = z.string().trim().max(MAX_COMMENT_LENGTH);

export const NewReview = z
  .strictObject({
    rating: Rating,
    comment: Comment.default(''),
    product_id: z.string().max(40).optional().meta({
      description: 'Of a buyer whose order has several products: which one; the first when left out',
    }),
  })
  .meta({ id: 'NewReview', example: { rating: 5, comment: 'Fast, and exactly as described' } });

export const ReviewChanges = z
  .strictObject({ rating: Rating.optional(), comment: Comment.optional() })
  .refine(({ rating, comment }) => rating !== undefined || comment !== undefined, 'Change something')
  .meta({ id: 'ReviewChanges' });

export const ReplyBody = z
  .strictObject({ reply: z.string().trim().min(1).max(MAX_REPLY_LENGTH) })
  .meta({ id: 'ReviewReply' });

export const ModerationReason = z
  .strictObject({ reason: z.string().trim().min(1).max(500) })
  .meta({ id: 'ModerationReason' });

const Filters = {
  role: z.enum(REVIEW_ROLES).optional().meta({ description: 'What the author was to the order' }),
  rating: z.coerce.number().int().min(MIN_RATING).max(MAX_RATING).optional(),
};
export const ReviewsQuery = PageQuery.extend(Filters);
export const MyReviewsQuery = PageQuery.extend({
  direction: z.enum(['given', 'received']).default('received'),
  ...Filters,
});

export const ReviewAnswer = z
  .object({
    id: z.string(),
    order_id: z.string(),
    author: z.object({ id: z.string(), display_name: z.string(), role: z.enum(REVIEW_ROLES) }),
    subject_id: z.string().nullable().meta({ description: 'Null when the platform sold' }),
    product_id: z.string().nullable(),
    rating: z.int(),
    comment: z.string(),
    reply: z.string().nullable(),
    replied_at: Timestamp.nullable(),
    is_visible: z.boolean().meta({ description: 'False until both have written, or 7 days have passed' }),
    is_hidden: z.boolean().meta({ description: 'True when a moderator has hidden it' }),
    visible_at: Timestamp,
    helpful_count: z.int(),
    is_helpful_to_me: z.boolean(),
    allowed_actions: z.array(z.enum(REVIEW_ACTIONS)),
    version: z.int(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Review' });

const Times = z.int();
export const RatingSummaryAnswer = z
  .object({
    average: z.number().nullable().meta({ description: 'To two decimals; null while there is no review' }),
    count: Times,
    breakdown: z.object({ '1': Times, '2': Times, '3': Times, '4': Times, '5': Times }),
  })
  .meta({ id: 'RatingSummary' });

export const ReviewPage = pageOf(ReviewAnswer).meta({ id: 'ReviewPage' });
export const RatedReviewPage = ReviewPage.extend({ summary: RatingSummaryAnswer }).meta({
  id: 'RatedReviewPage',
});
export const UserReviewPage = RatedReviewPage.extend({
  reliability: z
    .object({
      marks: z.int().meta({ description: 'Orders of the last 180 days that failed through this user' }),
      by_kind: z.record(z.string(), z.int()),
    })
    .meta({ description: 'Orders that came to nothing get no review, but leave a mark' }),
}).meta({ id: 'UserReviewPage' });
