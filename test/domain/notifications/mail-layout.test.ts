import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeHtml, mailHtml, mailText, oneLine } from '../../../src/domain/notifications/mail-layout.ts';
import { isAllowedEndpoint } from '../../../src/platform/push/push-endpoint.ts';

const words = (changes: Record<string, string | null> = {}) => ({
  subject: 'Hello',
  body: 'One.\n\nTwo.',
  action: 'Go',
  link: 'https://bourse.test/orders/ord_1',
  footer: 'Bye',
  ...changes,
});

describe('a mail', () => {
  it('has the same words as text and as HTML, and nothing from elsewhere', () => {
    const html = mailHtml(words(), 'en');
    expect(html).toContain('<p style="margin:0 0 16px">One.</p>');
    expect(html).toContain('href="https://bourse.test/orders/ord_1"');
    expect(html).not.toMatch(/<(img|script|link|iframe)|@import|url\(/);
    expect(mailText(words())).toBe('One.\n\nTwo.\n\nGo: https://bourse.test/orders/ord_1\n\n-- \nBye\n');
    expect(mailHtml(words(), 'ar')).toContain('lang="ar" dir="rtl"');
  });

  it('shows what people wrote and never runs it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const evil = `${text}<img src=x onerror=alert(1)>"'><script>`;
        const html = mailHtml(
          words({ body: evil, subject: evil, action: evil, link: `https://x.test/${evil}` }),
          'en',
        );
        expect(html).not.toContain('<img');
        expect(html).not.toContain('<script');
        expect(html.match(/href="/g)).toHaveLength(1);
      }),
    );
    expect(escapeHtml(`<a href="'&'">`)).toBe('&lt;a href=&quot;&#39;&amp;&#39;&quot;&gt;');
  });

  it('keeps a subject in one line', () => {
    expect(oneLine('You sold it\r\nBcc: everybody@x.test\u2028!')).toBe(
      'You sold it Bcc: everybody@x.test !',
    );
  });
});

describe('the endpoint of a push', () => {
  const HOSTS = ['fcm.googleapis.com', '*.push.apple.com', 'http://localhost:9099'];
  it.each([
    ['https://fcm.googleapis.com/fcm/send/abc', true],
    ['https://web.push.apple.com/abc', true],
    ['http://localhost:9099/push/1', true],
    ['http://fcm.googleapis.com/fcm/send/abc', false],
    ['https://fcm.googleapis.com:8443/x', false],
    ['https://user:pw@fcm.googleapis.com/x', false],
    ['https://fcm.googleapis.com.evil.test/x', false],
    ['https://evil.test/fcm.googleapis.com', false],
    ['https://push.apple.com.evil.test/', false],
    ['https://127.0.0.1/x', false],
    ['https://[::1]/x', false],
    ['https://0x7f000001/x', false],
    ['https://localhost/x', false],
    ['https://169.254.169.254/latest/meta-data', false],
    ['http://localhost:9098/x', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['not an address', false],
  ])('%s is one: %s', (endpoint, expected) => {
    expect(isAllowedEndpoint(endpoint, HOSTS)).toBe(expected);
  });

  it.each([
    'https://10.0.0.1/',
    'https://localhost/',
    'https://router.lan/',
    'https://db.internal/',
    'https://x/',
  ])('%s is not public, even where every public host is', (endpoint) => {
    expect(isAllowedEndpoint(endpoint, ['*'])).toBe(false);
    expect(isAllowedEndpoint('https://push.example.org/1', ['*'])).toBe(true);
  });
});
