import { reasonOf } from '../../domain/notifications/delivery.ts';
import type { Mailer } from './mail.ts';

/** Codes of the mail service that no second try can change. */
const FINAL_CODES = new Set([
  'E_VALIDATION_ERROR',
  'E_FIELD_MISSING',
  'E_RECIPIENT_NOT_ALLOWED',
  'E_RECIPIENT_SUPPRESSED',
  'E_SENDER_NOT_VERIFIED',
  'E_CONTENT_TOO_LARGE',
  'E_HEADER_NOT_ALLOWED',
]);

/** The platform's own mail service, through its binding. */
export function createBindingMailer(binding: SendEmail, from: string): Mailer {
  return {
    async send({ id, to, subject, text, html }) {
      try {
        const { messageId } = await binding.send({
          from: { name: 'Bourse', email: from },
          to,
          subject,
          text,
          html,
          // A mail that was sent twice, because nobody heard that it was sent, can be told from two mails.
          headers: { 'X-Entity-Ref-ID': id },
        });
        return { kind: 'sent', reference: messageId };
      } catch (error) {
        const code = (error as { code?: unknown } | null)?.code;
        const reason = reasonOf(error);
        return typeof code === 'string' && FINAL_CODES.has(code)
          ? { kind: 'refused', reason }
          : { kind: 'failed', reason };
      }
    },
  };
}
