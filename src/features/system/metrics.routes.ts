import { createRoute, z } from '@hono/zod-openapi';
import type { Db } from '../../db/client.ts';
import { permitted } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { problems } from '../../http/openapi.ts';

interface Gauge {
  name: string;
  help: string;
  sql: string;
}

/** Counts of one isolate mean nothing on this platform, so these are facts of the database (GR-08). */
const GAUGES: readonly Gauge[] = [
  { name: 'bourse_users', help: 'Accounts', sql: 'SELECT count(*) FROM users' },
  {
    name: 'bourse_products',
    help: 'Products that are shown',
    sql: 'SELECT count(*) FROM products WHERE hidden = 0',
  },
  { name: 'bourse_books', help: 'Order books', sql: 'SELECT count(*) FROM sizes' },
  {
    name: 'bourse_books_unsynced',
    help: 'Books without their newest rules',
    sql: 'SELECT count(*) FROM sizes WHERE config_synced < config_version',
  },
  {
    name: 'bourse_orders_open',
    help: 'Open bids and asks',
    sql: "SELECT count(*) FROM book_orders WHERE status = 'active'",
  },
  { name: 'bourse_matches', help: 'Matches', sql: 'SELECT count(*) FROM matches' },
  {
    name: 'bourse_matched_cents',
    help: 'Value of all matches in minor units',
    sql: 'SELECT coalesce(sum(price_cents * quantity), 0) FROM matches',
  },
  {
    name: 'bourse_dead_letters',
    help: 'Messages that wait for a person',
    sql: 'SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL AND discarded_at IS NULL',
  },
  {
    name: 'bourse_events_waiting',
    help: 'Events whose consumers have not done their work',
    sql: 'SELECT count(*) FROM outbox',
  },
  {
    name: 'bourse_listings_active',
    help: 'Listings on sale',
    sql: "SELECT count(*) FROM listings WHERE status = 'active'",
  },
  {
    name: 'bourse_offers_open',
    help: 'Offers that wait for an answer',
    sql: "SELECT count(*) FROM offers WHERE status IN ('pending', 'countered')",
  },
  {
    name: 'bourse_disputes_open',
    help: 'Disputes that are not resolved',
    sql: 'SELECT count(*) FROM disputes WHERE is_open = 1',
  },
  {
    name: 'bourse_reports_pending',
    help: 'Reports that nobody has taken on',
    sql: "SELECT count(*) FROM reports WHERE status = 'pending'",
  },
  {
    name: 'bourse_payouts_failed',
    help: 'Payouts that did not arrive',
    sql: "SELECT count(*) FROM payouts WHERE status = 'failed'",
  },
  {
    name: 'bourse_deliveries_pending',
    help: 'Mails, pushes and texts on their way',
    sql: "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'sending')",
  },
  {
    name: 'bourse_deliveries_failed',
    help: 'Mails, pushes and texts that were given up',
    sql: "SELECT count(*) FROM deliveries WHERE status = 'failed'",
  },
];

async function readGauges(db: Db): Promise<string> {
  const columns = GAUGES.map(({ name, sql }) => `(${sql}) AS ${name}`).join(', ');
  const values = (await db.get(`SELECT ${columns}`)) as number[] | Record<string, number>;
  return GAUGES.map(({ name, help }, index) => {
    const value = Array.isArray(values) ? values[index] : values[name];
    return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
  }).join('');
}

export const metricsRoutes = createRoutes();

metricsRoutes.openapi(
  createRoute({
    ...permitted('system.read'),
    method: 'get',
    path: '/metrics',
    tags: ['System'],
    operationId: 'metrics',
    summary: 'Gauges of the house in the Prometheus text format',
    responses: {
      200: { content: { 'text/plain': { schema: z.string() } }, description: 'One gauge a line' },
      ...problems(401, 403),
    },
  }),
  async (c) =>
    c.text(await readGauges(c.get('deps').db), 200, { 'Content-Type': 'text/plain; version=0.0.4' }),
);
