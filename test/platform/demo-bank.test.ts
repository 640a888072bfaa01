import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createDb } from '../../src/db/client.ts';
import { CALM, createDemoBank, type DemoBankMood } from '../../src/platform/payments/demo-bank.ts';
import { createDemoProcessor } from '../../src/platform/payments/demo-processor.ts';
import { createStripeGateway } from '../../src/platform/payments/stripe-gateway.ts';
import { NOW_MS } from '../support/processor.ts';

/** The knobs of the reference (EV-10): 1 to 5 seconds, 4 of patience, 15 of 100 declined. */
const EV_10: DemoBankMood = {
  minLatencyMs: 1_000,
  maxLatencyMs: 5_000,
  timeoutMs: 4_000,
  declinePercent: 15,
  seed: 1,
};
const NAMES = Array.from({ length: 2_000 }, (_, n) => `charge ${n}`);

function bankWith(mood: Partial<DemoBankMood>) {
  const sleeps: number[] = [];
  const bank = createDemoBank({ ...CALM, ...mood }, async (ms) => {
    sleeps.push(ms);
  });
  return { bank, sleeps };
}

function gatewayWith(mood: Partial<DemoBankMood>) {
  const { bank, sleeps } = bankWith(mood);
  const webhookSecret = 'whsec_bank';
  const { fetch: fetchFn } = createDemoProcessor({
    db: createDb(env.DB),
    now: () => NOW_MS,
    webhookSecret,
    bank,
    deliver: async () => {},
  });
  const apiBase = 'https://demo-processor.invalid';
  return { gateway: createStripeGateway({ secretKey: 'sk_demo', webhookSecret, apiBase, fetchFn }), sleeps };
}

const charge = (paymentId: string) => ({
  paymentId,
  orderId: `ord_${paymentId}`,
  amountCents: 2_000,
  currency: 'USD',
  customerId: null,
  paymentMethodId: 'pm_card_visa',
  isOffSession: false,
  returnUrl: 'https://bourse.test/',
});

describe('the banks of the demo', () => {
  it('decline about as many as they are told, the same ones for the same seed', () => {
    const fates = (seed: number) => NAMES.map((name) => bankWith({ ...EV_10, seed }).bank.declines(name));
    const declined = fates(1).filter(Boolean).length;
    expect(declined).toBeGreaterThan(200);
    expect(declined).toBeLessThan(400);
    expect(fates(1)).toEqual(fates(1));
    expect(fates(1)).not.toEqual(fates(2));
  });

  it('take between the least and the most, and are not waited for longer than that', async () => {
    const { bank, sleeps } = bankWith(EV_10);
    const answers = await Promise.all(NAMES.map((name) => bank.answersInTime(name)));
    expect(Math.min(...sleeps)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...sleeps)).toBe(4_000);
    const late = answers.filter((inTime) => !inTime).length;
    expect(late).toBeGreaterThan(400);
    expect(late).toBeLessThan(600);
  });

  it('are calm unless told otherwise: no decline, no wait', async () => {
    const { bank, sleeps } = bankWith({});
    expect(NAMES.some((name) => bank.declines(name))).toBe(false);
    expect(await Promise.all(NAMES.map((name) => bank.answersInTime(name)))).not.toContain(false);
    expect(sleeps).toEqual([]);
  });

  it('decline through the processor as any bank does', async () => {
    const { gateway } = gatewayWith({ declinePercent: 100 });
    expect(await gateway.charge(charge('pay_declined'), 'key declined')).toMatchObject({
      kind: 'declined',
      code: 'do_not_honor',
    });
  });

  it('lose the answer when they take too long, and a repeat under the key gets it', async () => {
    const { gateway, sleeps } = gatewayWith({ minLatencyMs: 5_000, maxLatencyMs: 5_000 });
    expect(await gateway.charge(charge('pay_late'), 'key late')).toEqual({ kind: 'timeout' });
    expect(sleeps).toEqual([4_000]);
    expect(await gateway.charge(charge('pay_late'), 'key late')).toMatchObject({ kind: 'succeeded' });
    expect(await gateway.find('pay_late')).toMatchObject({ value: { status: 'succeeded' } });
  });
});
