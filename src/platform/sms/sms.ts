import type { SendOutcome } from '../../domain/notifications/delivery.ts';

export interface TextMessage {
  id: string;
  /** E.164, such as +971501234567. */
  to: string;
  text: string;
}

export interface Sms {
  /** Never throws. */
  send(message: TextMessage): Promise<SendOutcome>;
}
