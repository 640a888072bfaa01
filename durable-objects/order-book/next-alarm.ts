/** Heartbeats fall on whole multiples of this, so that a book with watchers wakes this often and no more. */
export const HEARTBEAT_MS = 15_000;
/** An alarm that should have fired this long ago was lost and is set anew. */
const LOST_AFTER_MS = 10_000;

export interface AlarmNeeds {
  nowMs: number;
  expiryAtMs: number | null;
  outboxAtMs: number | null;
  archiveAtMs: number | null;
  heartbeat: boolean;
  /** When the one alarm of the object is set to fire; null when it is not set. */
  armedAtMs: number | null;
}

/** When to set the alarm to, or null when it is right as it is: an alarm that fires early only looks and sets the next. */
export function nextAlarm({
  nowMs,
  expiryAtMs,
  outboxAtMs,
  archiveAtMs,
  heartbeat,
  armedAtMs,
}: AlarmNeeds): number | null {
  const heartbeatAtMs = heartbeat ? (Math.floor(nowMs / HEARTBEAT_MS) + 1) * HEARTBEAT_MS : null;
  const needs = [expiryAtMs, outboxAtMs, archiveAtMs, heartbeatAtMs].filter((at) => at !== null);
  if (needs.length === 0) return null;
  const at = Math.max(nowMs + 1, Math.min(...needs));
  const isArmedInTime = armedAtMs !== null && armedAtMs <= at && armedAtMs > nowMs - LOST_AFTER_MS;
  return isArmedInTime ? null : at;
}
