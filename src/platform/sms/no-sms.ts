import type { Sms } from './sms.ts';

/** Where no provider is configured, no text can be sent, and the delivery says so. */
export function createNoSms(): Sms {
  return { send: async () => ({ kind: 'refused', reason: 'no provider of texts is configured' }) };
}
