import { describe, expect, it } from 'vitest';
import { warningsOf, withoutLinks } from '../../../src/domain/chat/screening.ts';

describe('warnings', () => {
  it.each([
    'Pay me with PayPal friends and family',
    'let us do a bank transfer instead',
    'Send it outside the app and I give 10% off',
    'I take BTC or a gift card',
    'cash app works',
  ])('of paying elsewhere: %s', (text) => {
    expect(warningsOf(text)).toContain('off_platform_payment');
  });

  it.each([
    'mail me: jo.doe+x@mail.example',
    'jo (at) mail (dot) com',
    'call +971 50 123 4567',
    'my number is 050-123-4567',
    'Text me at (555) 123-4567',
    'find me on WhatsApp',
    'ｊｏ＠ｍａｉｌ．ｃｏｍ',
  ])('of contact details: %s', (text) => {
    expect(warningsOf(text)).toContain('contact_details');
  });

  it.each([
    'Is it still available?',
    'I can do $1,200 today',
    'Size 10, worn twice, bought in 2024',
    'Would you take 450 for both? I am at work until 18:30.',
    'Order ORD-20261121-0042 arrived, thank you',
    'AED 12345678 is too much',
    'the platform shoes are great',
  ])('not of: %s', (text) => {
    expect(warningsOf(text)).toEqual([]);
  });
});

describe('links', () => {
  it.each([
    ['look: http://a.example/b?c=d#e now', 'look: [link removed] now'],
    ['WWW.A.EXAMPLE', '[link removed]'],
    ['my shop is cool-shop.co/sale ok?', 'my shop is [link removed] ok?'],
    ['no link here. None at all', 'no link here. None at all'],
    ['it costs 10.50, e.g. today', 'it costs 10.50, e.g. today'],
  ])('%s', (text, expected) => {
    expect(withoutLinks(text)).toBe(expected);
  });

  it('are found in time that grows with the text alone', () => {
    const nasty = `${'a-'.repeat(2_400)}@`;
    expect(withoutLinks(nasty)).toBe(nasty);
    expect(warningsOf(nasty)).toEqual([]);
    expect(warningsOf(`${'1 '.repeat(2_500)}`)).toBeDefined();
  });
});
