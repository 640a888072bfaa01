import type { Deps } from '../deps.ts';
import { DAY_MS, MINUTE_MS } from '../domain/time.ts';
import { clearProceeds } from '../features/orders/clear-proceeds.ts';
import { sweepOverdueOrders } from '../features/orders/orders.usecases.ts';
import { retryFailedPayouts, sweepScheduledPayouts } from '../features/payments/payouts.usecases.ts';
import { fillWebhookHoles, sweepPayments } from '../features/payments/webhooks.usecases.ts';

/** What time does to orders and their money, in this order. */
export const MONEY_JOBS: Readonly<Record<string, (deps: Deps, nowMs: number) => Promise<unknown>>> = {
  orders: sweepOverdueOrders,
  payments: sweepPayments,
  webhooks: async (deps, nowMs) => (nowMs % DAY_MS < MINUTE_MS ? fillWebhookHoles(deps) : undefined),
  proceeds: (deps) => clearProceeds(deps),
  scheduled_payouts: sweepScheduledPayouts,
  failed_payouts: retryFailedPayouts,
};
