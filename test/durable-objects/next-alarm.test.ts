import { describe, expect, it } from 'vitest';
import { type AlarmNeeds, nextAlarm } from '../../durable-objects/order-book/next-alarm.ts';

/** On the heartbeat's grid of 15 seconds. */
const NOW = 1_500_000_000;

const idle: AlarmNeeds = {
  nowMs: NOW,
  expiryAtMs: null,
  outboxAtMs: null,
  archiveAtMs: null,
  heartbeat: false,
  armedAtMs: null,
};

describe('the next alarm', () => {
  it.each<[string, Partial<AlarmNeeds>, number | null]>([
    ['is not set for nothing', {}, null],
    ['is the next expiry', { expiryAtMs: NOW + 900 }, NOW + 900],
    ['is the next look at the outbox', { outboxAtMs: NOW + 700 }, NOW + 700],
    ['is the archive', { archiveAtMs: NOW + 5_000 }, NOW + 5_000],
    ['is the next heartbeat, never this moment', { heartbeat: true }, NOW + 15_000],
    ['is a heartbeat on the grid', { heartbeat: true, nowMs: NOW + 14_999 }, NOW + 15_000],
    ['is the earliest need', { expiryAtMs: NOW + 9, outboxAtMs: NOW + 8, heartbeat: true }, NOW + 8],
    ['is at once for what is overdue', { expiryAtMs: NOW - 60_000 }, NOW + 1],
    ['stays when it is set to the same time', { expiryAtMs: NOW + 9, armedAtMs: NOW + 9 }, null],
    ['stays when it is set earlier', { expiryAtMs: NOW + 9, armedAtMs: NOW + 3 }, null],
    ['is brought forward when it is set later', { expiryAtMs: NOW + 9, armedAtMs: NOW + 99 }, NOW + 9],
    ['stays while it is only a little late', { expiryAtMs: NOW - 5, armedAtMs: NOW - 5_000 }, null],
    ['is set anew when it was lost', { expiryAtMs: NOW + 9, armedAtMs: NOW - 10_000 }, NOW + 9],
    ['is left alone when nothing needs it any more', { armedAtMs: NOW + 5 }, null],
  ])('%s', (_, needs, expected) => {
    expect(nextAlarm({ ...idle, ...needs })).toBe(expected);
  });
});
