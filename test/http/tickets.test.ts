import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { socketTickets, users } from '../../src/db/schema.ts';
import { redeemTicket } from '../../src/features/accounts/accounts.usecases.ts';
import { bodyOf, request, signUp, signUpAdmin } from '../support/accounts.ts';

const { deps } = composeOnce(env);

async function takeTicket(token: string): Promise<string> {
  const response = await request('/api/v1/ws-tickets', { method: 'POST', token });
  expect(response.status).toBe(201);
  const { ticket, expires_in } = await bodyOf<{ ticket: string; expires_in: number }>(response);
  expect(ticket).toMatch(/^[\w-]{43}$/);
  expect(expires_in).toBe(30);
  return ticket;
}

describe('socket tickets', () => {
  it('stand for their caller, once', async () => {
    const { token, userId, sessionId } = await signUpAdmin('tick');
    const ticket = await takeTicket(token);
    expect(await redeemTicket(deps, ticket)).toEqual({
      userId,
      sessionId,
      username: 'tick',
      roles: ['user', 'admin'],
      expiresAtMs: expect.any(Number),
    });
    expect(await redeemTicket(deps, ticket)).toBeNull();
  });

  it('go to one of many who use them at once', async () => {
    const ticket = await takeTicket((await signUp('many')).token);
    const callers = await Promise.all(Array.from({ length: 8 }, () => redeemTicket(deps, ticket)));
    expect(callers.filter((caller) => caller !== null)).toHaveLength(1);
  });

  it('are stored as a hash', async () => {
    const ticket = await takeTicket((await signUp('hash')).token);
    const rows = await deps.db.select().from(socketTickets);
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(ticket);
  });

  it('end after half a minute', async () => {
    const ticket = await takeTicket((await signUp('late')).token);
    const later = { ...deps, now: () => deps.now() + 30_000 };
    expect(await redeemTicket(later, ticket)).toBeNull();
  });

  it('end with their session', async () => {
    const { token } = await signUp('gone');
    const ticket = await takeTicket(token);
    await request('/api/v1/auth/logout', { method: 'POST', token });
    expect(await redeemTicket(deps, ticket)).toBeNull();
  });

  it('end with a suspension', async () => {
    const { token, userId } = await signUp('held');
    const ticket = await takeTicket(token);
    await deps.db.update(users).set({ status: 'suspended' }).where(eq(users.id, userId));
    expect(await redeemTicket(deps, ticket)).toBeNull();
  });

  it('cannot be made up, and need somebody signed in', async () => {
    expect(await redeemTicket(deps, 'A'.repeat(43))).toBeNull();
    expect(await redeemTicket(deps, '')).toBeNull();
    const response = await request('/api/v1/ws-tickets', { method: 'POST' });
    expect([response.status, (await bodyOf(response)).code]).toEqual([401, 'unauthenticated']);
  });
});
