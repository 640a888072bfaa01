import { createRoute, z } from '@hono/zod-openapi';
import { signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems, Timestamp } from '../../http/openapi.ts';
import { clientOf } from '../accounts/device.ts';
import { exportOwnData } from './export.usecases.ts';

const ExportAnswer = z
  .looseObject({ exported_at: Timestamp, account: z.record(z.string(), z.unknown()) })
  .meta({ id: 'DataExport', description: 'Beside these, one array for each kind of thing that is yours' });

export const exportRoutes = createRoutes();

exportRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/export',
    operationId: 'exportMyData',
    tags: ['Users'],
    summary: 'Everything that is held about you, as one JSON document',
    responses: { 200: json(ExportAnswer, 'The document, as a download'), ...problems(401) },
  }),
  async (c) => {
    const stream = await exportOwnData(c.get('deps'), callerIn(c), clientOf(c));
    return new Response(stream, {
      headers: {
        'Content-Type': 'application/json',
        'Content-Disposition': 'attachment; filename="bourse-export.json"',
      },
    }) as never;
  },
);
