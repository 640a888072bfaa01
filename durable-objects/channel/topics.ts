import type { Topic, TopicKind } from '../../src/platform/channels/channels.ts';

/** What a kind of topic keeps and how many may listen. */
export interface TopicRules {
  /** Events kept for those who come back. */
  kept: number;
  keptMs: number;
  maxSockets: number;
  /** Past `maxSockets` a newcomer takes the place of the oldest, or is refused. */
  whenFull: 'replace_oldest' | 'refuse';
  /** The frame with all that is kept, which a new socket gets first; null when it gets only what it missed. */
  historyType: string | null;
}

const MINUTE_MS = 60_000;

export const TOPIC_RULES: Record<TopicKind, TopicRules> = {
  user: {
    kept: 100,
    keptMs: 10 * MINUTE_MS,
    maxSockets: 10,
    whenFull: 'replace_oldest',
    historyType: null,
  },
  // SL-29: the last 20 offers of the last hour.
  listing: {
    kept: 20,
    keptMs: 60 * MINUTE_MS,
    maxSockets: 20_000,
    whenFull: 'refuse',
    historyType: 'offer:feed:history',
  },
  // Prices move on: the last ones are all that a newcomer can use.
  market: {
    kept: 20,
    keptMs: 10 * MINUTE_MS,
    maxSockets: 0,
    whenFull: 'refuse',
    historyType: 'market:history',
  },
  stream: {
    kept: 100,
    keptMs: 24 * 60 * MINUTE_MS,
    maxSockets: 20_000,
    whenFull: 'refuse',
    historyType: 'stream:history',
  },
};

export function parseTopic(topic: string): { kind: TopicKind; key: string } {
  const [kind, key] = topic.split(':', 2) as [TopicKind, string];
  return { kind, key };
}

export const rulesOf = (topic: Topic): TopicRules => TOPIC_RULES[parseTopic(topic).kind];
