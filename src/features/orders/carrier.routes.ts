import { createRoute, z } from '@hono/zod-openapi';
import { signed } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems } from '../../http/openapi.ts';
import { receiveCarrierReport } from './carrier.usecases.ts';
import { sendEventsSoon } from './orders.routes.ts';
import { CarrierReceipt } from './orders.schemas.ts';

export const carrierRoutes = createRoutes();

carrierRoutes.openapi(
  createRoute({
    ...signed,
    method: 'post',
    path: '/webhooks/carrier',
    operationId: 'receiveCarrierReport',
    tags: ['Webhooks'],
    summary: 'A carrier reports on a parcel; signed, and at most 300 s old',
    request: {
      headers: z.object({
        'carrier-signature': z
          .string()
          .optional()
          .meta({ description: 't=<unix seconds>,v1=<hex HMAC SHA-256 of "<t>.<raw body>">' }),
      }),
    },
    responses: { 200: json(CarrierReceipt, 'What became of it'), ...problems(400, 404, 413, 415) },
  }),
  async (c) => {
    const outcome = await receiveCarrierReport(
      c.get('deps'),
      await c.req.text(),
      c.req.valid('header')['carrier-signature'],
    );
    sendEventsSoon(c);
    return c.json({ outcome }, 200);
  },
);
