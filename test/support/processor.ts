import { env } from 'cloudflare:workers';
import { createDb } from '../../src/db/client.ts';
import type { DemoControls } from '../../src/platform/payments/demo-controls.ts';
import { createDemoProcessor } from '../../src/platform/payments/demo-processor.ts';
import type { PaymentGateway } from '../../src/platform/payments/gateway.ts';
import { createStripeGateway } from '../../src/platform/payments/stripe-gateway.ts';

export const WEBHOOK_SECRET = 'whsec_test';
export const NOW_MS = Date.UTC(2026, 10, 20, 12);

export interface Webhook {
  rawBody: string;
  signature: string;
}

/** The gateway on the demo processor, with the webhooks that it sends. */
export function demoGateway(webhookSecret = WEBHOOK_SECRET): {
  gateway: PaymentGateway;
  controls: DemoControls;
  webhooks: Webhook[];
  /** While true, nobody takes the webhooks. */
  line: { isDown: boolean };
} {
  const webhooks: Webhook[] = [];
  const line = { isDown: false };
  const { fetch: fetchFn, controls } = createDemoProcessor({
    db: createDb(env.DB),
    now: () => NOW_MS,
    webhookSecret,
    deliver: async (rawBody, signature) => {
      if (line.isDown) throw new Error('the line is down');
      webhooks.push({ rawBody, signature });
    },
  });
  const gateway = createStripeGateway({
    secretKey: 'sk_demo',
    webhookSecret,
    apiBase: 'https://demo-processor.invalid',
    fetchFn,
  });
  return { gateway, controls, webhooks, line };
}

/** The value of an outcome, whatever its kind; fails the test when it has none. */
export function valueIn<T>(outcome: { kind: string; value?: T | null }): T {
  if (outcome.value === undefined || outcome.value === null)
    throw new Error(`the outcome is ${JSON.stringify(outcome)}`);
  return outcome.value;
}
