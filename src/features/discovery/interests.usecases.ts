import { and, desc, eq, gt, lt, sql } from 'drizzle-orm';
import { discoveryJobs, interactions, interestItems, interestLifts } from '../../db/discovery-schema.ts';
import { insertMany } from '../../db/insert-many.ts';
import type { Deps } from '../../deps.ts';
import { INTERACTION_WEIGHTS } from '../../domain/discovery/interaction.ts';
import { InterestModel, itemEvidence } from '../../domain/discovery/interest-model.ts';
import { DAY_MS, HOUR_MS } from '../../domain/time.ts';

const JOB = 'interests';
const REFRESH_MS = HOUR_MS;
/** What is older has faded; see the model's own memory. */
const WINDOW_MS = 60 * DAY_MS;
/** The newest so many; a model of a sample is as good. */
const MAX_INTERACTIONS = 20_000;
/** Things that somebody touched before, which speak for what they take next. */
const MEMORY = 5;
const MAX_ITEMS = 1_000;
const MAX_EVIDENCE = 1_500;
/** Fewer observations than this say nothing. */
const LEAST_OBSERVED = 3;
const LIFTS_OF_SIZE = 100;
const LIFTS_OF_ITEM = 20;
const ROWS_AT_ONCE = 5_000;

export const sizeEvidence = (labelKey: string): string => `size:${labelKey}`;

interface Sales {
  productId: string;
  label: string;
  day: number;
  units: number;
}

/** Sales of a product in a size on a day, from the tapes of the books; read by book, newest days only. */
const readSales = (deps: Deps, sinceMs: number) =>
  deps.db.all<Sales>(sql`
    select s.product_id as productId, s.label_key as label, t.at / ${DAY_MS} as day, sum(t.quantity) as units
    from sizes s join trades t on t.size_id = s.id and t.at >= ${sinceMs}
    group by s.product_id, s.label_key, t.at / ${DAY_MS}
    order by day`);

interface Observation {
  item: string;
  evidence: string[];
  day: number;
  weight: number;
}

/** Each thing that somebody looked at or took, with what they had touched before it. */
function observationsOf(
  rows: readonly { viewer: string; kind: keyof typeof INTERACTION_WEIGHTS; target: string; at: number }[],
): Observation[] {
  const memory = new Map<string, string[]>();
  return rows.map(({ viewer, kind, target, at }) => {
    const before = (memory.get(viewer) ?? []).filter((item) => item !== target);
    memory.set(viewer, [target, ...before].slice(0, MEMORY + 1));
    return {
      item: target,
      evidence: before.slice(0, MEMORY).map(itemEvidence),
      day: at / DAY_MS,
      weight: INTERACTION_WEIGHTS[kind],
    };
  });
}

/** Learns what is wanted now from the sales and looks of the last weeks, and replaces what was known. */
export async function refreshInterests(deps: Deps): Promise<void> {
  const nowMs = deps.now();
  const [sales, touched] = await Promise.all([
    readSales(deps, nowMs - WINDOW_MS),
    deps.db
      .select({
        viewer: interactions.viewer,
        kind: interactions.kind,
        target: interactions.target,
        at: interactions.at,
      })
      .from(interactions)
      .where(gt(interactions.at, nowMs - WINDOW_MS))
      .orderBy(desc(interactions.at))
      .limit(MAX_INTERACTIONS),
  ]);
  const products = touched
    .reverse()
    .filter(({ kind, target }) => target.startsWith('prd_') && INTERACTION_WEIGHTS[kind] > 0);
  const observations: Observation[] = [
    ...sales.map(({ productId, label, day, units }) => ({
      item: productId,
      evidence: [sizeEvidence(label)],
      day,
      weight: units,
    })),
    ...observationsOf(products),
  ].sort((a, b) => a.day - b.day);
  const model = new InterestModel();
  for (const { item, evidence, day, weight } of observations) model.observe(item, evidence, day, weight);
  await writeInterests(deps, model, nowMs);
}

/** The new generation is written beside the old one, which stays in use until all of it is there. */
async function writeInterests(deps: Deps, model: InterestModel, nowMs: number): Promise<void> {
  const day = nowMs / DAY_MS;
  const [job] = await deps.db.select().from(discoveryJobs).where(eq(discoveryJobs.name, JOB));
  const generation = (job?.generation ?? 0) + 1;
  const items = model
    .mostPopular(day, MAX_ITEMS)
    .map(([item, popularity]) => ({ generation, item, popularity }));
  const lifts = model
    .evidence(day, LEAST_OBSERVED)
    .slice(0, MAX_EVIDENCE)
    .flatMap((evidence) =>
      model
        .strongest(evidence, day, evidence.startsWith('item:') ? LIFTS_OF_ITEM : LIFTS_OF_SIZE)
        .map(([item, lift]) => ({ generation, evidence, item, lift })),
    );
  // What a run that died has left.
  await deps.db.batch([
    deps.db.delete(interestItems).where(sql`${interestItems.generation} >= ${generation}`),
    deps.db.delete(interestLifts).where(sql`${interestLifts.generation} >= ${generation}`),
    insertMany(deps.db, interestItems, items),
  ]);
  for (let start = 0; start < lifts.length; start += ROWS_AT_ONCE)
    await insertMany(deps.db, interestLifts, lifts.slice(start, start + ROWS_AT_ONCE));
  await deps.db.batch([
    deps.db
      .insert(discoveryJobs)
      .values({ name: JOB, generation, doneAt: nowMs })
      .onConflictDoUpdate({ target: discoveryJobs.name, set: { generation, doneAt: nowMs } }),
    deps.db.delete(interestItems).where(lt(interestItems.generation, generation)),
    deps.db.delete(interestLifts).where(lt(interestLifts.generation, generation)),
  ]);
}

export async function refreshInterestsWhenDue(deps: Deps): Promise<void> {
  const [fresh] = await deps.db
    .select({ name: discoveryJobs.name })
    .from(discoveryJobs)
    .where(and(eq(discoveryJobs.name, JOB), gt(discoveryJobs.doneAt, deps.now() - REFRESH_MS)));
  if (!fresh) await refreshInterests(deps);
}

/** What the model says now of the most popular items and of those that some evidence speaks for. */
export async function readInterests(
  deps: Deps,
  evidence: readonly string[],
  limit: number,
): Promise<{ popular: Map<string, number>; lifts: { evidence: string; item: string; lift: number }[] }> {
  const current = sql`(select generation from discovery_jobs where name = ${JOB})`;
  const [lifts, popular] = await deps.db.batch([
    deps.db
      .select({ evidence: interestLifts.evidence, item: interestLifts.item, lift: interestLifts.lift })
      .from(interestLifts)
      .where(
        and(
          sql`${interestLifts.generation} = ${current}`,
          sql`${interestLifts.evidence} in (select value from json_each(${JSON.stringify(evidence)}))`,
        ),
      ),
    deps.db
      .select({ item: interestItems.item, popularity: interestItems.popularity })
      .from(interestItems)
      .where(sql`${interestItems.generation} = ${current}`)
      .orderBy(desc(interestItems.popularity))
      .limit(limit),
  ]);
  return { popular: new Map(popular.map(({ item, popularity }) => [item, popularity])), lifts };
}
