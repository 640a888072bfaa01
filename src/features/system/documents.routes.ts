import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { open } from '../../http/access.ts';
import { type AppEnv, createRoutes } from '../../http/factory.ts';
import { json } from '../../http/openapi.ts';
import { rawJson } from '../../http/raw-json.ts';
import { asyncApiDocument } from './asyncapi-document.ts';

const Document = z.looseObject({}).meta({ id: 'Document' });
/** Documents change with a deployment only; a client that looks often may keep its copy a little. */
const CACHEABLE = { 'Cache-Control': 'public, max-age=300' };

const DESCRIPTION = `
A marketplace with one order book for each size of a product. Prices are whole minor units beside an ISO 4217 currency, times are RFC 3339 in UTC, lists are \`{data, next_cursor}\`.

Every error is \`application/problem+json\` with a stable \`code\`. Every mutation takes an \`Idempotency-Key\`: a repeat gets the first answer, another body under the same key is refused with 422.

Sign in with \`POST /api/v1/auth/login\` and send \`Authorization: Bearer <access_token>\`. Books, conversations, offers and streams are live over sockets, described in [/asyncapi.json](/asyncapi.json).
`.trim();

/** The parts of the API in the order in which a newcomer meets them. */
const TAGS = [
  { name: 'Accounts', description: 'Register, sign in and out, passwords, devices and second factors' },
  { name: 'Catalogue', description: 'Products, their sizes, stock and pictures' },
  { name: 'Media', description: 'Pictures, as they are shown' },
  { name: 'Market data', description: 'Prices, depth, sales, candles, quotes, and the live feed' },
  { name: 'Orders', description: 'Bids, asks and what they matched' },
  { name: 'Purchases', description: 'What a match becomes: payment, shipment, delivery' },
  { name: 'Verification', description: 'The authentication of goods between shipment and delivery' },
  { name: 'Payments', description: 'Paying an order into escrow, cards, releases and refunds' },
  { name: 'Wallet and payouts', description: 'What is yours, and its way to your bank' },
  { name: 'Finance', description: 'Payouts, refunds and transfers of everybody, for who looks after them' },
  { name: 'Addresses', description: 'Where purchases go' },
  { name: 'Fees', description: 'What a sale costs both sides' },
  { name: 'Listings', description: 'One-of-one goods, their pictures, categories and feeds' },
  { name: 'Offers', description: 'Haggling over a listing, and swaps' },
  { name: 'Conversations', description: 'Messages between buyer and seller, and who may not send any' },
  { name: 'Live', description: 'Sockets of users, offer feeds and streams, and who is here' },
  {
    name: 'Notifications',
    description: 'What happened that you should know, by every way you want to hear of it',
  },
  { name: 'Reviews', description: 'What buyers and sellers say of each other' },
  { name: 'Trust', description: 'Reports, disputes and moderation' },
  { name: 'Discovery', description: 'Search, recommendations, watchlists, favourites and follows' },
  { name: 'Analytics', description: 'What was sold, seen and earned' },
  { name: 'Users', description: 'Profiles, roles, verification, and what admins do with accounts' },
  { name: 'Ledger', description: 'Where the money is' },
  { name: 'Integrity', description: 'Whether everything adds up' },
  { name: 'Webhooks', description: 'What others tell us' },
  { name: 'Administration', description: 'For admins' },
  { name: 'Demo', description: 'The world outside in demo mode: cardholders, banks and card networks' },
  { name: 'System', description: 'Health and these descriptions' },
];

/** The OpenAPI 3.1 document of an app, from the declarations of its routes. */
function openApiDocument(app: OpenAPIHono<AppEnv>): string {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access_token of a sign-in; it lives 15 minutes',
  });
  return JSON.stringify(
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Bourse', version: '1.0.0', description: DESCRIPTION },
      servers: [{ url: '/' }],
      tags: TAGS,
    }),
  );
}

/** A page of the web app with the headers of its own that `_headers` gives it; here it gets a request id as well. */
const page = (c: Context<AppEnv>) => c.env.ASSETS.fetch(c.req.raw);

/** What describes the whole app, so it is told of it: the two documents, and the pages that show them. */
export function createDocumentRoutes(app: OpenAPIHono<AppEnv>) {
  const routes = createRoutes();
  let openApi: string | null = null;

  routes.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/openapi.json',
      tags: ['System'],
      operationId: 'getOpenApi',
      summary: 'This description (OpenAPI 3.1)',
      responses: { 200: json(Document, 'The document') },
    }),
    () => {
      openApi ??= openApiDocument(app);
      return rawJson(openApi, 200, CACHEABLE);
    },
  );

  routes.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/asyncapi.json',
      tags: ['System'],
      operationId: 'getAsyncApi',
      summary: 'Every socket and its frames (AsyncAPI 3.1)',
      responses: { 200: json(Document, 'The document') },
    }),
    (c) => {
      const origin = c.get('deps').config.PUBLIC_ORIGIN || new URL(c.req.url).origin;
      return c.json(asyncApiDocument(origin), 200, CACHEABLE);
    },
  );

  routes.openapi(
    createRoute({
      ...open,
      method: 'get',
      path: '/api/v1/meta',
      tags: ['System'],
      operationId: 'getMeta',
      summary: 'Which deployment this is',
      responses: {
        200: json(
          z
            .object({
              name: z.literal('Bourse'),
              version: z.string(),
              demo: z.boolean().meta({ description: 'Whether the public demo accounts may exist here' }),
            })
            .meta({ id: 'Meta' }),
          'The deployment',
        ),
      },
    }),
    (c) =>
      c.json(
        {
          name: 'Bourse' as const,
          version: c.env.VERSION?.id || 'local',
          demo: c.get('deps').config.ENVIRONMENT === 'local',
        },
        200,
      ),
  );

  routes.get('/', page);
  routes.get('/docs', page);
  routes.get('/live', page);
  routes.get('/souk', page);
  return routes;
}
