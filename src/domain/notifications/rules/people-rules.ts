/** Messages, reviews, followers and streams. */
import type { EventData } from '../facts.ts';
import { linkTo, type NoticeRule } from './rule.ts';

/** Offer cards have notices of their own, and what the server says in a thread follows from something else. */
const isWritten = ({ type }: EventData): boolean => type !== 'offer' && type !== 'system';

const STREAM = {
  /** A page of followers, or else the host. */
  to: ({ follower_ids }: EventData) => (Array.isArray(follower_ids) ? ['follower_ids'] : ['host_id']),
  about: 'host_id',
  link: linkTo('/streams/', 'stream_id'),
  carries: ['stream_id'],
} as const;

export const PEOPLE_RULES: readonly NoticeRule[] = [
  {
    on: 'message.sent',
    when: isWritten,
    type: 'new_message',
    template: 'new_message',
    to: ['recipient_ids'],
    notTo: 'sender_id',
    about: 'sender_id',
    link: linkTo('/conversations/', 'conversation_id'),
    carries: ['conversation_id', 'message_id', 'seq'],
    coalesceBy: 'conversation_id',
  },
  {
    on: 'review.published',
    type: 'review_received',
    template: 'review_received',
    to: ['subject_id'],
    about: 'author_id',
    link: linkTo('/orders/', 'order_id'),
    carries: ['review_id', 'order_id', 'rating'],
  },
  {
    on: 'review.replied',
    type: 'review_reply',
    template: 'review_reply',
    to: ['author_id'],
    about: 'subject_id',
    link: linkTo('/orders/', 'order_id'),
    carries: ['review_id', 'order_id'],
  },
  {
    on: 'user.followed',
    type: 'new_follower',
    template: 'new_follower',
    to: ['user_id'],
    about: 'follower_id',
    link: linkTo('/users/', 'follower_id'),
    carries: ['follower_id'],
  },
  { on: 'stream.started', type: 'stream_started', template: 'stream_started', ...STREAM },
  { on: 'stream.ended', type: 'stream_ended', template: 'stream_ended', ...STREAM },
];
