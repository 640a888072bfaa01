/** The nouns and rules of a live stream (SL-40): who may come in, when it may begin, and how it ends. */
import { DEFAULT_RADIUS_KM, distanceM, type Place } from '../listings/distance.ts';
import { MINUTE_MS } from '../time.ts';

export const STREAM_AUDIENCES = ['everyone', 'followers', 'neighborhood'] as const;
export type StreamAudience = (typeof STREAM_AUDIENCES)[number];

export const STREAM_STATUSES = ['scheduled', 'live', 'ended'] as const;
export type StreamStatus = (typeof STREAM_STATUSES)[number];

/** Who or what ended it; `cancelled` before it began. */
export const STREAM_END_REASONS = ['host', 'cancelled', 'moderator', 'time'] as const;
export type StreamEndReason = (typeof STREAM_END_REASONS)[number];

export const STREAM_TAG_TYPES = ['product', 'listing'] as const;
export type StreamTagType = (typeof STREAM_TAG_TYPES)[number];

export const STREAM_REACTIONS = ['❤️', '🔥', '👏', '😂', '😮', '🎉'] as const;

export const MAX_STREAM_TITLE = 150;
export const MIN_STREAM_MINUTES = 5;
export const MAX_STREAM_MINUTES = 240;
export const MAX_STREAM_TAGS = 20;
export const MAX_CHAT_CHARACTERS = 200;
export const CHATS_PER_MINUTE = 10;
export const REACTIONS_PER_MINUTE = 60;
/** The count of viewers is told this often at most, and only when it changed. */
export const VIEWERS_EVERY_MS = 10_000;

export interface StreamState {
  status: StreamStatus;
  plannedMinutes: number;
  tags: number;
}

export type StreamRefusal = 'no_tags' | 'not_scheduled' | 'already_ended';

/** Why it cannot go live; null when it can. */
export function whyNotLive({ status, tags }: StreamState): StreamRefusal | null {
  if (status !== 'scheduled') return 'not_scheduled';
  return tags === 0 ? 'no_tags' : null;
}

export const endsAtMs = (startedAtMs: number, plannedMinutes: number): number =>
  startedAtMs + plannedMinutes * MINUTE_MS;

/** What its host asks to be called the end: before the beginning it is a cancellation. */
export const hostEndReason = (status: StreamStatus): StreamEndReason =>
  status === 'scheduled' ? 'cancelled' : 'host';

export type StreamAction = 'edit_tags' | 'go_live' | 'end' | 'watch';

/** What somebody can do to it now; `watch` is for whoever may come in. */
export function streamActions(state: StreamState, isHost: boolean): StreamAction[] {
  const actions: StreamAction[] = [];
  if (isHost && state.status !== 'ended') actions.push('edit_tags');
  if (isHost && whyNotLive(state) === null) actions.push('go_live');
  if (isHost && state.status !== 'ended') actions.push('end');
  if (state.status === 'live') actions.push('watch');
  return actions;
}

/** Whether a place counts as the same neighbourhood: within the radius that community listings begin with (SL-32). */
export const isNeighbour = (stream: Place, viewer: Place): boolean =>
  distanceM(stream, viewer) <= DEFAULT_RADIUS_KM * 1_000;
