import { createRoute, z } from '@hono/zod-openapi';
import { SPANS, type Span } from '../../domain/analytics/calendar.ts';
import { type Figures, houseSummary } from '../../domain/analytics/figures.ts';
import { DAY_MS } from '../../domain/time.ts';
import { permitted } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { rolledUpAt } from '../analytics/roll-ups.usecases.ts';
import { businessReport, csvOf, REPORT_KINDS } from './business-reports.usecases.ts';
import {
  ACTIVITY_METRICS,
  allTimeFigures,
  periodsOf,
  REVENUE_METRICS,
  reportRange,
} from './figures.usecases.ts';
import { MODULE_STATES, moduleHealth } from './module-health.usecases.ts';

const TAGS = ['Administration'];

const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const RangeQuery = z.object({
  from: moment.optional().meta({ description: 'The period it is in counts whole' }),
  to: moment.optional().meta({ description: 'Before this time; now when left out' }),
});
const BySpan = RangeQuery.extend({ by: z.enum(SPANS).default('day') });

const ByCurrency = z.record(z.string(), z.number()).meta({ description: 'Minor units by currency' });
const asOf = Timestamp.nullable().meta({ description: 'When the figures were last brought up to date' });

const Revenue = z.object({
  gmv_cents: ByCurrency,
  fees_cents: ByCurrency,
  refunded_cents: ByCurrency,
  orders_paid: z.int(),
});
const revenueOf = (figures: Figures) => ({
  gmv_cents: figures.byKey('gmv_cents'),
  fees_cents: figures.byKey('fees_cents'),
  refunded_cents: figures.byKey('refunded_cents'),
  orders_paid: figures.count('orders_paid'),
});

type ActivityMetric = (typeof ACTIVITY_METRICS)[number];
const Activity = z.object(
  Object.fromEntries(ACTIVITY_METRICS.map((metric) => [metric, z.int()])) as Record<ActivityMetric, z.ZodInt>,
);
const activityOf = (figures: Figures) =>
  Object.fromEntries(ACTIVITY_METRICS.map((metric) => [metric, figures.count(metric)])) as Record<
    ActivityMetric,
    number
  >;

const answerOf = <T extends z.ZodObject>(period: T) =>
  z.object({
    as_of: asOf,
    by: z.enum(SPANS),
    total: period,
    series: z.array(period.extend({ starts_at: Timestamp })),
  });
const RevenueReport = answerOf(Revenue).meta({ id: 'RevenueReport' });
const ActivityReport = answerOf(Activity).meta({ id: 'ActivityReport' });

const Summary = z.record(z.string(), z.unknown());
const Stats = z
  .object({
    as_of: asOf,
    all_time: Summary.meta({ description: 'The figures of /admin/analytics since the beginning' }),
    last_30_days: Summary,
    modules: z.record(z.string(), z.record(z.string(), z.number())).meta({ description: 'What is open now' }),
  })
  .meta({ id: 'PlatformStats' });

const SystemHealth = z
  .object({
    status: z.enum(MODULE_STATES),
    time: Timestamp,
    modules: z.array(
      z.object({ name: z.string(), status: z.enum(MODULE_STATES), facts: z.record(z.string(), z.number()) }),
    ),
  })
  .meta({ id: 'ModuleHealth' });

const BusinessReport = z
  .object({
    kind: z.enum(REPORT_KINDS),
    from: Timestamp,
    to: Timestamp,
    generated_at: Timestamp,
    columns: z.array(z.string()),
    rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
  })
  .meta({ id: 'BusinessReport' });

const timeOf = (atMs: number | null) => (atMs === null ? null : rfc3339(atMs));

export const administrationRoutes = createRoutes();

administrationRoutes.openapi(
  createRoute({
    ...permitted('analytics.read'),
    method: 'get',
    path: '/admin/stats',
    operationId: 'readStats',
    tags: TAGS,
    summary: 'What the platform came to, and what is open now',
    responses: { 200: json(Stats, 'The figures'), ...problems(401, 403) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const nowMs = deps.now();
    const month = { fromMs: nowMs - 30 * DAY_MS, toMs: nowMs + 1 };
    const metrics = [...REVENUE_METRICS, ...ACTIVITY_METRICS];
    const [asOfMs, allTime, { total }, modules] = await Promise.all([
      rolledUpAt(deps),
      allTimeFigures(deps),
      periodsOf(deps, 'day', month, metrics),
      moduleHealth(deps),
    ]);
    return c.json(
      {
        as_of: timeOf(asOfMs),
        all_time: houseSummary(allTime),
        last_30_days: { ...activityOf(total), ...revenueOf(total) },
        modules: Object.fromEntries(modules.map(({ name, facts }) => [name, facts])),
      },
      200,
    );
  },
);

administrationRoutes.openapi(
  createRoute({
    ...permitted('analytics.read'),
    method: 'get',
    path: '/admin/revenue',
    operationId: 'readRevenue',
    tags: TAGS,
    summary: 'Turnover, fees and refunds by day, week or month',
    request: { query: BySpan },
    responses: { 200: json(RevenueReport, 'The sum, and each period'), ...problems(401, 403) },
  }),
  async (c) => {
    const { by, ...asked } = c.req.valid('query');
    const deps = c.get('deps');
    const range = reportRange(by, deps.now(), asked);
    const [{ total, periods }, asOfMs] = await Promise.all([
      periodsOf(deps, by, range, REVENUE_METRICS),
      rolledUpAt(deps),
    ]);
    const series = periods.map(({ startsAtMs, figures }) => ({
      starts_at: rfc3339(startsAtMs),
      ...revenueOf(figures),
    }));
    return c.json({ as_of: timeOf(asOfMs), by: by as Span, total: revenueOf(total), series }, 200);
  },
);

administrationRoutes.openapi(
  createRoute({
    ...permitted('analytics.read'),
    method: 'get',
    path: '/admin/activity',
    operationId: 'readActivity',
    tags: TAGS,
    summary: 'What people did, by day, week or month',
    request: { query: BySpan },
    responses: { 200: json(ActivityReport, 'The sum, and each period'), ...problems(401, 403) },
  }),
  async (c) => {
    const { by, ...asked } = c.req.valid('query');
    const deps = c.get('deps');
    const range = reportRange(by, deps.now(), asked);
    const [{ total, periods }, asOfMs] = await Promise.all([
      periodsOf(deps, by, range, ACTIVITY_METRICS),
      rolledUpAt(deps),
    ]);
    const series = periods.map(({ startsAtMs, figures }) => ({
      starts_at: rfc3339(startsAtMs),
      ...activityOf(figures),
    }));
    return c.json({ as_of: timeOf(asOfMs), by: by as Span, total: activityOf(total), series }, 200);
  },
);

administrationRoutes.openapi(
  createRoute({
    ...permitted('system.read'),
    method: 'get',
    path: '/admin/health',
    operationId: 'readModuleHealth',
    tags: TAGS,
    summary: 'How every module does, what it waits for, and the switches of the house (GR-10)',
    responses: { 200: json(SystemHealth, 'Every module'), ...problems(401, 403) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const modules = await moduleHealth(deps);
    const has = (status: (typeof MODULE_STATES)[number]) =>
      modules.some((module) => module.status === status);
    const status = has('down')
      ? ('down' as const)
      : has('degraded')
        ? ('degraded' as const)
        : ('up' as const);
    return c.json({ status, time: rfc3339(deps.now()), modules }, 200);
  },
);

administrationRoutes.openapi(
  createRoute({
    ...permitted('analytics.read'),
    method: 'get',
    path: '/admin/business-reports/{kind}',
    operationId: 'readBusinessReport',
    tags: TAGS,
    summary: 'A report as JSON, or as CSV for a spreadsheet (SW-24)',
    request: {
      params: z.object({ kind: z.enum(REPORT_KINDS) }),
      query: RangeQuery.extend({ format: z.enum(['json', 'csv']).default('json') }),
    },
    responses: {
      200: {
        description: 'The table',
        content: {
          'application/json': { schema: BusinessReport },
          'text/csv': { schema: z.string() },
        },
      },
      ...problems(401, 403),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { kind } = c.req.valid('param');
    const { format, ...asked } = c.req.valid('query');
    const table = await businessReport(deps, kind, asked);
    if (format === 'csv')
      return c.text(csvOf(table), 200, {
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': `attachment; filename="${kind}.csv"`,
      });
    return c.json(
      {
        kind,
        from: rfc3339(table.fromMs),
        to: rfc3339(table.toMs),
        generated_at: rfc3339(deps.now()),
        columns: [...table.columns],
        rows: table.rows.map((row) => [...row]),
      },
      200,
    );
  },
);
