import { createRoute, z } from '@hono/zod-openapi';
import { SELLER_TIERS, STANDARD_TIER } from '../../domain/market/fees.ts';
import { mutation, permitted } from '../../http/access.ts';
import { pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { CurrencyCode, json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import {
  announceFees,
  FEE_CHANNELS,
  type FeeScheduleRow,
  listFeeVersions,
} from './fee-schedules.usecases.ts';

const TAGS = ['Administration'];

/** Half of a price is more than any market takes: a larger fee is a slip of the hand. */
const MAX_FEE_BPS = 5_000;
const MAX_MINIMUM_CENTS = 1_000_000;
const Bps = z.int().min(0).max(MAX_FEE_BPS);

const Fields = {
  channel: z.enum(FEE_CHANNELS),
  tier: z.enum(SELLER_TIERS).default(STANDARD_TIER),
  currency: CurrencyCode,
  buyer_fee_bps: Bps,
  seller_fee_bps: Bps,
};
const NewFeeSchedule = z
  .strictObject({
    ...Fields,
    minimum_cents: z.int().min(0).max(MAX_MINIMUM_CENTS).default(0),
    valid_from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Now when left out' }),
    reason: z.string().trim().min(1).max(500),
  })
  .meta({
    id: 'NewFeeSchedule',
    example: {
      channel: 'community',
      currency: 'AED',
      buyer_fee_bps: 0,
      seller_fee_bps: 600,
      reason: 'Costs of delivery',
    },
  });
const FeeSchedule = z
  .object({
    id: z.string(),
    channel: z.string(),
    tier: z.enum(SELLER_TIERS),
    currency: z.string(),
    buyer_fee_bps: z.int(),
    seller_fee_bps: z.int(),
    minimum_cents: z.int(),
    valid_from: Timestamp,
  })
  .meta({ id: 'FeeSchedule' });

const present = (row: FeeScheduleRow) => ({
  id: row.id,
  channel: row.channel,
  tier: row.tier,
  currency: row.currency,
  buyer_fee_bps: row.buyerBps,
  seller_fee_bps: row.sellerBps,
  minimum_cents: row.minimumCents,
  valid_from: rfc3339(row.validFrom),
});

export const feeSchedulesRoutes = createRoutes();

feeSchedulesRoutes.openapi(
  createRoute({
    ...permitted('fees.manage'),
    method: 'get',
    path: '/admin/fee-schedules',
    operationId: 'listFeeSchedules',
    tags: TAGS,
    summary: 'Every version of the fees, past, in force and announced',
    request: {
      query: z.object({ channel: z.enum(FEE_CHANNELS).optional(), currency: CurrencyCode.optional() }),
    },
    responses: { 200: json(pageOf(FeeSchedule), 'All on one page'), ...problems(401, 403) },
  }),
  async (c) => {
    const { channel, currency } = c.req.valid('query');
    const rows = await listFeeVersions(c.get('deps'), { channel, currency });
    return c.json({ data: rows.map(present), next_cursor: null }, 200);
  },
);

feeSchedulesRoutes.openapi(
  createRoute({
    ...mutation(permitted('fees.manage')),
    method: 'post',
    path: '/admin/fee-schedules',
    operationId: 'announceFees',
    tags: TAGS,
    summary: 'Announce a version of a fee, from now or from a later time on',
    description: 'Versions are never changed: a later one replaces an earlier one, and orders keep theirs.',
    request: { body: jsonBody(NewFeeSchedule) },
    responses: {
      201: json(FeeSchedule, 'The version'),
      ...problems(400, 401, 403, 409, 413, 415),
    },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const row = await announceFees(
      c.get('deps'),
      {
        channel: body.channel,
        tier: body.tier,
        currency: body.currency,
        buyerBps: body.buyer_fee_bps,
        sellerBps: body.seller_fee_bps,
        minimumCents: body.minimum_cents,
        validFromMs: body.valid_from === undefined ? null : Date.parse(body.valid_from),
      },
      body.reason,
      auditedActor(c),
    );
    return c.json(present(row), 201);
  },
);
