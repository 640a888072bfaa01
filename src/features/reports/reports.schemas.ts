import { z } from '@hono/zod-openapi';
import { HOUR_MS } from '../../domain/time.ts';
import { MAX_SEVERITY, MAX_SUSPENSION_MS, MIN_SEVERITY } from '../../domain/trust/moderation.ts';
import {
  REPORT_ACTIONS,
  REPORT_OUTCOMES,
  REPORT_REASONS,
  REPORT_STATUSES,
  REPORT_TARGETS,
} from '../../domain/trust/report.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

const Id = z.string().max(40);
const Note = z.string().trim().min(1).max(500);
export const ReportId = z.object({ report_id: Id.meta({ example: 'rpt_0123456789abcdef' }) });

export const NewReport = z
  .strictObject({
    target_type: z.enum(REPORT_TARGETS),
    target_id: Id.min(1),
    reason: z.enum(REPORT_REASONS),
    details: z.string().trim().max(1000).default(''),
  })
  .meta({
    id: 'NewReport',
    example: { target_type: 'listing', target_id: 'lst_0123456789abcdef', reason: 'counterfeit' },
  });

export const ClaimBody = z
  .strictObject({
    take_over: z.boolean().default(false).meta({ description: 'Although another moderator has it' }),
  })
  .meta({ id: 'ClaimReport' });

export const ResolveReport = z
  .strictObject({
    outcome: z.enum(REPORT_OUTCOMES),
    note: Note.meta({ description: 'Why; a user who is warned or suspended is told' }),
    severity: z.int().min(MIN_SEVERITY).max(MAX_SEVERITY).default(MIN_SEVERITY),
    duration_hours: z
      .int()
      .min(1)
      .max(MAX_SUSPENSION_MS / HOUR_MS)
      .optional()
      .meta({ description: 'Of a suspension; 7 days when left out' }),
  })
  .refine(({ outcome, duration_hours }) => outcome === 'suspend_user' || duration_hours === undefined, {
    path: ['duration_hours'],
    message: 'Only a suspension has a duration',
  })
  .meta({ id: 'ResolveReport' });
export const DismissReport = z.strictObject({ note: Note }).meta({ id: 'DismissReport' });

const Report = z.object({
  id: z.string(),
  target_type: z.enum(REPORT_TARGETS),
  target_id: z.string(),
  reason: z.enum(REPORT_REASONS),
  details: z.string(),
  status: z.enum(REPORT_STATUSES),
  created_at: Timestamp,
  updated_at: Timestamp,
  decided_at: Timestamp.nullable(),
});

/** What a reporter is told: that it was looked at, not what became of somebody else. */
export const OwnReport = Report.meta({ id: 'OwnReport' });
export const OwnReportPage = pageOf(OwnReport).meta({ id: 'OwnReportPage' });

const Handled = Report.extend({
  reporter_id: z.string(),
  owner_id: z.string().meta({ description: 'Whose content it is' }),
  conversation_id: z.string().nullable(),
  assignee_id: z.string().nullable(),
  outcome: z.enum(REPORT_OUTCOMES).nullable(),
  note: z.string().nullable(),
  allowed_actions: z.array(z.enum(REPORT_ACTIONS)),
  version: z.int(),
});
export const HandledReport = Handled.meta({ id: 'Report' });
export const InspectedReport = Handled.extend({
  target: z
    .object({ title: z.string(), text: z.string(), status: z.string().nullable() })
    .nullable()
    .meta({ description: 'What it is about, as it is now; null when it is gone' }),
}).meta({ id: 'InspectedReport' });
export const ReportQueue = pageOf(
  Handled.extend({ open_reports: z.int().meta({ description: 'Open reports of the same target' }) }).meta({
    id: 'QueuedReport',
  }),
).meta({ id: 'ReportQueue' });

export const QueueQuery = PageQuery.extend({
  status: z.enum(REPORT_STATUSES).optional().meta({ description: 'Open ones come oldest first' }),
  target_type: z.enum(REPORT_TARGETS).optional(),
  target_id: Id.optional().meta({ description: 'Together with target_type' }),
  assignee_id: Id.optional(),
}).refine(({ target_id, target_type }) => target_id === undefined || target_type !== undefined, {
  path: ['target_type'],
  message: 'Say what type of thing the target is',
});
