import { z } from '@hono/zod-openapi';
import {
  DISPUTE_ACTIONS,
  DISPUTE_OUTCOMES,
  DISPUTE_PRIORITIES,
  DISPUTE_ROLES,
  DISPUTE_STATUSES,
} from '../../domain/trust/dispute.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

const Id = z.string().max(40);
export const DisputeId = z.object({ dispute_id: Id.meta({ example: 'dsp_0123456789abcdef' }) });
export const PictureParams = DisputeId.extend({
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'Not the hash of a picture'),
  file: z
    .string()
    .regex(/^\d{1,5}\.webp$/, 'Not a width')
    .meta({ example: '640.webp' }),
});

const Text = z.string().trim().min(1).max(2000);
export const EntryBody = z.strictObject({ body: Text }).meta({ id: 'NewDisputeEntry' });
export const NoteBody = z.strictObject({ note: Text.max(500) }).meta({ id: 'DisputeNote' });
export const CaptionQuery = z.object({ caption: z.string().trim().max(500).default('') });
export const AssignBody = z
  .strictObject({
    take_over: z.boolean().default(false).meta({ description: 'Although somebody else has it' }),
  })
  .meta({ id: 'AssignDispute' });

export const ResolutionBody = z
  .strictObject({
    outcome: z.enum(['refund_full', 'refund_partial', 'release']),
    refund_cents: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
    note: Text.max(500).meta({ description: 'Why; both sides are told' }),
  })
  .refine(({ outcome, refund_cents }) => (outcome === 'refund_partial') === (refund_cents !== undefined), {
    path: ['refund_cents'],
    message: 'A partial refund has an amount, and nothing else has one',
  })
  .meta({
    id: 'DisputeResolution',
    example: { outcome: 'refund_partial', refund_cents: 5000, note: 'A scuff that was not shown' },
  });

export const MyDisputesQuery = PageQuery.extend({ role: z.enum(['buyer', 'seller']).optional() });
export const DisputeQueueQuery = PageQuery.extend({
  status: z.enum(DISPUTE_STATUSES).optional().meta({ description: 'All open ones when left out' }),
  priority: z.enum(DISPUTE_PRIORITIES).optional(),
  assignee_id: Id.optional(),
});

export const DisputeAnswer = z
  .object({
    id: z.string(),
    order_id: z.string(),
    order_number: z.string(),
    buyer_id: z.string(),
    seller_id: z.string().nullable(),
    role: z.enum(DISPUTE_ROLES).meta({ description: 'What you are to it' }),
    opened_by: z.string(),
    reason: z.string(),
    status: z.enum(DISPUTE_STATUSES),
    priority: z.enum(DISPUTE_PRIORITIES).meta({ description: 'From amount and age' }),
    amount_cents: z.int(),
    currency: z.string(),
    assignee_id: z.string().nullable(),
    answer_by: Timestamp.nullable().meta({ description: 'Until when the seller must answer' }),
    outcome: z.enum(DISPUTE_OUTCOMES).nullable(),
    refund_cents: z.int().nullable(),
    note: z.string().nullable(),
    allowed_actions: z.array(z.enum(DISPUTE_ACTIONS)),
    version: z.int(),
    opened_at: Timestamp,
    updated_at: Timestamp,
    resolved_at: Timestamp.nullable(),
    closed_at: Timestamp.nullable(),
  })
  .meta({ id: 'Dispute' });
export const DisputePage = pageOf(DisputeAnswer).meta({ id: 'DisputePage' });

export const EntryAnswer = z
  .object({
    id: z.string(),
    author_id: z.string(),
    author_role: z.enum(DISPUTE_ROLES),
    body: z.string(),
    pictures: z.array(z.object({ urls: z.array(z.object({ width: z.int(), url: z.string() })) })),
    created_at: Timestamp,
  })
  .meta({ id: 'DisputeEntry' });
export const EntryPage = pageOf(EntryAnswer).meta({ id: 'DisputeEntryPage' });
