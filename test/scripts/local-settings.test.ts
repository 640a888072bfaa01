import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingsLeftOut } from '../../scripts/support/local-settings.ts';

const TOML = readFileSync('wrangler.toml', 'utf8');
const EXAMPLE = readFileSync('.dev.vars.example', 'utf8');

describe('the settings of a local market', () => {
  it('that wrangler leaves out are handed over, and no others', () => {
    const devVars = [
      '# a note',
      'ENVIRONMENT=local',
      'DATA_KEY=sealed',
      'VAPID_KEY=abc_-9',
      'STRIPE_SECRET_KEY="sk_test:1"',
      'STRIPE_WEBHOOK_SECRET=',
      '# DEMO_SEED=1',
      'DEMO_DECLINE_PERCENT = 15',
    ].join('\n');
    expect(settingsLeftOut(devVars, TOML)).toEqual([
      'VAPID_KEY:abc_-9',
      'STRIPE_SECRET_KEY:sk_test:1',
      'DEMO_DECLINE_PERCENT:15',
    ]);
  });

  it('are every one that the example shows and a deployment can do without', () => {
    const filled = EXAMPLE.replace(/^# (DEMO_\w+=)/gm, '$1').replace(/=.*$/gm, '=x');
    expect(
      settingsLeftOut(filled, TOML)
        .map((setting) => setting.split(':')[0])
        .sort(),
    ).toEqual([
      'CARRIER_WEBHOOK_SECRET',
      'DEMO_DECLINE_PERCENT',
      'DEMO_MAX_LATENCY_MS',
      'DEMO_MIN_LATENCY_MS',
      'DEMO_SEED',
      'DEMO_TIMEOUT_MS',
      'DEVICE_PUSH_TOKEN',
      'SMS_TOKEN',
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRET',
      'VAPID_KEY',
    ]);
  });
});
