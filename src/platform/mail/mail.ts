import type { SendOutcome } from '../../domain/notifications/delivery.ts';
import type { Channel } from '../../domain/notifications/notice.ts';

export interface Mail {
  /** The delivery it is: the same mail sent again has the same. */
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailer {
  /** Never throws: what went wrong is in the outcome. */
  send(mail: Mail): Promise<SendOutcome>;
}

/** A message that stayed on this machine. */
export interface Letter {
  id: string;
  channel: Channel;
  recipient: string;
  subject: string;
  text: string;
  html: string | null;
  createdAtMs: number;
}

/** Where mails and texts of local development end, so that they can be read in a browser. */
export interface Mailbox {
  /** Kept once, however often it is sent. */
  keep(letter: Letter): Promise<void>;
  list(page: {
    recipient: string | null;
    after: readonly [number, string] | null;
    limit: number;
  }): Promise<Letter[]>;
  find(id: string): Promise<Letter | null>;
  clear(): Promise<void>;
  /** Forgets letters from before a time. */
  forget(beforeMs: number): Promise<void>;
}
