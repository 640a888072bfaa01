import { z } from '@hono/zod-openapi';
import { KYC_DOCUMENT_KINDS, KYC_STATUSES } from '../../domain/accounts/verification.ts';
import { PageQuery } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

const MIN_BIRTH_YEAR = 1900;
const LegalName = z
  .string()
  .trim()
  .min(1)
  .max(160)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'Control characters and line breaks are not allowed');

export const VerificationId = z.object({ id: z.string().max(64) });
export const DocumentQuery = z.object({ kind: z.enum(KYC_DOCUMENT_KINDS) });

export const SubmitBody = z
  .strictObject({
    legal_name: LegalName.meta({ description: 'As the document has it' }),
    birth_date: z.iso
      .date()
      .refine((date) => Number(date.slice(0, 4)) >= MIN_BIRTH_YEAR, 'Nobody is that old')
      .meta({ example: '1990-02-28' }),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'Two capital letters, as in ISO 3166-1')
      .meta({ example: 'DE' }),
  })
  .meta({ id: 'SubmitVerification' });

export const DocumentAnswer = z
  .object({
    id: z.string().meta({ example: 'doc_0123456789abcdef' }),
    kind: z.enum(KYC_DOCUMENT_KINDS),
    content_type: z.string(),
    size: z.number().int(),
    url: z.string().meta({ description: 'Signed for you, and good for a few minutes' }),
    created_at: Timestamp,
  })
  .meta({ id: 'VerificationDocument' });

export const VerificationAnswer = z
  .object({
    status: z.enum(['none', ...KYC_STATUSES]),
    legal_name: z.string().nullable(),
    birth_date: z.string().nullable(),
    country: z.string().nullable(),
    reason: z.string().nullable().meta({ description: 'Why it was rejected' }),
    submitted_at: Timestamp.nullable(),
    decided_at: Timestamp.nullable(),
    documents: z.array(DocumentAnswer),
    waiting_documents: z.array(DocumentAnswer).meta({ description: 'Uploaded, and not handed in yet' }),
    allowed_actions: z.array(z.enum(['upload_document', 'submit'])),
  })
  .meta({ id: 'SellerVerification' });

export const QueueQuery = PageQuery.extend({ status: z.enum(KYC_STATUSES).default('pending') });

export const QueuedVerification = z
  .object({
    id: z.string().meta({ example: 'kyc_0123456789abcdef' }),
    user_id: z.string(),
    status: z.enum(KYC_STATUSES),
    country: z.string(),
    reviewer_id: z.string().nullable(),
    reason: z.string().nullable(),
    submitted_at: Timestamp,
    decided_at: Timestamp.nullable(),
    allowed_actions: z.array(z.enum(['approve', 'reject'])),
  })
  .meta({ id: 'QueuedVerification' });

export const ReviewedVerification = QueuedVerification.extend({
  legal_name: z.string(),
  birth_date: z.string(),
  documents: z.array(DocumentAnswer),
}).meta({ id: 'ReviewedVerification' });

const Reason = z.string().trim().min(1).max(500);
export const ApproveBody = z.strictObject({ note: Reason.optional() }).meta({ id: 'ApproveVerification' });
export const RejectBody = z
  .strictObject({ reason: Reason.meta({ description: 'Told to the user' }) })
  .meta({ id: 'RejectVerification' });

/** Everything is optional here, so that an incomplete address is refused like a forged one. */
export const LinkQuery = z.object({
  viewer: z.string().max(64).default(''),
  expires: z.string().max(20).default(''),
  signature: z.string().max(128).default(''),
});
