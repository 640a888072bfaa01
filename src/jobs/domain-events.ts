import { deleteFromOutbox } from '../db/outbox.ts';
import type { Deps } from '../deps.ts';
import type { EventEnvelope } from '../domain/events.ts';
import { relinkMatch } from '../features/orders/relink.ts';
import {
  ATTEMPT_DUE,
  cancelOpenPayment,
  continuePayment,
  requestHold,
} from '../features/payments/payments.usecases.ts';
import { PAYOUT_REQUESTED, requestRelease, sendPayout } from '../features/payments/payouts.usecases.ts';
import { requestRefund } from '../features/payments/refunds.usecases.ts';
import { processWebhook, WEBHOOK_RECEIVED } from '../features/payments/webhooks.usecases.ts';
import type { DomainEventMessage } from './outbox.ts';

/** Does what an event asks for. It may come twice, late and in any order: a handler is idempotent by the event's id. */
export type DomainEventHandler = (deps: Deps, event: EventEnvelope) => Promise<void>;

/** Who acts on which event. An event without a handler is only told, and is done once it has arrived. */
export const DOMAIN_EVENT_HANDLERS: Partial<Record<string, DomainEventHandler>> = {
  'order.relink_request': relinkMatch,
  'order.cancelled': cancelOpenPayment,
  'order.failed': cancelOpenPayment,
  'payment.hold_request': requestHold,
  'payment.refund_request': requestRefund,
  'payment.release_request': requestRelease,
  [ATTEMPT_DUE]: continuePayment,
  [PAYOUT_REQUESTED]: sendPayout,
  [WEBHOOK_RECEIVED]: processWebhook,
};

/** Seconds until an event whose handler failed comes again. */
const RETRY_SECONDS = 5;

/** Runs the handlers of a batch; an event leaves the outbox only after its handler has done its work. */
export async function consumeDomainEvents(
  deps: Deps,
  messages: readonly Message<DomainEventMessage>[],
): Promise<void> {
  const done: Message<DomainEventMessage>[] = [];
  for (const message of messages) {
    const { event } = message.body;
    try {
      await DOMAIN_EVENT_HANDLERS[event.type]?.(deps, event);
      done.push(message);
    } catch (error) {
      deps.log.warn('domain_event_failed', {
        event_id: event.event_id,
        type: event.type,
        attempts: message.attempts,
        error: String(error),
      });
      message.retry({ delaySeconds: RETRY_SECONDS });
    }
  }
  await deleteFromOutbox(
    deps.db,
    done.map(({ body }) => body.event.event_id),
  );
  for (const message of done) message.ack();
  // What the handlers did may have events of its own.
  if (done.length > 0) await deps.outbox.drain();
}
