/** What the followers of somebody are told: a page of them is one event, which brings the next one. */
import { outboxStatement } from '../../db/outbox.ts';
import type { Deps } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { listFollows } from '../discovery/follows.usecases.ts';
import { notifyOf } from './notify.usecases.ts';

export const FOLLOWERS_DUE = 'notice.followers_due';
const FOLLOWERS_PER_PAGE = 50;

type Position = readonly [number, string] | null;

/** A stream that not everybody may enter is told to nobody but its host. */
const isForFollowers = ({ data }: EventEnvelope): boolean =>
  (data as { audience?: string }).audience !== 'neighborhood';

export async function tellHostAndFollowers(deps: Deps, event: EventEnvelope): Promise<void> {
  await notifyOf(deps, event);
  if (isForFollowers(event)) await tellPage(deps, event, null);
}

export async function tellNextFollowers(deps: Deps, { data }: EventEnvelope): Promise<void> {
  const { event, after } = data as { event: EventEnvelope; after: Position };
  await tellPage(deps, event, after);
}

async function tellPage(deps: Deps, event: EventEnvelope, after: Position): Promise<void> {
  const { host_id: hostId } = event.data as { host_id: string };
  const page = await listFollows(deps, hostId, 'followers', after, FOLLOWERS_PER_PAGE);
  const last = page.at(-1);
  if (last === undefined) return;
  const pageId = `${event.event_id}:${after === null ? 'first' : after.join(':')}`;
  await notifyOf(deps, {
    ...event,
    event_id: pageId,
    data: { ...(event.data as object), host_id: hostId, follower_ids: page.map(({ userId }) => userId) },
  });
  if (page.length < FOLLOWERS_PER_PAGE) return;
  const next: EventEnvelope = {
    ...event,
    event_id: `${pageId}:next`,
    type: FOLLOWERS_DUE,
    data: { event, after: [last.createdAt, last.userId] },
  };
  await outboxStatement(deps.db, [next], deps.now()).onConflictDoNothing();
}
