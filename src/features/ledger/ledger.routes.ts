import { createRoute, z } from '@hono/zod-openapi';
import { LEDGER_REASONS } from '../../domain/ledger/posting.ts';
import { SELLER_TIERS } from '../../domain/market/fees.ts';
import { DAY_MS } from '../../domain/time.ts';
import { open, permitted } from '../../http/access.ts';
import { pageOf } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { CurrencyCode, json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { feeRevenue, feeScheduleRows, trialBalance } from './ledger.repository.ts';

const TrialBalanceAnswer = z
  .object({
    balanced: z.boolean().meta({ description: 'Every currency sums to zero and no balance has drifted' }),
    totals: z.array(z.object({ currency: z.string(), total_cents: z.int() })),
    lines: z.array(
      z.object({
        account: z.string().meta({ description: 'user:*:available and the like are all users together' }),
        currency: z.string(),
        balance_cents: z.int(),
      }),
    ),
    drifted: z.array(
      z.object({
        account: z.string(),
        currency: z.string(),
        balance_cents: z.int(),
        entries_cents: z.int(),
      }),
    ),
  })
  .meta({ id: 'TrialBalance' });

const FeeConfig = z
  .object({
    id: z.string(),
    channel: z.string(),
    tier: z.enum(SELLER_TIERS).meta({ description: 'A tier without rows of its own has those of standard' }),
    currency: CurrencyCode,
    buyer_fee_bps: z.int(),
    seller_fee_bps: z.int(),
    minimum_cents: z.int(),
    valid_from: Timestamp,
    in_force: z.boolean(),
  })
  .meta({ id: 'FeeConfig' });
const FeeConfigs = pageOf(FeeConfig).meta({ id: 'FeeConfigs' });

const Day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/)
  .refine((day) => !Number.isNaN(Date.parse(day)), 'There is no such day')
  .meta({ format: 'date', example: '2026-03-04' });
/** The longest span of one answer. */
const MAX_DAYS = 366;
const DEFAULT_DAYS = 30;

const RevenueQuery = z.object({
  from: Day.optional().meta({ description: 'First day, UTC; 30 days before the last by default' }),
  to: Day.optional().meta({ description: 'Last day, UTC; today by default' }),
});
const RevenueAnswer = z
  .object({
    from: Day,
    to: Day,
    totals: z.array(z.object({ currency: z.string(), amount_cents: z.int() })),
    days: z.array(
      z.object({
        day: Day,
        currency: z.string(),
        reason: z.enum(LEDGER_REASONS),
        amount_cents: z.int().meta({ description: 'Negative where fees were given back' }),
      }),
    ),
  })
  .meta({ id: 'FeeRevenue' });

export const ledgerRoutes = createRoutes();

ledgerRoutes.openapi(
  createRoute({
    ...permitted('finance.read'),
    method: 'get',
    path: '/admin/ledger/trial-balance',
    operationId: 'getTrialBalance',
    tags: ['Ledger'],
    summary: 'The balance of every account; each currency sums to zero',
    responses: { 200: json(TrialBalanceAnswer, 'The trial balance'), ...problems(401, 403) },
  }),
  async (c) => {
    const { lines, totals, drifted } = await trialBalance(c.get('deps').db);
    const balanced = drifted.length === 0 && totals.every(({ totalCents }) => totalCents === 0);
    return c.json(
      {
        balanced,
        totals: totals.map(({ currency, totalCents }) => ({ currency, total_cents: totalCents })),
        lines: lines.map(({ account, currency, balanceCents }) => ({
          account,
          currency,
          balance_cents: balanceCents,
        })),
        drifted: drifted.map(({ account, currency, balanceCents, entriesCents }) => ({
          account,
          currency,
          balance_cents: balanceCents,
          entries_cents: entriesCents,
        })),
      },
      200,
    );
  },
);

ledgerRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/fees/configs',
    operationId: 'listFeeConfigs',
    tags: ['Fees'],
    summary: 'The fee schedule: every channel, tier of sellers and currency, announced changes too',
    responses: { 200: json(FeeConfigs, 'The rows of the schedule'), ...problems(401) },
  }),
  async (c) => {
    const { db, now } = c.get('deps');
    const nowMs = now();
    const rows = await feeScheduleRows(db);
    // Rows come by channel, tier, currency and time: one is in force until the next of its kind has begun.
    const data = rows.map((row, index) => {
      const next = rows[index + 1];
      const isReplaced =
        next?.channel === row.channel &&
        next.tier === row.tier &&
        next.currency === row.currency &&
        next.validFrom <= nowMs;
      return {
        id: row.id,
        channel: row.channel,
        tier: row.tier,
        currency: CurrencyCode.parse(row.currency),
        buyer_fee_bps: row.buyerBps,
        seller_fee_bps: row.sellerBps,
        minimum_cents: row.minimumCents,
        valid_from: rfc3339(row.validFrom),
        in_force: row.validFrom <= nowMs && !isReplaced,
      };
    });
    return c.json({ data, next_cursor: null }, 200);
  },
);

ledgerRoutes.openapi(
  createRoute({
    ...permitted('finance.read'),
    method: 'get',
    path: '/fees/revenue',
    operationId: 'getFeeRevenue',
    tags: ['Fees'],
    summary: 'Fees earned and given back, by day',
    request: { query: RevenueQuery },
    responses: { 200: json(RevenueAnswer, 'The fees of the days asked for'), ...problems(401, 403) },
  }),
  async (c) => {
    const { db, now } = c.get('deps');
    const { from, to } = c.req.valid('query');
    const lastMs = to === undefined ? Math.floor(now() / DAY_MS) * DAY_MS : Date.parse(to);
    const askedMs = from === undefined ? lastMs - DEFAULT_DAYS * DAY_MS : Date.parse(from);
    const firstMs = Math.max(askedMs, lastMs - MAX_DAYS * DAY_MS);
    const days = await feeRevenue(db, firstMs, lastMs + DAY_MS);
    const totals = new Map<string, number>();
    for (const { currency, amountCents } of days)
      totals.set(currency, (totals.get(currency) ?? 0) + amountCents);
    return c.json(
      {
        from: rfc3339(firstMs).slice(0, 10),
        to: rfc3339(lastMs).slice(0, 10),
        totals: Array.from(totals, ([currency, amount_cents]) => ({ currency, amount_cents })),
        days: days.map(({ day, currency, reason, amountCents }) => ({
          day,
          currency,
          reason,
          amount_cents: amountCents,
        })),
      },
      200,
    );
  },
);
