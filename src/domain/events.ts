/**
 * The envelope of every event that leaves an aggregate (product model C, EV-05). `event_id` is derived from the
 * aggregate and its sequence, never random, so that a redelivery is recognised wherever it arrives.
 */
export interface EventEnvelope<T extends string = string, D = unknown> {
  event_id: string;
  type: T;
  version: number;
  aggregate: { type: string; id: string };
  /** Dense per aggregate; events of one command share it. */
  seq: number;
  correlation_id: string;
  /** RFC 3339, UTC. */
  occurred_at: string;
  data: D;
}
