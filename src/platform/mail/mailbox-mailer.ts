import type { Mailbox, Mailer } from './mail.ts';

/** Mails of local development go into the mailbox. */
export function createMailboxMailer(mailbox: Mailbox, now: () => number): Mailer {
  return {
    async send({ id, to, subject, text, html }) {
      await mailbox.keep({ id, channel: 'email', recipient: to, subject, text, html, createdAtMs: now() });
      return { kind: 'sent', reference: id };
    },
  };
}
