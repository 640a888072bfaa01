/** The test cards of the demo processor: Stripe's own, and some that misbehave on the way. */

export interface DemoCard {
  brand: string;
  last4: string;
  /** What becomes of a charge. */
  charge: 'succeeds' | 'declines' | 'needs_authentication' | 'takes_a_while' | 'is_disputed';
  declineCode?: string;
  /** The bank also refuses to have it kept. */
  cannotBeSaved?: true;
  /** Its holder authenticates before it is kept. */
  asksWhenSaved?: true;
  /** What becomes of the call. `lost_call` never arrives; `lost_answer` has its effect, and a repeat is answered. */
  call?: 'lost_call' | 'lost_answer' | 'unavailable';
}

const VISA = { brand: 'visa', last4: '4242' } as const;

export const DEMO_CARDS: Readonly<Record<string, DemoCard>> = {
  pm_card_visa: { ...VISA, charge: 'succeeds' },
  pm_card_mastercard: { brand: 'mastercard', last4: '4444', charge: 'succeeds' },
  pm_card_chargeDeclined: {
    brand: 'visa',
    last4: '0002',
    charge: 'declines',
    declineCode: 'generic_decline',
    cannotBeSaved: true,
  },
  pm_card_chargeCustomerFail: {
    brand: 'visa',
    last4: '0341',
    charge: 'declines',
    declineCode: 'generic_decline',
  },
  pm_card_chargeDeclinedInsufficientFunds: {
    brand: 'visa',
    last4: '9995',
    charge: 'declines',
    declineCode: 'insufficient_funds',
    cannotBeSaved: true,
  },
  pm_card_authenticationRequired: {
    brand: 'visa',
    last4: '3184',
    charge: 'needs_authentication',
    asksWhenSaved: true,
  },
  /** Asks once, when it is kept; then it pays without its holder. */
  pm_card_authenticationRequiredOnSetup: {
    brand: 'visa',
    last4: '3155',
    charge: 'succeeds',
    asksWhenSaved: true,
  },
  pm_card_createDispute: { brand: 'visa', last4: '0259', charge: 'is_disputed' },
  pm_card_demoSlow: { ...VISA, charge: 'takes_a_while' },
  pm_card_demoTimeout: { ...VISA, charge: 'succeeds', call: 'lost_call' },
  pm_card_demoAnswerLost: { ...VISA, charge: 'succeeds', call: 'lost_answer' },
  pm_card_demoUnavailable: { ...VISA, charge: 'succeeds', call: 'unavailable' },
};
