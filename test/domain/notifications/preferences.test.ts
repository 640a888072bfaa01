import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNELS, NOTICE_TYPE_NAMES, NOTICE_TYPES } from '../../../src/domain/notifications/notice.ts';
import {
  channelsFor,
  DEFAULT_PREFERENCES,
  dueAtMs,
  isLocked,
  isToggle,
  type Preferences,
  wants,
} from '../../../src/domain/notifications/preferences.ts';
import { audibleAtMs, isQuiet } from '../../../src/domain/notifications/quiet-hours.ts';

const preferences = (changes: Partial<Preferences>): Preferences => ({ ...DEFAULT_PREFERENCES, ...changes });
const NOTHING: Preferences = preferences({
  masters: { in_app: false, email: false, push: false, sms: false },
});

describe('preferences', () => {
  it('go by the type when nobody has said anything', () => {
    for (const type of NOTICE_TYPE_NAMES)
      expect(channelsFor(DEFAULT_PREFERENCES, type)).toEqual(
        CHANNELS.filter((channel) => (NOTICE_TYPES[type].channels as readonly string[]).includes(channel)),
      );
  });

  it.each<[Partial<Preferences>, string, string[]]>([
    [{ toggles: { 'email.match_created': false } }, 'match_created', ['in_app', 'push']],
    [{ toggles: { 'email.matches': false } }, 'match_created', ['in_app', 'push']],
    [
      { toggles: { 'email.matches': false, 'email.match_created': true } },
      'match_created',
      ['in_app', 'email', 'push'],
    ],
    [{ toggles: { 'push.orders': false } }, 'order_shipped', ['in_app', 'email']],
    [{ toggles: { 'sms.orders': true } }, 'order_shipped', ['in_app', 'email', 'push']],
    [
      { toggles: { 'sms.orders': true }, masters: { ...DEFAULT_PREFERENCES.masters, sms: true } },
      'order_shipped',
      ['in_app', 'email', 'push', 'sms'],
    ],
    [{ toggles: { 'in_app.payments': false } }, 'payment_failed', ['in_app', 'email', 'push']],
    [{ toggles: { 'in_app.matches': false } }, 'outbid', ['push']],
    [{ toggles: { 'email.new_message': true } }, 'new_message', ['in_app', 'email', 'push']],
  ])('%o make %s go by %o', (changes, type, expected) => {
    expect(channelsFor(preferences(changes), type as never)).toEqual(expected);
  });

  it('cannot silence money and safety in the app, nor reset links', () => {
    expect(channelsFor(NOTHING, 'payout_failed')).toEqual(['in_app']);
    expect(channelsFor(NOTHING, 'new_device')).toEqual(['in_app', 'email']);
    expect(channelsFor(NOTHING, 'password_reset')).toEqual(['email']);
    expect(channelsFor(NOTHING, 'order_shipped')).toEqual([]);
    expect(isLocked('password_reset', 'in_app')).toBe(false);
  });

  it('never send by a channel whose master is off, but for what is locked', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NOTICE_TYPE_NAMES),
        fc.constantFrom(...CHANNELS),
        fc.dictionary(
          fc.constantFrom('email.orders', 'push.offers', 'sms.matches', 'in_app.alerts'),
          fc.boolean(),
        ),
        (type, channel, toggles) => {
          const mine = { ...NOTHING, toggles };
          expect(wants(mine, type, NOTICE_TYPES[type].category, channel)).toBe(isLocked(type, channel));
        },
      ),
    );
  });

  it.each([
    ['email.orders', true],
    ['push.match_created', true],
    ['fax.orders', false],
    ['email.nothing', false],
    ['email', false],
    ['email.__proto__', false],
    ['email.constructor', false],
    ['__proto__.orders', false],
  ])('takes %s for a toggle: %s', (text, expected) => {
    expect(isToggle(text)).toBe(expected);
  });
});

describe('quiet hours', () => {
  const NIGHT = { start: '22:00', end: '07:00' };
  const utc = (day: number, hour: number, minute = 0) => Date.UTC(2026, 2, day, hour, minute);

  it.each([
    [utc(4, 21, 59), utc(4, 21, 59)],
    [utc(4, 22, 0), utc(5, 7, 0)],
    [utc(5, 3, 30), utc(5, 7, 0)],
    [utc(5, 6, 59), utc(5, 7, 0)],
    [utc(5, 7, 0), utc(5, 7, 0)],
    [utc(5, 12), utc(5, 12)],
  ])('from ten to seven: %i waits until %i', (nowMs, expected) => {
    expect(audibleAtMs(nowMs, NIGHT, 'UTC')).toBe(expected);
  });

  it('go by the clock of the reader', () => {
    // 19:00 UTC is 23:00 in Dubai; the night ends at 03:00 UTC.
    expect(audibleAtMs(utc(4, 19), NIGHT, 'Asia/Dubai')).toBe(utc(5, 3));
    expect(audibleAtMs(utc(4, 12), NIGHT, 'Asia/Dubai')).toBe(utc(4, 12));
    expect(audibleAtMs(utc(4, 18, 30), NIGHT, 'Asia/Kathmandu')).toBe(utc(5, 1, 15));
  });

  it('end at seven on the night when the clocks go forward, and back', () => {
    // New York: 8 March 2026 goes forward, 1 November 2026 back.
    expect(audibleAtMs(Date.UTC(2026, 2, 8, 4), NIGHT, 'America/New_York')).toBe(Date.UTC(2026, 2, 8, 11));
    expect(audibleAtMs(Date.UTC(2026, 10, 1, 3), NIGHT, 'America/New_York')).toBe(Date.UTC(2026, 10, 1, 12));
  });

  it('hold nothing back without them, or when they are empty', () => {
    expect(audibleAtMs(utc(5, 3), null, 'UTC')).toBe(utc(5, 3));
    expect(audibleAtMs(utc(5, 3), { start: '05:00', end: '05:00' }, 'UTC')).toBe(utc(5, 3));
  });

  it('always end, within a day or so, outside of themselves', () => {
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }),
        time,
        time,
        fc.constantFrom('UTC', 'Asia/Dubai', 'Asia/Kolkata', 'Pacific/Chatham'),
        (nowMs, start, end, zone) => {
          const atMs = audibleAtMs(nowMs, { start, end }, zone);
          expect(atMs).toBeGreaterThanOrEqual(nowMs);
          expect(atMs - nowMs).toBeLessThanOrEqual(26 * 3_600_000);
          if (start !== end && atMs !== nowMs) expect(isQuiet(nowMs, { start, end }, zone)).toBe(true);
        },
      ),
    );
  });

  it('hold back pushes and texts, never the app, mails, or what is about safety', () => {
    const quiet = preferences({ quietHours: NIGHT });
    const night = utc(5, 1);
    expect(dueAtMs(quiet, 'push', 'orders', night)).toBe(utc(5, 7));
    expect(dueAtMs(quiet, 'sms', 'orders', night)).toBe(utc(5, 7));
    expect(dueAtMs(quiet, 'email', 'orders', night)).toBe(night);
    expect(dueAtMs(quiet, 'in_app', 'orders', night)).toBe(night);
    expect(dueAtMs(quiet, 'push', 'security', night)).toBe(night);
  });
});
