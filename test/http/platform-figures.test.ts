import { beforeAll, describe, expect, it } from 'vitest';
import { rollups } from '../../src/db/analytics-schema.ts';
import { recordThrough } from '../../src/db/breakers.ts';
import { breakers } from '../../src/db/payments-schema.ts';
import { deadLetters } from '../../src/db/schema.ts';
import { FAILURES_TO_OPEN } from '../../src/domain/payments/circuit-breaker.ts';
import { bodyOf, request, signUp, signUpAdmin, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { createBook } from '../support/books.ts';
import { refusalOf } from '../support/catalog.ts';

interface Revenue {
  gmv_cents: Record<string, number>;
  fees_cents: Record<string, number>;
  orders_paid: number;
}
interface Report<T> {
  total: T;
  series: (T & { starts_at: string })[];
}

let admin: TestUser;
let user: TestUser;

const read = (path: string, by: TestUser = admin) => request(`/api/v1/admin/${path}`, { token: by.token });

/** A day of trade, as the roll-ups have it. */
const traded = (day: string, key: string, cents: number) =>
  deps.db.insert(rollups).values(
    [
      ['gmv_cents', cents, key],
      ['fees_cents', cents / 10, key],
      ['orders_paid', 1, key],
      ['matches', 2, ''],
    ].map(([metric, value, currency]) => ({
      grain: 'day' as const,
      startsAt: Date.parse(day),
      metric: metric as string,
      key: currency as string,
      value: value as number,
    })),
  );

beforeAll(async () => {
  admin = await signUpAdmin('fig-admin');
  user = await signUp('fig-user');
  // Sunday, Monday, and the Monday after: two weeks, and two months.
  await traded('2026-03-29', 'USD', 1_000);
  await traded('2026-03-30', 'AED', 2_000);
  await traded('2026-04-06', 'USD', 4_000);
});

const RANGE = 'from=2026-03-01&to=2026-05-01';

describe('revenue', () => {
  it.each([
    ['day', ['2026-03-29', '2026-03-30', '2026-04-06']],
    ['week', ['2026-03-23', '2026-03-30', '2026-04-06']],
    ['month', ['2026-03-01', '2026-04-01']],
  ])('by %s adds up to the same', async (by, starts) => {
    const report = await bodyOf<Report<Revenue>>(await read(`revenue?by=${by}&${RANGE}`));
    expect(report.series.map(({ starts_at }) => starts_at.slice(0, 10))).toEqual(starts);
    expect(report.total).toMatchObject({
      gmv_cents: { USD: 5_000, AED: 2_000 },
      fees_cents: { USD: 500, AED: 200 },
      orders_paid: 3,
    });
  });

  it('takes no range that is empty, endless or none', async () => {
    for (const wrong of [
      'from=2026-02-01&to=2026-01-01',
      'from=1990-01-01&to=2026-01-01',
      'from=soon',
      'by=year',
    ])
      expect(await refusalOf(await read(`revenue?${wrong}`))).toBe('422 validation_failed');
  });
});

describe('activity and stats', () => {
  it('tell what people did', async () => {
    const report = await bodyOf<Report<{ matches: number }>>(await read(`activity?by=month&${RANGE}`));
    expect(report.series.map(({ matches }) => matches)).toEqual([4, 2]);
    const stats = await bodyOf<{ all_time: Revenue; modules: Record<string, unknown> }>(await read('stats'));
    expect(stats.all_time.gmv_cents).toMatchObject({ USD: 5_000 });
    expect(stats.modules).toHaveProperty('trust.reports_open');
  });
});

describe('reports', () => {
  it('are tables, as JSON and as CSV', async () => {
    const table = await bodyOf<{ columns: string[]; rows: unknown[][] }>(
      await read(`business-reports/financial?${RANGE}`),
    );
    expect(table.columns).toEqual(['period', 'metric', 'currency', 'value']);
    expect(table.rows).toContainEqual(['2026-04-01', 'gmv_cents', 'USD', 4_000]);
    const csv = await read(`business-reports/weekly?${RANGE}&format=csv`);
    expect(csv.headers.get('Content-Type')).toContain('text/csv');
    const lines = (await csv.text()).split('\r\n');
    expect(lines[0]).toBe('period,metric,currency,value');
    expect(lines).toContain('2026-03-30,gmv_cents,AED,2000');
    for (const kind of ['daily', 'monthly', 'dispute', 'activity'])
      expect((await read(`business-reports/${kind}`)).status).toBe(200);
    expect(await refusalOf(await read('business-reports/secret'))).toBe('422 validation_failed');
    expect(await refusalOf(await read('business-reports/daily?format=xml'))).toBe('422 validation_failed');
  });
});

describe('the health of modules', () => {
  it('tells what waits, and that something does', async () => {
    interface Health {
      status: string;
      modules: { name: string; status: string; facts: Record<string, number> }[];
    }
    const moduleIn = (health: Health, name: string) => health.modules.find((module) => module.name === name);
    const before = await bodyOf<Health>(await read('health'));
    expect(moduleIn(before, 'dead_letters')).toMatchObject({ status: 'up', facts: { waiting: 0 } });
    expect(moduleIn(before, 'configuration')!.facts).toMatchObject({ trading_enabled: 1 });
    await deps.db.insert(deadLetters).values({
      id: 'fig-letter',
      queue: 'bourse-events',
      body: '{}',
      reason: 'A test',
      attempts: 1,
      createdAt: deps.now(),
    });
    const after = await bodyOf<Health>(await read('health'));
    expect(after.status).toBe('degraded');
    expect(moduleIn(after, 'dead_letters')).toMatchObject({ status: 'degraded', facts: { waiting: 1 } });
  });
});

describe('the breakers of what we depend on', () => {
  it.each([
    ['payments', 'processor'],
    ['mail', 'mail'],
  ])('show in the module %s when calls of the %s keep failing', async (module, provider) => {
    const facts = async () => {
      const { modules } = await bodyOf<{
        modules: { name: string; status: string; facts: Record<string, number> }[];
      }>(await read('health'));
      return modules.find(({ name }) => name === module);
    };
    expect(await facts()).toMatchObject({ status: 'up', facts: { breaker_open: 0, breaker_failures: 0 } });
    await recordThrough(deps.db, provider, 'error', deps.now());
    expect(await facts()).toMatchObject({ status: 'up', facts: { breaker_open: 0, breaker_failures: 1 } });
    for (let call = 1; call < FAILURES_TO_OPEN; call += 1)
      await recordThrough(deps.db, provider, 'error', deps.now());
    expect(await facts()).toMatchObject({ status: 'degraded', facts: { breaker_open: 1 } });
    await deps.db.delete(breakers);
  });
});

describe('a module that does not keep up', () => {
  const LATE_MS = 10 * 60_000;
  const stateOf = async (name: string) => {
    const { modules } = await bodyOf<{ modules: { name: string; status: string }[] }>(await read('health'));
    return modules.find((module) => module.name === name)!.status;
  };

  for (const [name, breaks, mends] of [
    [
      'events',
      "insert into outbox (event_id, type, body, created_at, due_at, attempts) values ('evt_late', 'nothing', '{}', ?1, ?1, 0)",
      "delete from outbox where event_id = 'evt_late'",
    ],
    [
      'books',
      'update sizes set config_version = config_version + 1, updated_at = ?1 where id = (select min(id) from sizes)',
      'update sizes set config_synced = config_version',
    ],
  ] as const)
    it(`is told of: ${name}`, async () => {
      await createBook();
      await deps.d1.exec(mends);
      expect(await stateOf(name)).toBe('up');
      await deps.d1.prepare(breaks).bind(deps.now()).run();
      // What has only just begun to wait is nothing to worry about.
      expect(await stateOf(name)).toBe('up');
      await deps.d1.exec(mends);
      await deps.d1
        .prepare(breaks)
        .bind(deps.now() - LATE_MS)
        .run();
      expect(await stateOf(name)).toBe('degraded');
      await deps.d1.exec(mends);
      expect(await stateOf(name)).toBe('up');
    });
});

describe('all of it', () => {
  it('is for those who may read it', async () => {
    for (const path of ['stats', 'revenue', 'activity', 'health', 'business-reports/daily']) {
      expect(await refusalOf(await read(path, user)), path).toBe('403 forbidden');
      expect((await request(`/api/v1/admin/${path}`)).status, path).toBe(401);
    }
  });
});
