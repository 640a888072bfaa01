import { existsSync, readFileSync } from 'node:fs';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

/** An Ed25519 key that signs nothing but test tokens: base64url of its JWK. */
const TEST_SIGNING_KEY =
  'eyJjcnYiOiJFZDI1NTE5IiwiZCI6IjNrNGNEbC1Cbmo2TmdpdGVlaTViUzhsWHoyY1NfYW9nVzlBM2hnRmVFd1UiLCJ4IjoiNjlIVlp5a3lYX3JjSHhPYW8xelRPVWpIWlp1bEdScGdyR1VGekxMUWJJQSIsImt0eSI6Ik9LUCJ9';

/** An ECDSA P-256 key that signs nothing but the pushes of tests: base64url of its JWK. */
const TEST_VAPID_KEY =
  'eyJrdHkiOiJFQyIsIngiOiJLQUVUTWZqOXUzS2RWeVo5V1dUX3g1OWRYdGpMcEhVX3RmNG5TN2wxNms4IiwieSI6IjcwaXVWLTAxYUg5Mmh2V25FRG1hbDhXZ2JkVEdmdnpZMVBhN0dBYlEzLVEiLCJjcnYiOiJQLTI1NiIsImQiOiJmQ1ZJUHdrS2J3TzVFZEdPcUcySUhhSkF1SG1BOHBueDNMbGpLeGhCN0VFIn0';

/** A test that hangs ends, and one on a machine that is busy with other work does not fail for that. */
const SLOWEST_MS = 180_000;
const POLLED_MS = 20_000;

/** Real negotiations for the replay, where they are at hand: workerd cannot read files. */
const NEGOTIATIONS = '../shared/data/negotiations/dialogues.ndjson';

/** Pure code runs in node, in milliseconds; everything that touches the platform runs in workerd with real bindings. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          environment: 'node',
          include: ['test/{domain,demo,scripts,web}/**/*.test.ts', 'test/*.test.ts'],
          testTimeout: SLOWEST_MS,
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                ENVIRONMENT: 'test',
                LOG_LEVEL: 'error',
                TOKEN_SIGNING_KEY: TEST_SIGNING_KEY,
                DATA_KEY: 'a-key-that-encrypts-nothing-but-test-data_0',
                STRIPE_WEBHOOK_SECRET: 'whsec_known_to_tests_only',
                CARRIER_WEBHOOK_SECRET: 'a secret that only tests and carriers know',
                RATE_READS_PER_ADDRESS: '0',
                RATE_WRITES_PER_ADDRESS: '0',
                RATE_WRITES_PER_USER: '0',
                RATE_AUTH_PER_ADDRESS: '0',
                MARKET_MEMO_MS: '0',
                MAIL_MODE: 'mailbox',
                VAPID_KEY: TEST_VAPID_KEY,
                TEST_NEGOTIATIONS: existsSync(NEGOTIATIONS) ? readFileSync(NEGOTIATIONS, 'utf8') : '',
                TEST_MIGRATIONS: await readD1Migrations('./migrations'),
              },
            },
          })),
        ],
        test: {
          name: 'workers',
          include: ['test/{durable-objects,http,jobs,flows,platform}/**/*.test.ts'],
          setupFiles: ['./test/support/apply-migrations.ts'],
          testTimeout: SLOWEST_MS,
          hookTimeout: SLOWEST_MS,
          expect: { poll: { timeout: POLLED_MS } },
        },
      },
    ],
  },
});
