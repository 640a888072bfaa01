import { and, eq, notInArray, sql } from 'drizzle-orm';
import { activeDays, rollups, sellerDays } from '../../db/analytics-schema.ts';
import { discoveryJobs } from '../../db/discovery-schema.ts';
import type { Deps } from '../../deps.ts';
import { GRAIN_MS, type Grain, periodsDue, REFRESH_MS } from '../../domain/analytics/period.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import { HOUSE_METRICS, SAMPLED_METRICS, SELLER_METRICS, SPREAD } from './metrics.ts';

const JOB = 'roll_ups';
/** Sessions are noted as used about this often; looking back further costs little and misses nobody. */
const SEEN_WITHIN_MS = 30 * MINUTE_MS;

/**
 * Computes the figures of one period anew: what was there is replaced in the same transaction. What was sampled while
 * it ran stays as it was once it has ended.
 */
async function rollUp(deps: Deps, grain: Grain, startsAt: number): Promise<void> {
  const window = { fromMs: startsAt, toMs: startsAt + GRAIN_MS[grain] };
  const isRunning = window.toMs > deps.now();
  const gathered = [...HOUSE_METRICS.map((gather) => gather(window)), ...(isRunning ? [SPREAD] : [])];
  await deps.db.batch([
    deps.db
      .delete(rollups)
      .where(
        and(
          eq(rollups.grain, grain),
          eq(rollups.startsAt, startsAt),
          isRunning ? undefined : notInArray(rollups.metric, [...SAMPLED_METRICS]),
        ),
      ),
    ...gathered.map((rows) =>
      deps.db
        .insert(rollups)
        .select(
          sql`select ${grain}, ${startsAt}, f.* from (select '' as metric, '' as key, 0 as value where false union all ${rows}) as f where f.value <> 0`,
        ),
    ),
  ]);
  if (grain === 'hour') return;
  await deps.db.batch([
    deps.db.delete(sellerDays).where(eq(sellerDays.startsAt, startsAt)),
    ...SELLER_METRICS.map((gather) =>
      deps.db.insert(sellerDays).select(
        sql`select f.seller, ${startsAt}, f.metric, f.key, f.value from (
            select '' as seller, '' as metric, '' as key, 0 as value where false union all ${gather(window)}
          ) as f where f.value <> 0`,
      ),
    ),
  ]);
}

/** Brings the roll-ups up to now: the running hour and day, and those that ended since the last run. */
export async function refreshRollUps(deps: Deps): Promise<void> {
  const nowMs = deps.now();
  const [last] = await deps.db.select().from(discoveryJobs).where(eq(discoveryJobs.name, JOB));
  let reachedMs = nowMs;
  for (const grain of ['hour', 'day'] as const) {
    const periods = periodsDue(grain, last?.doneAt ?? null, nowMs);
    for (const startsAt of periods) await rollUp(deps, grain, startsAt);
    reachedMs = Math.min(reachedMs, (periods.at(-1) ?? nowMs) + GRAIN_MS[grain]);
  }
  await deps.db
    .insert(discoveryJobs)
    .values({ name: JOB, generation: 1, doneAt: reachedMs })
    .onConflictDoUpdate({
      target: discoveryJobs.name,
      set: { generation: sql`${discoveryJobs.generation} + 1`, doneAt: reachedMs },
    });
}

/** Who is here today, noted each minute; and the roll-ups, every ten. */
export async function refreshRollUpsWhenDue(deps: Deps): Promise<void> {
  const nowMs = deps.now();
  const day = new Date(nowMs).toISOString().slice(0, 10);
  await deps.db
    .insert(activeDays)
    .select(
      sql`select distinct ${day}, s.user_id from sessions s where s.last_used_at > ${nowMs - Math.min(SEEN_WITHIN_MS, nowMs % GRAIN_MS.day)}`,
    )
    .onConflictDoNothing();
  const [last] = await deps.db.select().from(discoveryJobs).where(eq(discoveryJobs.name, JOB));
  if (!last || last.doneAt <= nowMs - REFRESH_MS) await refreshRollUps(deps);
}

/** When the figures were last brought up to date. */
export async function rolledUpAt(deps: Deps): Promise<number | null> {
  const [last] = await deps.db.select().from(discoveryJobs).where(eq(discoveryJobs.name, JOB));
  return last?.doneAt ?? null;
}
