import { createRoute, z } from '@hono/zod-openapi';
import { Figures, houseSummary, sellerSummary } from '../../domain/analytics/figures.ts';
import { GRAINS } from '../../domain/analytics/period.ts';
import { permitted, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { rangeOf, readHouseAnalytics, readSellerAnalytics } from './analytics.usecases.ts';
import { rolledUpAt } from './roll-ups.usecases.ts';

const TAGS = ['Analytics'];

const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const RangeQuery = z.object({
  from: moment.optional().meta({ description: 'A day or a time, UTC; the period it is in counts whole' }),
  to: moment.optional().meta({ description: 'Before this time; now when left out' }),
});

/** One schema for each figure: amounts are objects by currency, the others numbers, or null without observations. */
const shapeOf = (summary: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(summary).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null
        ? z.record(z.string(), z.number())
        : value === null
          ? z.number().nullable()
          : z.number(),
    ]),
  );
const SellerFigures = z.object(shapeOf(sellerSummary(new Figures()))).meta({ id: 'SellerFigures' });
const HouseFigures = z.object(shapeOf(houseSummary(new Figures()))).meta({ id: 'HouseFigures' });

const answerOf = <T extends z.ZodObject>(figures: T) => ({
  as_of: Timestamp.nullable().meta({ description: 'When the figures were last brought up to date' }),
  total: figures,
  series: z.array(figures.extend({ starts_at: Timestamp })),
});
const SellerAnalytics = z.object(answerOf(SellerFigures)).meta({ id: 'SellerAnalytics' });
const HouseAnalytics = z
  .object({
    ...answerOf(HouseFigures),
    daily_active_users: z.number().int(),
    monthly_active_users: z.number().int(),
  })
  .meta({ id: 'HouseAnalytics' });

const present = <T extends { startsAtMs: number }>(series: readonly T[]) =>
  series.map(({ startsAtMs, ...figures }) => ({ starts_at: rfc3339(startsAtMs), ...figures }));

export const analyticsRoutes = createRoutes();

analyticsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/analytics',
    operationId: 'readMyAnalytics',
    tags: TAGS,
    summary: 'What you sold, and how you haggle, by day',
    description:
      'The last 30 days unless a range is given. Rates are in basis points; amounts are by currency, in minor units. `views` are of signed-in readers.',
    request: { query: RangeQuery },
    responses: {
      200: json(SellerAnalytics, 'The sum, and each day with something to tell'),
      ...problems(401),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const range = rangeOf('day', deps.now(), c.req.valid('query'));
    const [{ total, series }, asOfMs] = await Promise.all([
      readSellerAnalytics(deps, callerIn(c).userId, range),
      rolledUpAt(deps),
    ]);
    return c.json(
      { as_of: asOfMs === null ? null : rfc3339(asOfMs), total, series: present(series) } as never,
      200,
    );
  },
);

analyticsRoutes.openapi(
  createRoute({
    ...permitted('analytics.read'),
    method: 'get',
    path: '/admin/analytics',
    operationId: 'readHouseAnalytics',
    tags: TAGS,
    summary: 'The figures of the house by hour or day',
    description: 'The last 24 hours or 30 days unless a range is given. Rates are in basis points.',
    request: { query: RangeQuery.extend({ by: z.enum(GRAINS).default('day') }) },
    responses: { 200: json(HouseAnalytics, 'The sum, and each period'), ...problems(401, 403) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { by, ...asked } = c.req.valid('query');
    const [{ total, series, dau, mau }, asOfMs] = await Promise.all([
      readHouseAnalytics(deps, by, rangeOf(by, deps.now(), asked)),
      rolledUpAt(deps),
    ]);
    return c.json(
      {
        as_of: asOfMs === null ? null : rfc3339(asOfMs),
        total,
        series: present(series),
        daily_active_users: dau,
        monthly_active_users: mau,
      } as never,
      200,
    );
  },
);
