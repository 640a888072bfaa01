import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { sessions } from '../../src/db/schema.ts';
import { createD1Revocations } from '../../src/platform/tokens/d1-revocations.ts';
import { signUp } from '../support/accounts.ts';

const ACCESS_TOKEN_MS = 900_000;
const MINUTE_MS = 60_000;
const { deps } = composeOnce(env);
// The list is the isolate's own: each test moves on in time from where the one before has read.
let nowMs = Date.now();

async function endedElsewhere(name: string, atMs: number): Promise<string> {
  const { sessionId } = await signUp(name);
  await deps.db.update(sessions).set({ revokedAt: atMs }).where(eq(sessions.id, sessionId));
  return sessionId;
}

describe('the list of ended sessions', () => {
  it('applies at once where a session ends, and is shared by everything in the isolate', () => {
    createD1Revocations(env.DB, ACCESS_TOKEN_MS).add('ses_here', nowMs);
    expect(createD1Revocations(env.DB, ACCESS_TOKEN_MS).isRevoked('ses_here')).toBe(true);
    expect(deps.revocations.isRevoked('ses_other')).toBe(false);
  });

  it('is read again after a few seconds, by one reader at a time', async () => {
    nowMs += MINUTE_MS;
    const sessionId = await endedElsewhere('elsewhere', nowMs - 1);
    const reading = deps.revocations.refreshIfStale(nowMs);
    expect(deps.revocations.refreshIfStale(nowMs + 6_000)).toBeNull();
    await reading;
    expect(deps.revocations.isRevoked(sessionId)).toBe(true);
    expect(deps.revocations.refreshIfStale(nowMs + 4_999)).toBeNull();
    await expect(deps.revocations.refreshIfStale(nowMs + 5_000)).resolves.toBeUndefined();
  });

  it('stays as it is when the database does not answer, and is read again later', async () => {
    nowMs += MINUTE_MS;
    const known = await endedElsewhere('known', nowMs - 1);
    await deps.revocations.refreshIfStale(nowMs);
    nowMs += MINUTE_MS;
    const missed = await endedElsewhere('missed', nowMs - 1);
    const unreachable = {
      prepare: () => ({ bind: () => ({}) }),
      batch: () => Promise.reject(new Error('gone')),
    };
    await createD1Revocations(unreachable as unknown as D1Database, ACCESS_TOKEN_MS).refreshIfStale(nowMs);
    expect([known, missed].map(deps.revocations.isRevoked)).toEqual([true, false]);
    await deps.revocations.refreshIfStale(nowMs + 5_000);
    expect(deps.revocations.isRevoked(missed)).toBe(true);
  });

  it('forgets a session once no token of it can be alive', async () => {
    nowMs += MINUTE_MS;
    const sessionId = await endedElsewhere('over', nowMs);
    await deps.revocations.refreshIfStale(nowMs + 1);
    expect(deps.revocations.isRevoked(sessionId)).toBe(true);
    nowMs += ACCESS_TOKEN_MS + MINUTE_MS;
    await deps.revocations.refreshIfStale(nowMs);
    expect(deps.revocations.isRevoked(sessionId)).toBe(false);
  });
});
