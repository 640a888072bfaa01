import { deleteFromOutbox } from '../db/outbox.ts';
import type { Deps, DomainEventHandler, DomainEventHandlers } from '../deps.ts';
import type { EventEnvelope } from '../domain/events.ts';
import { PAYOUTS_RESUMED } from '../domain/payments/payout.ts';
import { ACCOUNT_HANDLERS } from '../features/accounts/accounts.events.ts';
import { BOOKS_SYNC_REQUESTED, continueSync } from '../features/catalog/book-config.ts';
import { CHANNEL_HANDLERS } from '../features/channels/channels.events.ts';
import { OFFER_NEWS_HANDLERS } from '../features/channels/offers.events.ts';
import { CONVERSATION_HANDLERS } from '../features/conversations/conversations.events.ts';
import { DISCOVERY_HANDLERS } from '../features/discovery/discovery.events.ts';
import { LISTING_HANDLERS } from '../features/listings/listings.events.ts';
import { NOTIFICATION_HANDLERS } from '../features/notifications/notifications.events.ts';
import { OFFER_HANDLERS } from '../features/offers/offers.events.ts';
import { relinkMatch } from '../features/orders/relink.ts';
import { SWAP_HANDLERS } from '../features/orders/swaps.usecases.ts';
import {
  ATTEMPT_DUE,
  cancelOpenPayment,
  continuePayment,
  requestHold,
} from '../features/payments/payments.usecases.ts';
import {
  PAYOUT_REQUESTED,
  requestRelease,
  resumePayouts,
  sendPayout,
} from '../features/payments/payouts.usecases.ts';
import { requestRefund } from '../features/payments/refunds.usecases.ts';
import { processWebhook, WEBHOOK_RECEIVED } from '../features/payments/webhooks.usecases.ts';
import { STREAM_HANDLERS } from '../features/streams/streams.events.ts';
import type { DomainEventMessage } from './outbox.ts';
import { TRUST_HANDLERS } from './trust.ts';

/** The payment side of orders, which the orders themselves ask for. */
const MONEY_HANDLERS: DomainEventHandlers = {
  'order.relink_request': relinkMatch,
  'order.cancelled': cancelOpenPayment,
  'order.failed': cancelOpenPayment,
  'payment.hold_request': requestHold,
  'payment.refund_request': requestRefund,
  'payment.release_request': requestRelease,
  [ATTEMPT_DUE]: continuePayment,
  [PAYOUT_REQUESTED]: sendPayout,
  [PAYOUTS_RESUMED]: resumePayouts,
  [WEBHOOK_RECEIVED]: processWebhook,
};

const BOOK_HANDLERS: DomainEventHandlers = { [BOOKS_SYNC_REQUESTED]: continueSync };

/** Every feature that acts on events. An event that nobody acts on is only told, and is done once it has arrived. */
const FEATURES: readonly DomainEventHandlers[] = [
  MONEY_HANDLERS,
  SWAP_HANDLERS,
  OFFER_HANDLERS,
  BOOK_HANDLERS,
  ...TRUST_HANDLERS,
  CHANNEL_HANDLERS,
  DISCOVERY_HANDLERS,
  OFFER_NEWS_HANDLERS,
  STREAM_HANDLERS,
  ACCOUNT_HANDLERS,
  CONVERSATION_HANDLERS,
  LISTING_HANDLERS,
  NOTIFICATION_HANDLERS,
];

/** Who acts on which event, in the order of the features. */
export const DOMAIN_EVENT_HANDLERS = new Map<string, DomainEventHandler[]>();
for (const handlers of FEATURES)
  for (const [type, handler] of Object.entries(handlers))
    DOMAIN_EVENT_HANDLERS.set(type, [...(DOMAIN_EVENT_HANDLERS.get(type) ?? []), handler]);

/** Seconds until an event whose handler failed comes again. */
const RETRY_SECONDS = 5;

/**
 * Runs the handlers of a batch; an event leaves the outbox only after its handlers have done their work. An event that
 * fails goes on in a message of its own, whose attempts are counted and which ends as a dead letter: those that shared
 * a message with it are done.
 */
export async function consumeDomainEvents(
  deps: Deps,
  queue: string,
  messages: readonly Message<DomainEventMessage>[],
): Promise<void> {
  const done: string[] = [];
  const finished: Message<DomainEventMessage>[] = [];
  for (const message of messages) {
    const { events } = message.body;
    const failed: EventEnvelope[] = [];
    for (const event of events) {
      if (await isHandled(deps, event, message.attempts)) done.push(event.event_id);
      else failed.push(event);
    }
    if (await goOnAlone(deps, queue, failed, events.length)) finished.push(message);
    else message.retry({ delaySeconds: RETRY_SECONDS });
  }
  await deleteFromOutbox(deps.db, done);
  for (const message of finished) message.ack();
  // What the handlers did may have events of its own.
  if (done.length > 0) await deps.outbox.drain();
}

async function isHandled(deps: Deps, event: EventEnvelope, attempts: number): Promise<boolean> {
  try {
    for (const handle of DOMAIN_EVENT_HANDLERS.get(event.type) ?? []) await handle(deps, event);
    return true;
  } catch (error) {
    const { event_id, type } = event;
    deps.log.warn('domain_event_failed', { event_id, type, attempts, error: String(error) });
    return false;
  }
}

/** Sends the failed events of a message that held several each by itself; false when the message must come again. */
async function goOnAlone(
  deps: Deps,
  queue: string,
  failed: readonly EventEnvelope[],
  total: number,
): Promise<boolean> {
  if (failed.length === 0) return true;
  if (total === 1) return false;
  try {
    for (const event of failed)
      await deps.requeue(queue, { kind: 'domain_events', events: [event] }, RETRY_SECONDS);
    return true;
  } catch (error) {
    deps.log.warn('domain_event_not_requeued', { events: failed.length, error: String(error) });
    return false;
  }
}
