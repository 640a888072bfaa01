import { createRoute, z } from '@hono/zod-openapi';
import { mutation, open, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { Email, GivenPassword, NewPassword } from './accounts.schemas.ts';
import { clientOf } from './device.ts';
import { followEmailLink, requestEmailChange, resendVerification } from './email.usecases.ts';
import { askForReset, changePassword, resetPassword } from './passwords.usecases.ts';

const TAGS = ['Accounts'];

const LinkToken = z
  .string()
  .min(1)
  .max(128)
  .meta({ description: 'From the link in the mail; it works once' });
const ChangePasswordBody = z
  .strictObject({ current_password: GivenPassword, new_password: NewPassword })
  .meta({ id: 'ChangePassword' });
const ForgotPasswordBody = z.strictObject({ email: Email }).meta({ id: 'ForgotPassword' });
const ResetPasswordBody = z
  .strictObject({ token: LinkToken, new_password: NewPassword })
  .meta({ id: 'ResetPassword' });
const VerifyEmailBody = z.strictObject({ token: LinkToken }).meta({ id: 'VerifyEmail' });
const ChangeEmailBody = z
  .strictObject({ password: GivenPassword, new_email: Email })
  .meta({ id: 'ChangeEmail' });
const VerifiedEmail = z.object({ email: z.string(), verified_at: Timestamp }).meta({ id: 'VerifiedEmail' });
const Asked = z.object({ detail: z.string() }).meta({ id: 'MailAsked' });

const MAIL_ANSWER = { detail: 'If there is something to mail, it is on its way.' };

/** The routes of GR-01 under `/auth`, and hidden from the documents under the shorter names. */
function createPasswordRoutes(prefix: '/auth' | '', hide: boolean) {
  const routes = createRoutes();

  routes.openapi(
    createRoute({
      ...mutation(signedIn),
      method: 'post',
      path: `${prefix}/change-password`,
      operationId: 'changePassword',
      tags: TAGS,
      hide,
      summary: 'Set a new password; every other session ends',
      request: { body: jsonBody(ChangePasswordBody) },
      responses: {
        204: { description: 'The password is changed' },
        ...problems(400, 401, 403, 409, 412, 413, 415, 503),
      },
    }),
    async (c) => {
      const { current_password: current, new_password: next } = c.req.valid('json');
      await changePassword(c.get('deps'), callerIn(c), { current, next }, clientOf(c));
      return c.body(null, 204);
    },
  );

  routes.openapi(
    createRoute({
      ...open,
      method: 'post',
      path: `${prefix}/forgot-password`,
      operationId: 'forgotPassword',
      tags: TAGS,
      hide,
      summary: 'Ask for a mail with a link that sets a new password',
      description: 'The answer is the same whether there is such an account or not.',
      request: { body: jsonBody(ForgotPasswordBody) },
      responses: { 202: json(Asked, 'Noted'), ...problems(400, 413, 415) },
    }),
    async (c) => {
      await askForReset(c.get('deps'), c.req.valid('json').email, clientOf(c));
      return c.json(MAIL_ANSWER, 202);
    },
  );

  routes.openapi(
    createRoute({
      ...open,
      method: 'post',
      path: `${prefix}/reset-password`,
      operationId: 'resetPassword',
      tags: TAGS,
      hide,
      summary: 'Set a new password with a mailed link; every session ends',
      request: { body: jsonBody(ResetPasswordBody) },
      responses: { 204: { description: 'The password is set' }, ...problems(400, 401, 412, 413, 415, 503) },
    }),
    async (c) => {
      const { token, new_password: password } = c.req.valid('json');
      await resetPassword(c.get('deps'), { token, password }, clientOf(c));
      return c.body(null, 204);
    },
  );

  routes.openapi(
    createRoute({
      ...open,
      method: 'post',
      path: `${prefix}/verify-email`,
      operationId: 'verifyEmail',
      tags: TAGS,
      hide,
      summary: 'Follow the link of a mail that asks whether an address is yours',
      request: { body: jsonBody(VerifyEmailBody) },
      responses: { 200: json(VerifiedEmail, 'The address is verified'), ...problems(400, 409, 413, 415) },
    }),
    async (c) => {
      const { email, verifiedAtMs } = await followEmailLink(
        c.get('deps'),
        c.req.valid('json').token,
        clientOf(c),
      );
      return c.json({ email, verified_at: rfc3339(verifiedAtMs) }, 200);
    },
  );

  routes.openapi(
    createRoute({
      ...signedIn,
      method: 'post',
      path: `${prefix}/verify-email/resend`,
      operationId: 'resendVerification',
      tags: TAGS,
      hide,
      summary: 'Ask for another verification mail; the link before it goes out of use',
      responses: { 202: json(Asked, 'Noted'), ...problems(401) },
    }),
    async (c) => {
      await resendVerification(c.get('deps'), callerIn(c), clientOf(c));
      return c.json(MAIL_ANSWER, 202);
    },
  );
  return routes;
}

export const passwordRoutes = createPasswordRoutes('/auth', false);
export const passwordAliases = createPasswordRoutes('', true);

passwordRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/auth/change-email',
    operationId: 'changeEmail',
    tags: TAGS,
    summary:
      'Ask for another e-mail address: it becomes the account’s when the link mailed to it is followed',
    request: { body: jsonBody(ChangeEmailBody) },
    responses: { 202: json(Asked, 'Noted'), ...problems(400, 401, 403, 409, 413, 415, 503) },
  }),
  async (c) => {
    const { password, new_email: email } = c.req.valid('json');
    await requestEmailChange(c.get('deps'), callerIn(c), { password, email }, clientOf(c));
    return c.json(MAIL_ANSWER, 202);
  },
);
