/** What a message is looked through for. Nothing is held back: the reader is warned, and a first message loses its links. */
import type { MessageWarning } from './conversation.ts';

/** An address with a scheme, with `www.`, or a bare name under a domain that links are usually made of. */
const LINK =
  /\b(?:https?:\/\/|www\.)[^\s<>"']+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|co|me|ly|app|shop|store|info|biz|xyz|ru|cn|link|site|online)\b(?:\/[^\s<>"']*)?/gi;
const LINK_REMOVED = '[link removed]';

const EMAIL =
  /[\p{L}\p{N}._%+-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\p{L}\p{N}-]{1,63}(?:\s?(?:\.|\(dot\)|\[dot\])\s?[\p{L}]{2,24})+/iu;
/** Digits in the groups that telephone numbers are written in. */
const DIGIT_RUN = /\+?\d(?:[\s().-]{0,2}\d){7,14}/g;
/** Of an amount, or of a reference such as an order number. */
const NO_PHONE_BEFORE = /(?:[$€£#]|usd|eur|gbp|aed|\b[a-z]{2,4}[-_])\s*$/i;

const PAYMENT_WORDS =
  /\b(?:paypal|venmo|cash\s?app|zelle|western\s+union|money\s?gram|revolut|wise\s+transfer|bank\s+transfer|wire\s+(?:me|transfer)|iban|swift\s+code|bitcoin|btc|usdt|crypto|ethereum|gift\s?cards?|friends\s+and\s+family|pay\s+(?:me\s+)?(?:in\s+)?cash|cash\s+on\s+delivery|outside\s+(?:of\s+)?(?:the\s+)?(?:app|site|platform)|off\s+(?:the\s+)?(?:app|site|platform))\b/i;
const ELSEWHERE =
  /\b(?:whats\s?app|telegram|signal\s+me|wechat|viber|snapchat|my\s+(?:phone|number|cell|mobile)\s+is|text\s+me\s+at|call\s+me\s+(?:at|on))\b/i;

function hasPhoneNumber(text: string): boolean {
  for (const { 0: run, index } of text.matchAll(DIGIT_RUN)) {
    const digits = run.replace(/\D/g, '').length;
    if (digits < 8 || digits > 15) continue;
    if (!NO_PHONE_BEFORE.test(text.slice(Math.max(0, index - 5), index))) return true;
  }
  return false;
}

/** Hints at paying or meeting where nobody is protected (C.7). */
export function warningsOf(content: string): MessageWarning[] {
  const text = content.normalize('NFKC');
  const warnings: MessageWarning[] = [];
  if (PAYMENT_WORDS.test(text)) warnings.push('off_platform_payment');
  if (EMAIL.test(text) || hasPhoneNumber(text) || ELSEWHERE.test(text)) warnings.push('contact_details');
  return warnings;
}

/** The text without its links; the same text when it has none. */
export const withoutLinks = (content: string): string => content.replace(LINK, LINK_REMOVED);
