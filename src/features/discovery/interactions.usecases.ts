import { lt, sql } from 'drizzle-orm';
import type { Context } from 'hono';
import { interactions } from '../../db/discovery-schema.ts';
import { insertMany } from '../../db/insert-many.ts';
import type { Deps } from '../../deps.ts';
import type { InteractionKind } from '../../domain/discovery/interaction.ts';
import { DAY_MS, dayStamp, HOUR_MS } from '../../domain/time.ts';
import type { AppEnv } from '../../http/factory.ts';
import { clientAddress } from '../../http/request-context.ts';

/** Older ones say nothing of what is wanted now. */
const RETENTION_MS = 90 * DAY_MS;
const PRUNED_AT_ONCE = 5_000;

export interface Interaction {
  viewer: string;
  kind: InteractionKind;
  target: string;
  atMs: number;
}

/** Writes each once an hour at most, whatever is told twice. */
export function interactionStatement(deps: Pick<Deps, 'db'>, told: readonly Interaction[]) {
  return insertMany(
    deps.db,
    interactions,
    told.map(({ viewer, kind, target, atMs }) => ({
      viewer,
      kind,
      target,
      hour: Math.floor(atMs / HOUR_MS),
      at: atMs,
    })),
  ).onConflictDoNothing();
}

/**
 * Whose interaction a request is: the user's, or that of an address for one day. The hash tells no address, and cannot
 * be followed from one day to the next.
 */
export async function viewerOf(c: Context<AppEnv>): Promise<string> {
  const caller = c.get('caller');
  if (caller !== null) return caller.userId;
  const text = `${dayStamp(c.get('deps').now())} ${clientAddress(c.req.raw.headers)}`;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return `anon_${Array.from(digest.subarray(0, 10), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Looks that this isolate has written lately; it forgets all of them rather than grow. */
const written = new Set<string>();
const MAX_WRITTEN = 10_000;

function isNew(look: string): boolean {
  if (written.has(look)) return false;
  if (written.size >= MAX_WRITTEN) written.clear();
  written.add(look);
  return true;
}

/** Remembers a look after the answer has gone out: losing one is no loss. */
export function rememberView(c: Context<AppEnv>, target: string): void {
  const deps = c.get('deps');
  const atMs = deps.now();
  const remember = async () => {
    const viewer = await viewerOf(c);
    const look = `${viewer} ${target} ${Math.floor(atMs / HOUR_MS)}`;
    if (!isNew(look)) return;
    try {
      await interactionStatement(deps, [{ viewer, kind: 'viewed', target, atMs }]);
    } catch (error) {
      written.delete(look);
      deps.log.warn('view_not_remembered', { target, error: String(error) });
    }
  };
  c.executionCtx.waitUntil(remember());
}

/** Forgets what is too old to matter, a page at a time. */
export async function pruneInteractions(deps: Deps, nowMs: number): Promise<void> {
  const old = deps.db
    .select({ row: sql`rowid` })
    .from(interactions)
    .where(lt(interactions.at, nowMs - RETENTION_MS))
    .limit(PRUNED_AT_ONCE);
  await deps.db.delete(interactions).where(sql`rowid in ${old}`);
}
