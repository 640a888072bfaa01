/** What a feed tells of the people one follows (SL-41). */
export const FEED_KINDS = ['listed', 'price_dropped', 'stream_started', 'reviewed'] as const;
export type FeedKind = (typeof FEED_KINDS)[number];
