import type { SendOutcome } from '../../domain/notifications/delivery.ts';

export interface PushSubscription {
  endpoint: string;
  p256dh: string;
  auth: string;
}

export interface PushPayload {
  /** The delivery, so that a receipt can name it. */
  id: string;
  title: string;
  body: string;
  /** Where a tap leads, as a path of the site. */
  link: string | null;
  /** A push with the tag of one that is still shown takes its place. */
  tag: string;
  language: string;
}

export interface Push {
  /** What a browser needs to subscribe; null where pushes are not configured. */
  publicKey: string | null;
  /** Whether an endpoint is one that pushes may be sent to: https, and a public push service. */
  accepts(endpoint: string): boolean;
  /** Never throws. `gone`: the browser is no longer there. */
  send(subscription: PushSubscription, payload: PushPayload, isUrgent: boolean): Promise<SendOutcome>;
}

/** Pushes to apps, through whoever speaks to Apple and Google for us. */
export interface DevicePush {
  send(device: { platform: string; token: string }, payload: PushPayload): Promise<SendOutcome>;
}
