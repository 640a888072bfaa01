import { type Relay, relay } from '../http-relay.ts';
import type { Sms } from './sms.ts';

/** Texts through a provider with an HTTP address: `{to, from, text, reference}` as JSON. */
export function createHttpSms(provider: Relay, from: string): Sms {
  return { send: ({ id, to, text }) => relay(provider, id, { to, from, text, reference: id }) };
}
