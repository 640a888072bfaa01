import { type Relay, relay } from '../http-relay.ts';
import type { Mailbox } from '../mail/mail.ts';
import type { DevicePush } from './push.ts';

/** Through a provider with an HTTP address: `{platform, token, title, body, ...}` as JSON. */
export function createRelayedDevicePush(provider: Relay): DevicePush {
  return {
    send: ({ platform, token }, payload) => relay(provider, payload.id, { platform, token, ...payload }),
  };
}

/** Pushes to apps in local development go into the mailbox. */
export function createMailboxDevicePush(mailbox: Mailbox, now: () => number): DevicePush {
  return {
    async send({ platform, token }, { id, title, body }) {
      await mailbox.keep({
        id: `${id}:${token.slice(-8)}`,
        channel: 'push',
        recipient: `${platform}:${token.slice(0, 40)}`,
        subject: title,
        text: body,
        html: null,
        createdAtMs: now(),
      });
      return { kind: 'sent', reference: id };
    },
  };
}

/** Where nobody speaks to Apple and Google for us. */
export function createNoDevicePush(): DevicePush {
  return { send: async () => ({ kind: 'refused', reason: 'no provider of pushes to apps is configured' }) };
}
