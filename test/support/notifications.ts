import { env } from 'cloudflare:workers';
import type { Deps } from '../../src/deps.ts';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { deliver } from '../../src/features/notifications/deliveries.usecases.ts';
import { notifyOf } from '../../src/features/notifications/notify.usecases.ts';
import type { Letter } from '../../src/platform/mail/mail.ts';
import type { TestUser } from './accounts.ts';
import { bodyOf, request } from './accounts.ts';
import { deps } from './book-object.ts';

export interface Told {
  id: string;
  type: string;
  category: string;
  title: string;
  body: string;
  link: string | null;
  data: Record<string, unknown>;
  is_read: boolean;
}

export interface Delivery {
  id: string;
  user_id: string;
  type: string;
  channel: string;
  status: string;
  attempts: number;
  error: string | null;
  due_at: number;
  secrets: string | null;
}

let events = 0;
/** An event as a feature writes it into the outbox. */
export function happened(type: string, data: Record<string, unknown>, givenId?: string): EventEnvelope {
  events += 1;
  const id = givenId ?? `test:${type}:${events}`;
  return {
    event_id: id,
    type,
    version: 1,
    aggregate: { type: 'test', id },
    seq: 1,
    correlation_id: 'test',
    occurred_at: new Date(0).toISOString(),
    data,
  };
}

/** The same dependencies, whose queue keeps what it is given: the test itself says when anything is sent. */
export function quietDeps(
  changes: Partial<Deps> = {},
): Deps & { queued: { id: string; delaySeconds: number }[] } {
  const queued: { id: string; delaySeconds: number }[] = [];
  return {
    ...deps,
    requeue: async (_, body, delaySeconds = 0) => {
      queued.push({ id: (body as { id: string }).id, delaySeconds });
    },
    log: { ...deps.log, info: () => {}, warn: () => {}, error: () => {} },
    ...changes,
    queued,
  };
}

export async function deliveriesOf(user: TestUser, channel?: string): Promise<Delivery[]> {
  const { results } = await env.DB.prepare(
    'select * from deliveries where user_id = ?1 and (?2 is null or channel = ?2) order by created_at, id',
  )
    .bind(user.userId, channel ?? null)
    .all<Delivery>();
  return results;
}

/** Tells of an event and sends everything of it that is due at that moment. */
export async function tell(event: EventEnvelope, at = quietDeps()): Promise<void> {
  await notifyOf(at, event);
  for (const { id } of at.queued.splice(0)) await deliver(at, id);
}

export const lettersTo = (recipient: string): Promise<Letter[]> =>
  deps.mailbox!.list({ recipient, after: null, limit: 100 });

export const toldTo = async (user: TestUser, query = ''): Promise<Told[]> =>
  (await bodyOf<{ data: Told[] }>(await request(`/api/v1/notifications${query}`, { token: user.token })))
    .data;
