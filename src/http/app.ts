import type { HonoRequest } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { Deps } from '../deps.ts';
import { type Failure, failure } from '../domain/errors.ts';
import { accountsAliases, accountsRoutes, wellKnownRoutes } from '../features/accounts/accounts.routes.ts';
import { deletionRoutes } from '../features/accounts/deletion.routes.ts';
import { passwordAliases, passwordRoutes } from '../features/accounts/passwords.routes.ts';
import { sessionsRoutes } from '../features/accounts/sessions.routes.ts';
import { twoFactorAliases, twoFactorRoutes } from '../features/accounts/two-factor.routes.ts';
import { administrationRoutes } from '../features/administration/administration.routes.ts';
import { analyticsRoutes } from '../features/analytics/analytics.routes.ts';
import { auditRoutes } from '../features/audit/audit.routes.ts';
import { catalogRoutes } from '../features/catalog/catalog.routes.ts';
import { channelsAliases, channelsRoutes } from '../features/channels/channels.routes.ts';
import { offerFeedRoutes } from '../features/channels/offer-feed.routes.ts';
import { blocksRoutes } from '../features/conversations/blocks.routes.ts';
import { conversationsRoutes } from '../features/conversations/conversations.routes.ts';
import { filesRoutes } from '../features/conversations/files.routes.ts';
import { messagesRoutes } from '../features/conversations/messages.routes.ts';
import { discoveryRoutes } from '../features/discovery/discovery.routes.ts';
import { disputesRoutes } from '../features/disputes/disputes.routes.ts';
import { disputesAdminRoutes } from '../features/disputes/disputes-admin.routes.ts';
import { feeSchedulesRoutes } from '../features/fees/fee-schedules.routes.ts';
import { flagsRoutes } from '../features/flags/flags.routes.ts';
import { integrityRoutes } from '../features/integrity/integrity.routes.ts';
import { kycRoutes } from '../features/kyc/kyc.routes.ts';
import { ledgerRoutes } from '../features/ledger/ledger.routes.ts';
import { categoriesRoutes } from '../features/listings/categories.routes.ts';
import { feedsRoutes } from '../features/listings/feeds.routes.ts';
import { listingPhotosRoutes } from '../features/listings/listing-photos.routes.ts';
import { listingsRoutes } from '../features/listings/listings.routes.ts';
import { listingsAdminRoutes } from '../features/listings/listings-admin.routes.ts';
import { booksAdminRoutes } from '../features/market/books-admin.routes.ts';
import { marketRoutes } from '../features/market/market.routes.ts';
import { marketAdminRoutes } from '../features/market/market-admin.routes.ts';
import { ordersRoutes } from '../features/market/orders.routes.ts';
import { mediaRoutes } from '../features/media/media.routes.ts';
import { moderationRoutes } from '../features/moderation/moderation.routes.ts';
import { mailboxPage, mailboxRoutes } from '../features/notifications/mailbox.routes.ts';
import { notificationsRoutes } from '../features/notifications/notifications.routes.ts';
import { notificationsAdminRoutes } from '../features/notifications/notifications-admin.routes.ts';
import { preferencesRoutes as noticePreferencesRoutes } from '../features/notifications/preferences.routes.ts';
import { offerMessagesRoutes } from '../features/offers/offer-messages.routes.ts';
import { offersRoutes } from '../features/offers/offers.routes.ts';
import { addressesRoutes } from '../features/orders/addresses.routes.ts';
import { carrierRoutes } from '../features/orders/carrier.routes.ts';
import { purchasesRoutes } from '../features/orders/orders.routes.ts';
import { ordersAdminRoutes } from '../features/orders/orders-admin.routes.ts';
import { verificationRoutes } from '../features/orders/verification.routes.ts';
import { oversightRoutes } from '../features/payments/oversight.routes.ts';
import { paymentMethodsRoutes } from '../features/payments/payment-methods.routes.ts';
import { paymentsRoutes } from '../features/payments/payments.routes.ts';
import { walletRoutes } from '../features/payments/wallet.routes.ts';
import { webhookInboxRoutes } from '../features/payments/webhook-inbox.routes.ts';
import { webhookRoutes } from '../features/payments/webhooks.routes.ts';
import { exportRoutes } from '../features/privacy/export.routes.ts';
import { profilesRoutes } from '../features/profiles/profiles.routes.ts';
import { reportsRoutes } from '../features/reports/reports.routes.ts';
import { reviewsRoutes } from '../features/reviews/reviews.routes.ts';
import { rolesRoutes } from '../features/roles/roles.routes.ts';
import { streamsRoutes } from '../features/streams/streams.routes.ts';
import { deadLettersRoutes } from '../features/system/dead-letters.routes.ts';
import { createDocumentRoutes } from '../features/system/documents.routes.ts';
import { metricsRoutes } from '../features/system/metrics.routes.ts';
import { systemRoutes } from '../features/system/system.routes.ts';
import { usersRoutes } from '../features/users/users.routes.ts';
import { createRoutes } from './factory.ts';
import { fail, MALFORMED_JSON, Problem, problemResponse } from './problem.ts';
import { limitAddress, rememberedRequestId } from './request-context.ts';
import { unexpectedAnswer } from './unexpected.ts';

/** Stricter than what the validators take for JSON: a body that they would pass over must not count as an empty one. */
const JSON_TYPE = /^application\/json(;\s*[\w-]+=[^;]+)*$/;
const FORM_TYPE = /^application\/x-www-form-urlencoded(;|$)/;
const LOGIN_PATH = /^\/api\/v1\/(auth\/)?(login|token)$/;
/** Routes whose body is a file, which they look at themselves. */
const FILE_UPLOAD = /^\/api\/v1\/.*\/(images|photos|avatar|documents)$/;

/** The whole API. Standard headers, request ids and logs are put on by the entry, around this app. */
export function createApp(deps: Deps) {
  const app = createRoutes();

  app.onError((error, c) => {
    if (error instanceof Problem) return fail(c, error.failure, error.headers);
    if (error instanceof HTTPException && error.status < 500) {
      return fail(c, refusalOf(error.status));
    }
    return unexpectedAnswer(deps, error, c.get('requestId'), c.req.path);
  });
  app.notFound((c) =>
    fail(c, failure('route_not_found', `There is no ${c.req.method} ${c.req.path}. See /docs.`)),
  );

  // Every layer here costs each request a turn of promises, which shows on a memoised read: one layer does for both.
  app.use((c, next) => {
    c.set('deps', deps);
    c.set('requestId', rememberedRequestId(c.req.raw));
    c.set('caller', null);
    return limitAddress(c, next);
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        problemResponse(
          failure('method_not_allowed', `This route takes ${methods.join(', ')}.`),
          c.get('requestId'),
          {
            Allow: methods.join(', '),
          },
        ),
    }),
  );
  const limitTo = (maxSize: number) =>
    bodyLimit({
      maxSize,
      onError: (c) => fail(c, failure('body_too_large', `The body is larger than ${maxSize} bytes.`)),
    });
  const limitBody = limitTo(deps.config.MAX_BODY_BYTES);
  const limitImage = limitTo(deps.config.MAX_IMAGE_BYTES);
  app.use(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    if (!isOfKnownType(c.req)) {
      return fail(c, failure('unsupported_media_type', 'Send the body as Content-Type: application/json.'));
    }
    return FILE_UPLOAD.test(c.req.path) ? limitImage(c, next) : limitBody(c, next);
  });

  app.route('/', systemRoutes);
  app.route('/', metricsRoutes);
  app.route('/', wellKnownRoutes);
  app.route('/api/v1', accountsRoutes);
  app.route('/api/v1', accountsAliases);
  app.route('/api/v1', passwordRoutes);
  app.route('/api/v1', passwordAliases);
  app.route('/api/v1', sessionsRoutes);
  app.route('/api/v1', profilesRoutes);
  app.route('/api/v1', deletionRoutes);
  app.route('/api/v1', rolesRoutes);
  app.route('/api/v1', usersRoutes);
  app.route('/api/v1', kycRoutes);
  app.route('/api/v1', exportRoutes);
  app.route('/api/v1', twoFactorRoutes);
  app.route('/api/v1', twoFactorAliases);
  app.route('/api/v1', catalogRoutes);
  app.route('/api/v1', discoveryRoutes);
  app.route('/api/v1', analyticsRoutes);
  app.route('/', mediaRoutes);
  app.route('/api/v1', ordersRoutes);
  app.route('/api/v1', paymentsRoutes);
  app.route('/api/v1', paymentMethodsRoutes);
  app.route('/api/v1', walletRoutes);
  app.route('/api/v1', oversightRoutes);
  app.route('/api/v1', webhookRoutes);
  app.route('/api/v1', marketRoutes);
  app.route('/api/v1', marketAdminRoutes);
  app.route('/api/v1', booksAdminRoutes);
  app.route('/api/v1', purchasesRoutes);
  app.route('/api/v1', verificationRoutes);
  app.route('/api/v1', addressesRoutes);
  app.route('/api/v1', carrierRoutes);
  app.route('/api/v1', ledgerRoutes);
  app.route('/api/v1', feedsRoutes);
  app.route('/api/v1', listingsRoutes);
  app.route('/api/v1', listingsAdminRoutes);
  app.route('/api/v1', categoriesRoutes);
  app.route('/api/v1', listingPhotosRoutes);
  app.route('/api/v1', channelsRoutes);
  app.route('/api/v1', offerFeedRoutes);
  app.route('/api/v1', streamsRoutes);
  app.route('/', channelsAliases);
  app.route('/api/v1', blocksRoutes);
  app.route('/api/v1', conversationsRoutes);
  app.route('/api/v1', messagesRoutes);
  app.route('/api/v1', filesRoutes);
  app.route('/api/v1', offersRoutes);
  app.route('/api/v1', noticePreferencesRoutes);
  app.route('/api/v1', notificationsRoutes);
  app.route('/api/v1', notificationsAdminRoutes);
  app.route('/api/v1', mailboxRoutes);
  app.route('/', mailboxPage);
  app.route('/api/v1', offerMessagesRoutes);
  app.route('/api/v1', auditRoutes);
  app.route('/api/v1', flagsRoutes);
  app.route('/api/v1', integrityRoutes);
  app.route('/api/v1', reviewsRoutes);
  app.route('/api/v1', moderationRoutes);
  app.route('/api/v1', reportsRoutes);
  app.route('/api/v1', disputesRoutes);
  app.route('/api/v1', disputesAdminRoutes);
  app.route('/api/v1', ordersAdminRoutes);
  app.route('/api/v1', feeSchedulesRoutes);
  app.route('/api/v1', webhookInboxRoutes);
  app.route('/api/v1', deadLettersRoutes);
  app.route('/api/v1', administrationRoutes);
  app.route('/', createDocumentRoutes(app));
  return app;
}

export type App = ReturnType<typeof createApp>;

/** Bodies are JSON; but for pictures, which their route looks at itself, and sign-in forms. */
function isOfKnownType(request: HonoRequest): boolean {
  const hasBody = request.raw.body !== null && request.header('Content-Length') !== '0';
  if (!hasBody || FILE_UPLOAD.test(request.path)) return true;
  const type = request.header('Content-Type') ?? '';
  return JSON_TYPE.test(type) || (FORM_TYPE.test(type) && LOGIN_PATH.test(request.path));
}

/** What the framework itself refuses, while it reads a body. */
function refusalOf(status: number): Failure {
  if (status === 413) return failure('body_too_large', 'The body is larger than this route accepts.');
  if (status === 415)
    return failure('unsupported_media_type', 'This route does not take a body of this Content-Type.');
  return MALFORMED_JSON;
}
