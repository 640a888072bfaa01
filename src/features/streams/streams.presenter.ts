import type { z } from '@hono/zod-openapi';
import { streamActions } from '../../domain/streams/stream.ts';
import { rfc3339 } from '../../http/openapi.ts';
import type { StreamAnswer } from './streams.schemas.ts';
import type { ViewedStream } from './streams.usecases.ts';

const time = (atMs: number | null): string | null => (atMs === null ? null : rfc3339(atMs));

export function presentStream({ row, host, tags, isHost, room }: ViewedStream): z.infer<typeof StreamAnswer> {
  const { status, plannedMinutes } = row;
  return {
    id: row.id,
    host: { id: host.id, username: host.username, display_name: host.displayName },
    title: row.title,
    description: row.description,
    audience: row.audience,
    status,
    planned_minutes: plannedMinutes,
    starts_at: time(row.startsAt),
    started_at: time(row.startedAt),
    ends_at: time(row.endsAt),
    ended_at: time(row.endedAt),
    end_reason: row.endReason,
    tags: tags.map(({ type, refId, title }) => ({ type, id: refId, title })),
    ingest: row.ingest,
    playback_url: status === 'live' || isHost ? row.playbackUrl : null,
    ingest_url: isHost ? row.ingestUrl : null,
    viewers: room?.viewers ?? null,
    stats: isHost
      ? {
          peak_viewers: room?.peakViewers ?? row.peakViewers,
          unique_viewers: room?.uniqueViewers ?? row.uniqueViewers,
          watch_seconds: room === null ? row.watchSeconds : Math.round(room.watchedMs / 1000),
          reactions: room?.reactions ?? (JSON.parse(row.reactions) as Record<string, number>),
        }
      : null,
    allowed_actions: streamActions({ status, plannedMinutes, tags: tags.length }, isHost),
    created_at: rfc3339(row.createdAt),
    version: row.version,
  };
}
