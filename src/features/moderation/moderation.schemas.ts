import { z } from '@hono/zod-openapi';
import { USER_STATUSES } from '../../domain/accounts/account.ts';
import { HOUR_MS } from '../../domain/time.ts';
import {
  MAX_SEVERITY,
  MAX_SUSPENSION_MS,
  MIN_SEVERITY,
  MODERATION_KINDS,
} from '../../domain/trust/moderation.ts';
import { PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';

const Id = z.string().max(40);
export const ModeratedUser = z.object({ user_id: Id.meta({ example: 'usr_0123456789abcdef' }) });
export const ActionId = z.object({ action_id: Id.meta({ example: 'mod_0123456789abcdef' }) });

export const DurationHours = z
  .int()
  .min(1)
  .max(MAX_SUSPENSION_MS / HOUR_MS)
  .meta({ description: 'Of a suspension; more than 720 needs the permission users.ban' });
const Reason = z.string().trim().min(1).max(500).meta({ description: 'The user is told' });

export const MeasureBody = z
  .strictObject({
    action: z.enum(MODERATION_KINDS),
    severity: z.int().min(MIN_SEVERITY).max(MAX_SEVERITY).default(MIN_SEVERITY),
    reason: Reason,
    duration_hours: DurationHours.optional(),
  })
  .refine(({ action, duration_hours }) => (action === 'suspend') === (duration_hours !== undefined), {
    path: ['duration_hours'],
    message: 'A suspension has a duration, and nothing else has one',
  })
  .meta({
    id: 'ModerationMeasure',
    example: { action: 'suspend', severity: 3, reason: 'Repeated spam', duration_hours: 72 },
  });

export const LiftBody = z.strictObject({ reason: Reason }).meta({ id: 'LiftMeasure' });

export const ActionAnswer = z
  .object({
    id: z.string(),
    user_id: z.string(),
    action: z.enum(MODERATION_KINDS),
    severity: z.int(),
    reason: z.string(),
    actor_id: z.string().meta({ description: '`system` when the house acted by itself' }),
    report_id: z.string().nullable(),
    expires_at: Timestamp.nullable(),
    lifted_at: Timestamp.nullable(),
    lifted_by: z.string().nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'ModerationAction' });
export const ActionPage = pageOf(ActionAnswer).meta({ id: 'ModerationActionPage' });

const StandingFields = { status: z.enum(USER_STATUSES), suspended_until: Timestamp.nullable() };
export const TakenAnswer = z
  .object({ user: z.object({ id: z.string(), ...StandingFields }), action: ActionAnswer })
  .meta({ id: 'ModerationTaken' });
export const UserActionPage = ActionPage.extend({
  standing: z.object({ ...StandingFields, allowed_actions: z.array(z.enum(MODERATION_KINDS)) }),
}).meta({ id: 'UserModerationPage' });

export const ActionsQuery = PageQuery.extend({
  action: z.enum(MODERATION_KINDS).optional(),
  actor_id: Id.optional().meta({ description: '`system` for what the house did by itself' }),
});

/** What a user is told of measures against them: not who took them. */
export const OwnAction = ActionAnswer.omit({ actor_id: true, report_id: true, lifted_by: true }).meta({
  id: 'OwnModerationAction',
});
export const OwnActionPage = pageOf(OwnAction).meta({ id: 'OwnModerationActionPage' });
