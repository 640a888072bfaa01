import type { Mailbox } from '../mail/mail.ts';
import type { Sms } from './sms.ts';

/** Texts of local development go into the mailbox. */
export function createMailboxSms(mailbox: Mailbox, now: () => number): Sms {
  return {
    async send({ id, to, text }) {
      await mailbox.keep({
        id,
        channel: 'sms',
        recipient: to,
        subject: '',
        text,
        html: null,
        createdAtMs: now(),
      });
      return { kind: 'sent', reference: id };
    },
  };
}
