/** What the world outside does in demo mode: cardholders, banks, card networks and sellers filling in forms. */
export interface DemoControls {
  /** The holder of the card approves or denies the charge that asked for it; false when it asks for nothing. */
  authenticate(processorPaymentId: string, isApproved: boolean): Promise<boolean>;
  /** The same for a card that is to be kept. */
  authenticateCard(processorSetupId: string, isApproved: boolean): Promise<boolean>;
  /** The holder of the card disputes a charge; null when there is no such charge, or it is disputed already. */
  openChargeback(processorPaymentId: string): Promise<{ chargebackId: string } | null>;
  /** The network decides; false when there is nothing to decide. */
  closeChargeback(chargebackId: string, winner: 'seller' | 'buyer'): Promise<boolean>;
  /** The seller fills in the onboarding form. */
  completeOnboarding(accountId: string): Promise<boolean>;
  /** The bank returns a payout. */
  failPayout(processorPayoutId: string): Promise<boolean>;
  /** Sends the webhooks that were not taken yet. */
  redeliver(): Promise<number>;
}
