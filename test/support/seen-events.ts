import { env } from 'cloudflare:workers';
import type { EventEnvelope } from '../../src/domain/events.ts';

/** Keeps a copy of every event that enters the outbox, since a consumer takes each out as soon as it is done. */
export async function keepEvents(): Promise<void> {
  await env.DB.batch([
    env.DB.prepare('create table if not exists seen_events (type text, body text)'),
    env.DB.prepare(
      `create trigger if not exists keep_events after insert on outbox
         begin insert into seen_events values (new.type, new.body); end`,
    ),
  ]);
}

type Facts = Record<string, unknown>;

/** What the events of one type said about a user, oldest first. */
export async function seenEvents(type: string, userId: string): Promise<EventEnvelope<string, Facts>[]> {
  const { results } = await env.DB.prepare('select body from seen_events where type = ? order by rowid')
    .bind(type)
    .all<{ body: string }>();
  return results
    .map(({ body }) => JSON.parse(body) as EventEnvelope<string, Facts>)
    .filter(({ data }) => data.user_id === userId);
}

/** The token of the last link that was mailed to a user. */
export async function mailedToken(type: string, userId: string): Promise<string> {
  return String((await seenEvents(type, userId)).at(-1)?.data.token);
}
