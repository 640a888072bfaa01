/** Offers over a user's line (SL-23, SL-24), by the same use cases as over REST. Buyer and seller come from the session. */
import type { Deps } from '../../deps.ts';
import { OFFER_LIFE_MS, type OfferAnswer } from '../../domain/offers/offer.ts';
import { HOUR_MS } from '../../domain/time.ts';
import type { ChannelFrame } from '../../platform/channels/channels.ts';
import type { OFFER_RESPONSES, UserCommand } from '../../wire/channels.ts';
import { createOffer, type OfferOfCaller, respondToOffer } from '../offers/offers.usecases.ts';

export type OfferCommand = Extract<UserCommand, { type: 'offer:create' | 'offer:respond' }>;

/** The words of the references beside ours (C.12, 10). */
const ACTIONS: Record<(typeof OFFER_RESPONSES)[number], OfferAnswer> = {
  accept: 'accept',
  decline: 'decline',
  reject: 'decline',
  counter: 'counter',
  withdraw: 'withdraw',
  cancel: 'withdraw',
};

export async function performOffer(deps: Deps, userId: string, command: OfferCommand): Promise<ChannelFrame> {
  const lifeMs = command.expires_in_hours === undefined ? OFFER_LIFE_MS : command.expires_in_hours * HOUR_MS;
  const message = command.message ?? null;
  if (command.type === 'offer:respond') {
    const { offer_id: offerId, action, amount_cents: amountCents } = command;
    const offer = await respondToOffer(
      deps,
      { userId },
      { offerId, action: ACTIONS[action], amountCents, message, lifeMs },
    );
    return told(deps, 'offer:responded', offer, offer.row.version);
  }
  const swapListingIds = command.swap_listing_ids ?? [];
  const type = command.offer_type ?? (swapListingIds.length > 0 ? 'swap' : 'offer');
  const offer = await createOffer(
    deps,
    { userId },
    {
      listingId: command.listing_id,
      type,
      amountCents:
        (type === 'swap' ? (command.cash_adjust_cents ?? command.amount_cents) : command.amount_cents) ??
        null,
      swapListingIds,
      message,
      lifeMs,
      clientId: command.client_id,
    },
  );
  // A threshold may have answered at once; the first step is the creation.
  return told(deps, 'offer:created', offer, 1);
}

async function told(
  deps: Deps,
  type: 'offer:created' | 'offer:responded',
  { row, side, allowedActions, offersLeft }: OfferOfCaller,
  version: number,
): Promise<ChannelFrame> {
  await deps.outbox.drain();
  return {
    type,
    // Every line of this user hears of the event under the same id.
    id: `${row.id}:${version}:${type}`,
    data: {
      offer_id: row.moveId,
      chain_id: row.id,
      listing_id: row.listingId,
      listing_title: row.listingTitle,
      conversation_id: row.conversationId,
      buyer_id: row.buyerId,
      seller_id: row.sellerId,
      role: side,
      offer_type: row.type,
      status: row.status,
      awaiting: row.awaiting,
      round: row.round,
      amount_cents: Math.abs(row.amountCents),
      cash_adjust_cents: row.type === 'swap' ? row.amountCents : 0,
      currency: row.currency,
      message: row.message,
      auto: row.isAuto,
      order_id: row.orderId,
      expires_at: row.expiresAt === null ? null : new Date(row.expiresAt).toISOString(),
      offers_left: offersLeft,
      allowed_actions: allowedActions,
    },
  };
}
