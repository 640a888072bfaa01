import { eq } from 'drizzle-orm';
import { featureFlags } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import { FLAGS, type Flag } from '../../domain/flags/flag.ts';

/** Whether a switch of the house is on now: as somebody has set it, else as it is by default. */
export async function isOn({ db }: Pick<Deps, 'db'>, flag: Flag): Promise<boolean> {
  const [row] = await db
    .select({ isOn: featureFlags.isOn })
    .from(featureFlags)
    .where(eq(featureFlags.name, flag));
  return row?.isOn ?? FLAGS[flag].isOnByDefault;
}
