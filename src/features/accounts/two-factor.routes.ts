import { createRoute, z } from '@hono/zod-openapi';
import { mutation, open, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { presentSignedIn } from './accounts.presenter.ts';
import { GivenPassword, SignedInSchema } from './accounts.schemas.ts';
import { clientOf, rememberDevice } from './device.ts';
import { Code, isOneProof, ONE_PROOF, ProofFields, proofOf } from './proof.schemas.ts';
import {
  confirmTwoFactor,
  disableTwoFactor,
  finishLogin,
  readTwoFactor,
  renewRecoveryCodes,
  setUpTwoFactor,
} from './two-factor.usecases.ts';

const TAGS = ['Accounts'];

const SetUpBody = z.strictObject({ password: GivenPassword }).meta({ id: 'SetUpTwoFactor' });
const ConfirmBody = z.strictObject({ code: Code }).meta({ id: 'ConfirmTwoFactor' });
const ProveBody = z
  .strictObject({ password: GivenPassword, ...ProofFields })
  .refine(isOneProof, ONE_PROOF)
  .meta({ id: 'ProveTwoFactor' });
const FinishBody = z
  .strictObject({ challenge: z.string().min(1).max(128), ...ProofFields })
  .refine(isOneProof, ONE_PROOF)
  .meta({ id: 'FinishLogin' });

const StateAnswer = z
  .object({
    enabled: z.boolean(),
    confirmed_at: Timestamp.nullable(),
    recovery_codes_left: z.number().int(),
    allowed_actions: z.array(z.enum(['set_up', 'confirm', 'renew_recovery_codes', 'disable'])),
  })
  .meta({ id: 'TwoFactor' });
const SetUpAnswer = z
  .object({
    secret: z.string().meta({ description: 'Base 32, to type into an app' }),
    otpauth_uri: z.string(),
    qr_svg: z.string().meta({ description: 'The same as a picture to scan' }),
  })
  .meta({ id: 'TwoFactorSetUp' });
const CodesAnswer = z
  .object({ recovery_codes: z.array(z.string()) })
  .meta({ id: 'RecoveryCodes', description: 'Each works once instead of a code; they are not shown again' });

export const twoFactorRoutes = createRoutes();
export const twoFactorAliases = createRoutes();

twoFactorRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/two-factor',
    operationId: 'getTwoFactor',
    tags: TAGS,
    summary: 'Whether signing in asks for a code',
    responses: { 200: json(StateAnswer, 'The state'), ...problems(401) },
  }),
  async (c) => {
    const state = await readTwoFactor(c.get('deps'), callerIn(c));
    const enabled = state.confirmedAtMs !== null;
    return c.json(
      {
        enabled,
        confirmed_at: state.confirmedAtMs === null ? null : rfc3339(state.confirmedAtMs),
        recovery_codes_left: state.recoveryCodesLeft,
        allowed_actions: enabled
          ? (['renew_recovery_codes', 'disable'] as const).slice()
          : (['set_up', ...(state.isStarted ? (['confirm'] as const) : [])] as const).slice(),
      },
      200,
    );
  },
);

twoFactorRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'post',
    path: '/me/two-factor/setup',
    operationId: 'setUpTwoFactor',
    tags: TAGS,
    summary: 'Get a secret for an authenticator app; it counts once a code of it is confirmed',
    request: { body: jsonBody(SetUpBody) },
    responses: {
      201: json(SetUpAnswer, 'What the app needs'),
      ...problems(400, 401, 403, 409, 413, 415, 503),
    },
  }),
  async (c) => {
    const { secret, uri, qrSvg } = await setUpTwoFactor(
      c.get('deps'),
      callerIn(c),
      c.req.valid('json').password,
    );
    return c.json({ secret, otpauth_uri: uri, qr_svg: qrSvg }, 201);
  },
);

twoFactorRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'post',
    path: '/me/two-factor/confirm',
    operationId: 'confirmTwoFactor',
    tags: TAGS,
    summary: 'Turn it on with the first code of the app',
    request: { body: jsonBody(ConfirmBody) },
    responses: { 200: json(CodesAnswer, 'It is on'), ...problems(400, 401, 403, 409, 413, 415) },
  }),
  async (c) => {
    const { code } = c.req.valid('json');
    const codes = await confirmTwoFactor(c.get('deps'), callerIn(c), code, clientOf(c));
    return c.json({ recovery_codes: codes }, 200);
  },
);

twoFactorRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'post',
    path: '/me/two-factor/recovery-codes',
    operationId: 'renewRecoveryCodes',
    tags: TAGS,
    summary: 'Get new recovery codes; the old ones stop working',
    request: { body: jsonBody(ProveBody) },
    responses: {
      200: json(CodesAnswer, 'The new codes'),
      ...problems(400, 401, 403, 409, 413, 415, 503),
    },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const input = { password: body.password, proof: proofOf(body) };
    const codes = await renewRecoveryCodes(c.get('deps'), callerIn(c), input, clientOf(c));
    return c.json({ recovery_codes: codes }, 200);
  },
);

twoFactorRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/me/two-factor/disable',
    operationId: 'disableTwoFactor',
    tags: TAGS,
    summary: 'Turn it off, with the password and a code',
    request: { body: jsonBody(ProveBody) },
    responses: {
      204: { description: 'Signing in asks for the password alone' },
      ...problems(400, 401, 403, 409, 413, 415, 503),
    },
  }),
  async (c) => {
    const body = c.req.valid('json');
    const input = { password: body.password, proof: proofOf(body) };
    await disableTwoFactor(c.get('deps'), callerIn(c), input, clientOf(c));
    return c.body(null, 204);
  },
);

for (const [routes, path, hide] of [
  [twoFactorRoutes, '/auth/login/two-factor', false],
  [twoFactorAliases, '/login/two-factor', true],
] as const)
  routes.openapi(
    createRoute({
      ...open,
      method: 'post',
      path,
      operationId: 'finishLogin',
      tags: TAGS,
      hide,
      summary: 'The second step of signing in: a code of the app, or a recovery code',
      request: { body: jsonBody(FinishBody) },
      responses: { 200: json(SignedInSchema, 'Signed in'), ...problems(400, 401, 403, 409, 413, 415) },
    }),
    async (c) => {
      const body = c.req.valid('json');
      const client = clientOf(c);
      const signed = await finishLogin(
        c.get('deps'),
        { challenge: body.challenge, proof: proofOf(body) },
        client,
      );
      rememberDevice(c, client, signed.deviceToken);
      return c.json(presentSignedIn(signed), 200);
    },
  );
