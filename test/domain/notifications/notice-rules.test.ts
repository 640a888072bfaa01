import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../src/domain/events.ts';
import { NO_FACTS, type NoticeFacts, variablesOf } from '../../../src/domain/notifications/facts.ts';
import { LANGUAGES, NOTICE_TYPE_NAMES } from '../../../src/domain/notifications/notice.ts';
import { addressedBy, NOTICE_RULES, NOTICED_EVENTS } from '../../../src/domain/notifications/notice-rules.ts';
import {
  builtIn,
  builtInFor,
  fill,
  TEMPLATE_NAMES,
  variablesIn,
} from '../../../src/domain/notifications/templates/template.ts';

/** As the product model C.8 lists them. */
const C8 =
  'user_registered, match_created, bid_expiring, bid_expired, ask_expiring, ask_expired, outbid, order_created, order_paid, order_processing, ship_by_reminder, order_shipped, order_delivered, order_completed, order_cancelled, order_on_hold, payment_succeeded, payment_failed, payment_held, payment_released, refund_issued, payout_completed, payout_failed, new_offer, offer_accepted, offer_declined, offer_countered, offer_expired, offer_lapsed, new_message, listing_created, listing_updated, product_sold, price_drop, price_alert, back_in_market, review_received, review_reply, new_follower, stream_started, stream_ended, dispute_opened, dispute_updated, dispute_resolved, verification_approved, verification_rejected, moderation_action, system_announcement'.split(
    ', ',
  );

const event = (type: string, data: Record<string, unknown>): EventEnvelope => ({
  event_id: 'e1',
  type,
  version: 1,
  aggregate: { type: 'test', id: 'x' },
  seq: 1,
  correlation_id: 'c',
  occurred_at: '2026-03-04T12:00:00.000Z',
  data,
});
const told = (type: string, data: Record<string, unknown>) =>
  addressedBy(event(type, data)).map(({ rule, userId }) => [userId, rule.type, rule.template]);

describe('the table of notices', () => {
  it('has every type of C.8, and each is told by some event', () => {
    expect(C8.filter((type) => !(NOTICE_TYPE_NAMES as string[]).includes(type))).toEqual([]);
    const heard = new Set<string>(NOTICE_RULES.map(({ type }) => type));
    // Announcements are told by an admin, page by page.
    expect(NOTICE_TYPE_NAMES.filter((type) => !heard.has(type))).toEqual(['system_announcement']);
  });

  it('waits for no event that nobody tells', () => {
    const source = join(import.meta.dirname, '../../../src');
    const text = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/^(web|domain.notifications)\b/.test(file))
      .map((file) => readFileSync(join(source, file), 'utf8'))
      .join('\n');
    // Written out, or made of a side, a status or a step and its aggregate.
    const MADE = ['bid.expiring', 'ask.expiring', 'order.processing', 'payout.reversed'];
    const parts = (event: string) => new RegExp(`['"\`.]${event.split('.')[1]}['"]`);
    expect(
      NOTICED_EVENTS.filter(
        (event) => !text.includes(`'${event}'`) && !(MADE.includes(event) && parts(event).test(text)),
      ),
    ).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string[][]]>([
    ['favourite.price_drop', { user_id: 'u' }, [['u', 'price_drop', 'price_drop']]],
    ['favourite.back', { user_id: 'u' }, [['u', 'back_in_market', 'back_in_market']]],
    ['favourite.sold', { user_id: 'u' }, [['u', 'favourite_sold', 'favourite_sold']]],
    ['price.alert', { user_id: 'u' }, [['u', 'price_alert', 'price_alert']]],
    ['search.matched', { user_id: 'u' }, [['u', 'search_matched', 'search_matched']]],
    ['user.followed', { user_id: 'u', follower_id: 'f' }, [['u', 'new_follower', 'new_follower']]],
    ['review.published', { author_id: 'a', subject_id: 's' }, [['s', 'review_received', 'review_received']]],
    ['review.replied', { author_id: 'a', subject_id: 's' }, [['a', 'review_reply', 'review_reply']]],
    [
      'dispute.updated',
      { buyer_id: 'b', seller_id: 's', actor_id: 'b' },
      [['s', 'dispute_updated', 'dispute_updated']],
    ],
    ['moderation.acted', { user_id: 'u' }, [['u', 'moderation_action', 'moderation_action']]],
    ['kyc.approved', { user_id: 'u' }, [['u', 'verification_approved', 'verification_approved']]],
    ['kyc.rejected', { user_id: 'u' }, [['u', 'verification_rejected', 'verification_rejected']]],
    ['refund.succeeded', { buyer_id: 'b', seller_id: 's' }, [['b', 'refund_issued', 'refund_issued']]],
    [
      'order.ship_by_ending',
      { buyer_id: 'b', seller_id: 's' },
      [['s', 'ship_by_reminder', 'ship_by_reminder']],
    ],
    ['account.two_factor_reset', { user_id: 'u' }, [['u', 'two_factor_disabled', 'two_factor_reset']]],
    ['account.recovery_codes_made', { user_id: 'u' }, [['u', 'recovery_codes_made', 'recovery_codes_made']]],
    ['account.role_changed', { user_id: 'u', role: 'support' }, [['u', 'role_changed', 'role_changed']]],
    ['account.email_verified', { user_id: 'u' }, [['u', 'email_verified', 'email_verified']]],
    ['account.email_changed', { user_id: 'u' }, [['u', 'email_changed', 'email_changed']]],
    ['stream.started', { host_id: 'h' }, [['h', 'stream_started', 'stream_started']]],
    [
      'stream.started',
      { host_id: 'h', follower_ids: ['f', 'g'] },
      [
        ['f', 'stream_started', 'stream_started'],
        ['g', 'stream_started', 'stream_started'],
      ],
    ],
  ])('tells of %s %o whom it concerns', (type, data, expected) => {
    expect(told(type, data)).toEqual(expected);
  });

  it('says words for every row, with nothing but variables that exist', () => {
    const known = new Set([
      ...['amount', 'price', 'previous_price', 'threshold', 'list_price', 'refund', 'top', 'total', 'payout'],
      ...['reason', 'preview', 'search', 'action', 'outcome', 'order_number', 'device', 'address', 'code'],
      ...[
        'expires',
        'until',
        'ship_by',
        'count',
        'rating',
        'quantity',
        'carrier',
        'tracking',
        'item',
        'title',
      ],
      ...['person', 'name', 'text', 'role'],
    ]);
    for (const name of TEMPLATE_NAMES)
      for (const channel of ['notice', 'email'] as const)
        for (const language of LANGUAGES) {
          const { subject, body, action } = builtInFor(name, channel, language);
          expect(subject, `${name} ${language}`).not.toBe('');
          expect(
            variablesIn(`${subject} ${body} ${action ?? ''}`).filter((variable) => !known.has(variable)),
          ).toEqual([]);
          const english = builtInFor(name, channel, 'en');
          const others = variablesIn(`${subject} ${body}`);
          expect(
            others.filter((one) => !variablesIn(`${english.subject} ${english.body}`).includes(one)),
          ).toEqual([]);
        }
  });

  it.each([
    'email_verification',
    'password_reset',
    'password_changed',
    'match_bought',
    'match_sold',
    'order_created',
    'order_shipped',
    'payout_completed',
  ] as const)('writes the mail %s in English, French and Arabic', (name) => {
    const bodies = LANGUAGES.map((language) => builtIn(name, 'email', language)!.body);
    expect(new Set(bodies).size).toBe(3);
  });

  it.each<[string, Record<string, unknown>, string[][]]>([
    [
      'order.placed',
      { type: 'match', buyer_id: 'b', seller_id: 's', order_id: 'o' },
      [
        ['b', 'match_created', 'match_bought'],
        ['s', 'match_created', 'match_sold'],
        ['b', 'order_created', 'order_created'],
        ['s', 'order_created', 'order_received'],
      ],
    ],
    [
      'order.placed',
      { type: 'checkout', buyer_id: 'b', seller_id: null },
      [['b', 'order_created', 'order_created']],
    ],
    [
      'verification.passed',
      { buyer_id: 'b', seller_id: 's', order_id: 'o' },
      [
        ['b', 'verification_approved', 'goods_passed'],
        ['s', 'verification_approved', 'goods_passed'],
      ],
    ],
    [
      'verification.failed',
      { buyer_id: 'b', seller_id: 's', order_id: 'o', reason: 'a copy' },
      [
        ['b', 'verification_rejected', 'goods_failed'],
        ['s', 'verification_rejected', 'goods_refused'],
      ],
    ],
    ['payout.paid', { user_id: 's', payout_id: 'p' }, [['s', 'payout_completed', 'payout_completed']]],
    ['payout.failed', { user_id: 's', payout_id: 'p' }, [['s', 'payout_failed', 'payout_failed']]],
    ['payout.reversed', { user_id: 's', payout_id: 'p' }, [['s', 'payout_failed', 'payout_failed']]],
    [
      'offer.countered',
      { awaiting: 'buyer', actor_id: 's', buyer_id: 'b', seller_id: 's' },
      [['b', 'offer_countered', 'offer_countered']],
    ],
    [
      'offer.accepted',
      { actor_id: 's', buyer_id: 'b', seller_id: 's' },
      [['b', 'offer_accepted', 'offer_accepted']],
    ],
    [
      'offer.accepted',
      { actor_id: null, buyer_id: 'b', seller_id: 's' },
      [
        ['b', 'offer_accepted', 'offer_accepted'],
        ['s', 'offer_accepted', 'offer_accepted'],
      ],
    ],
    [
      'message.sent',
      { type: 'text', sender_id: 'a', recipient_ids: ['a', 'b', 'c'] },
      [
        ['b', 'new_message', 'new_message'],
        ['c', 'new_message', 'new_message'],
      ],
    ],
    ['message.sent', { type: 'offer', sender_id: 'a', recipient_ids: ['b'] }, []],
    ['listing.updated', { actor_type: 'owner', seller_id: 's' }, []],
    [
      'listing.updated',
      { actor_type: 'moderator', seller_id: 's' },
      [['s', 'listing_updated', 'listing_updated']],
    ],
    ['something.unheard_of', { user_id: 'u' }, []],
    ['bid.outbid', { user_id: 42 }, []],
    ['bid.outbid', {}, []],
  ])('%s of %o', (type, data, expected) => {
    expect(told(type, data)).toEqual(expected);
  });
});

describe('the words', () => {
  const facts: NoticeFacts = {
    ...NO_FACTS,
    order: {
      number: 'ORD-20260304-0001',
      product: 'Air Runner 90',
      size: 'US 10',
      quantity: 1,
      priceCents: 22_000,
      totalCents: 23_100,
      payoutCents: 21_120,
      currency: 'AED',
      carrier: null,
      tracking: null,
      shipByMs: null,
    },
  };

  it('name the real product, size and price, in the form of the language (SN-36)', () => {
    const variables = variablesOf(event('order.placed', { order_id: 'o', currency: 'AED' }), facts, null);
    const { subject, body } = builtInFor('match_bought', 'notice', 'en');
    expect(fill(subject, variables, 'en')).toBe('You bought Air Runner 90 (US 10)');
    expect(fill(body, variables, 'en').replaceAll('\u00a0', ' ')).toBe(
      'Your bid matched at AED 220.00. You pay AED 231.00 in all; order ORD-20260304-0001.',
    );
    const french = builtInFor('match_bought', 'notice', 'fr');
    expect(fill(french.body, variables, 'fr').replace(/\s/g, ' ')).toContain('220,00 AED');
    const arabic = builtInFor('match_bought', 'notice', 'ar');
    expect(fill(arabic.body, variables, 'ar')).toMatch(/220[.]00/);
  });

  it('tell times on the clock of the reader', () => {
    const variables = { expires: { atMs: Date.UTC(2026, 2, 4, 22, 30) } };
    expect(fill('{{expires}}', variables, 'en', 'Asia/Dubai').replace(/\s/g, ' ')).toBe(
      'Mar 5, 2026, 2:30 AM',
    );
    expect(fill('{{expires}}', variables, 'en', 'UTC').replace(/\s/g, ' ')).toBe('Mar 4, 2026, 10:30 PM');
  });

  it('leave out what is not there, and never fill in what a person wrote as a template', () => {
    expect(fill('Hi {{name}}, {{gone}}!', { name: '{{price}}' }, 'en')).toBe('Hi {{price}}, !');
  });

  it('cut long texts', () => {
    const { preview } = variablesOf(event('message.sent', { preview: 'x'.repeat(5_000) }), NO_FACTS, null);
    expect(String(preview)).toHaveLength(200);
  });
});
