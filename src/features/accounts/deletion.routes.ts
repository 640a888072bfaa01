import { createRoute } from '@hono/zod-openapi';
import { signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { jsonBody, problems } from '../../http/openapi.ts';
import { deleteOwnAccount } from './deletion.usecases.ts';
import { clientOf } from './device.ts';
import { OptionalProofBody, optionalProofOf } from './proof.schemas.ts';

export const deletionRoutes = createRoutes();

deletionRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'delete',
    path: '/me',
    operationId: 'deleteMe',
    tags: ['Users'],
    summary: 'Delete your account: nothing personal stays, orders and the ledger keep their numbers',
    description:
      'Resting orders are cancelled and listings paused. Refused while an order is open (`account_has_open_orders`) or money is left or under way (`account_has_money`). With two-factor sign-in a code is needed as well.',
    request: { body: jsonBody(OptionalProofBody) },
    responses: {
      204: { description: 'The account is gone' },
      ...problems(400, 401, 403, 409, 412, 413, 415, 503),
    },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const input = { password: body.password, proof: optionalProofOf(body) };
    await deleteOwnAccount(c.get('deps'), callerIn(c), input, clientOf(c));
    return c.body(null, 204);
  },
);
