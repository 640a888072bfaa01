import { createRoute, z } from '@hono/zod-openapi';
import { FLAG_NAMES, FLAGS } from '../../domain/flags/flag.ts';
import { mutation, permitted } from '../../http/access.ts';
import { pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { type FlagState, readFlags, setFlags } from './flags.usecases.ts';

const FlagAnswer = z
  .object({
    name: z.enum(FLAG_NAMES),
    description: z.string(),
    is_on: z.boolean(),
    is_on_by_default: z.boolean(),
    updated_by: z.string().nullable().meta({ description: 'Null while nobody has set it' }),
    updated_at: Timestamp.nullable(),
  })
  .meta({ id: 'Flag' });
const FlagList = pageOf(FlagAnswer).meta({ id: 'FlagList' });

const FlagsBody = z
  .strictObject({
    flags: z
      .strictObject(Object.fromEntries(FLAG_NAMES.map((name) => [name, z.boolean().optional()])))
      .refine((flags) => Object.keys(flags).length > 0, 'Name at least one flag'),
    reason: z.string().trim().min(1).max(500),
  })
  .meta({ id: 'SetFlags', example: { flags: { payouts_enabled: false }, reason: 'The bank is down' } });

const present = ({ name, isOn, row }: FlagState) => ({
  name,
  description: FLAGS[name].description,
  is_on: isOn,
  is_on_by_default: FLAGS[name].isOnByDefault,
  updated_by: row?.updatedBy ?? null,
  updated_at: row ? rfc3339(row.updatedAt) : null,
});

export const flagsRoutes = createRoutes();

flagsRoutes.openapi(
  createRoute({
    ...permitted('flags.manage'),
    method: 'get',
    path: '/admin/flags',
    operationId: 'listFlags',
    tags: ['Administration'],
    summary: 'The switches of the house, all on one page',
    responses: { 200: json(FlagList, 'Every flag'), ...problems(401, 403) },
  }),
  async (c) => c.json({ data: (await readFlags(c.get('deps'))).map(present), next_cursor: null }, 200),
);

flagsRoutes.openapi(
  createRoute({
    ...mutation(permitted('flags.manage')),
    method: 'put',
    path: '/admin/flags',
    operationId: 'setFlags',
    tags: ['Administration'],
    summary: 'Set switches; those left out stay',
    description:
      '`trading_enabled` stops orders in every book, `payouts_enabled` holds payouts back until it is on again.',
    request: { body: jsonBody(FlagsBody) },
    responses: {
      200: json(FlagList, 'Every flag as it is now'),
      ...problems(400, 401, 403, 409, 412, 413, 415),
    },
  }),
  async (c) => {
    const { flags, reason } = c.req.valid('json');
    const states = await setFlags(c.get('deps'), flags, reason, auditedActor(c));
    return c.json({ data: states.map(present), next_cursor: null }, 200);
  },
);
