import { createRoute, z } from '@hono/zod-openapi';
import { INSTANT_PAYOUT_BPS } from '../../domain/payments/payout.ts';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { decodeCursor, encodeCursor, PageQuery } from '../../http/cursor.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339 } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { walletEntries, walletOf } from '../ledger/wallet.usecases.ts';
import { clearProceeds } from '../orders/clear-proceeds.ts';
import { listPayouts } from './payments.repository.ts';
import { namedCard, presented } from './payments.routes.ts';
import {
  NewPayout,
  NewPayoutSettings,
  NewTopUp,
  PaymentAnswer,
  PayoutAnswer,
  PayoutId,
  PayoutList,
  PayoutSettingsAnswer,
  presentPayout,
  SellerAnswer,
  WalletAnswer,
  WalletEntries,
} from './payments.schemas.ts';
import { topUp } from './payments.usecases.ts';
import { getPayout, retryPayout, withdraw } from './payouts.usecases.ts';
import {
  changePayoutSettings,
  onboardSeller,
  type PayoutSettings,
  payoutSettingsOf,
} from './sellers.usecases.ts';

const TAGS = ['Wallet and payouts'];
const READ = { tags: TAGS, ...signedIn };
const PARTY_READ = { tags: TAGS, ...party };
const MUTATION = { tags: TAGS, ...mutation(signedIn) };

export const walletRoutes = createRoutes();

walletRoutes.openapi(
  createRoute({
    ...READ,
    method: 'get',
    path: '/wallet',
    operationId: 'getWallet',
    summary: 'What you have, currency by currency, as the ledger says',
    responses: {
      200: json(WalletAnswer, 'The balances; currencies that never moved are left out'),
      ...problems(401),
    },
  }),
  async (c) => {
    const { userId } = callerIn(c);
    await clearProceeds(c.get('deps'), userId);
    const wallet = await walletOf(c.get('deps'), userId);
    const balances = wallet.map(({ currency, availableCents, pendingCents, lockedCents }) => ({
      currency,
      available_cents: availableCents,
      pending_cents: pendingCents,
      locked_cents: lockedCents,
    }));
    return c.json({ balances }, 200);
  },
);

walletRoutes.openapi(
  createRoute({
    ...READ,
    method: 'get',
    path: '/wallet/entries',
    operationId: 'listWalletEntries',
    summary: 'What moved in your wallet, newest first',
    request: { query: PageQuery },
    responses: { 200: json(WalletEntries, 'Entries of the ledger'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const before = decodeCursor(cursor, z.tuple([z.number().int()]));
    const rows = await walletEntries(c.get('deps'), callerIn(c).userId, before?.[0] ?? null, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json(
      {
        data: page.map((row) => ({
          id: `${row.transactionId}:${row.seq}`,
          amount_cents: row.amountCents,
          currency: row.currency,
          reason: row.reason,
          order_id: row.orderId,
          created_at: rfc3339(row.createdAt),
        })),
        next_cursor: rows.length > limit && last ? encodeCursor([last.seq]) : null,
      },
      200,
    );
  },
);

walletRoutes.openapi(
  createRoute({
    ...MUTATION,
    method: 'post',
    path: '/wallet/top-up',
    operationId: 'topUpWallet',
    summary: 'Put money of a card into your wallet',
    request: { body: jsonBody(NewTopUp) },
    responses: { 201: json(PaymentAnswer, 'The payment'), ...problems(400, 401, 404, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const caller = callerIn(c);
    const body = c.req.valid('json');
    const processorMethodId = (await namedCard(deps, body, caller)) ?? '';
    const payment = await topUp(
      deps,
      { amountCents: body.amount_cents, currency: body.currency, processorMethodId },
      caller,
    );
    return c.json(await presented(deps, payment, caller), 201);
  },
);

for (const { path, operationId } of [
  { path: '/wallet/withdraw', operationId: 'withdrawFromWallet' },
  { path: '/payouts', operationId: 'createPayout' },
])
  walletRoutes.openapi(
    createRoute({
      ...MUTATION,
      method: 'post',
      path,
      operationId,
      summary: 'Pay out of your wallet to your bank; instantly for 2 % of it',
      request: { body: jsonBody(NewPayout) },
      responses: { 201: json(PayoutAnswer, 'The payout'), ...problems(400, 401, 409, 413, 415) },
    }),
    async (c) => {
      const { amount_cents, currency, is_instant } = c.req.valid('json');
      const payout = await withdraw(
        c.get('deps'),
        { amountCents: amount_cents, currency, isInstant: is_instant },
        callerIn(c),
      );
      return c.json(presentPayout(payout), 201);
    },
  );

walletRoutes.openapi(
  createRoute({
    ...READ,
    method: 'get',
    path: '/payouts',
    operationId: 'listPayouts',
    summary: 'Your payouts, newest first',
    request: { query: PageQuery },
    responses: { 200: json(PayoutList, 'The payouts'), ...problems(401) },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const before = decodeCursor(cursor, z.tuple([z.number().int(), z.string()]));
    const rows = await listPayouts(c.get('deps').db, callerIn(c).userId, before, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next = rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null;
    return c.json({ data: page.map(presentPayout), next_cursor: next }, 200);
  },
);

const presentSettings = ({
  schedule,
  minimumCents,
  isInstant,
  nextPayoutAtMs,
  hasAccount,
}: PayoutSettings) => ({
  schedule,
  minimum_cents: minimumCents,
  is_instant: isInstant,
  instant_fee_bps: INSTANT_PAYOUT_BPS,
  next_payout_at: nextPayoutAtMs === null ? null : rfc3339(nextPayoutAtMs),
  has_account: hasAccount,
});

walletRoutes.openapi(
  createRoute({
    ...READ,
    method: 'get',
    path: '/payouts/settings',
    operationId: 'getPayoutSettings',
    summary: 'How and when you are paid out',
    responses: { 200: json(PayoutSettingsAnswer, 'The settings'), ...problems(401) },
  }),
  async (c) => c.json(presentSettings(await payoutSettingsOf(c.get('deps'), callerIn(c).userId)), 200),
);

walletRoutes.openapi(
  createRoute({
    ...MUTATION,
    method: 'put',
    path: '/payouts/settings',
    operationId: 'changePayoutSettings',
    summary: 'Be paid out by yourself after each sale, by the day, week or month, or only when you ask',
    request: { body: jsonBody(NewPayoutSettings) },
    responses: {
      200: json(PayoutSettingsAnswer, 'The settings'),
      ...problems(400, 401, 409, 413, 415),
    },
  }),
  async (c) => {
    const { schedule, minimum_cents: minimumCents, is_instant: isInstant } = c.req.valid('json');
    const settings = await changePayoutSettings(
      c.get('deps'),
      { schedule, minimumCents, isInstant },
      callerIn(c),
    );
    return c.json(presentSettings(settings), 200);
  },
);

walletRoutes.openapi(
  createRoute({
    tags: TAGS,
    ...mutation(party),
    method: 'post',
    path: '/payouts/{payout_id}/retry',
    operationId: 'retryPayout',
    summary: 'Try a payout again that failed: by its owner or by finance',
    request: { params: PayoutId },
    responses: { 200: json(PayoutAnswer, 'The payout, on its way again'), ...problems(401, 403, 404, 409) },
  }),
  async (c) => {
    const { payout_id: payoutId } = c.req.valid('param');
    const payout = await retryPayout(c.get('deps'), payoutId, callerIn(c), auditedActor(c));
    return c.json(presentPayout(payout), 200);
  },
);

walletRoutes.openapi(
  createRoute({
    ...PARTY_READ,
    method: 'get',
    path: '/payouts/{payout_id}',
    operationId: 'getPayout',
    summary: 'Read a payout: your own, or anybody’s for finance',
    request: { params: PayoutId },
    responses: { 200: json(PayoutAnswer, 'The payout'), ...problems(401, 404) },
  }),
  async (c) => {
    const payout = await getPayout(c.get('deps'), c.req.valid('param').payout_id, callerIn(c));
    return c.json(presentPayout(payout), 200);
  },
);

walletRoutes.openapi(
  createRoute({
    ...MUTATION,
    method: 'post',
    path: '/seller/account',
    operationId: 'onboardSeller',
    summary: 'Tell the payment processor where to pay you: gives a link to its form',
    responses: { 201: json(SellerAnswer, 'The account and the link'), ...problems(401, 503) },
  }),
  async (c) => {
    const { account, url, expiresAtMs } = await onboardSeller(
      c.get('deps'),
      callerIn(c),
      new URL('/', c.req.url).href,
    );
    return c.json(
      { can_be_paid_out: account.canBePaidOut, onboarding_url: url, expires_at: rfc3339(expiresAtMs) },
      201,
    );
  },
);
