import type { Deps } from '../../deps.ts';
import { footerIn, mailHtml, mailText, oneLine } from '../../domain/notifications/mail-layout.ts';
import type { Variables } from '../../domain/notifications/notice.ts';
import { fill, type TemplateName } from '../../domain/notifications/templates/template.ts';
import type { Mail } from '../../platform/mail/mail.ts';
import type { DeliveryRow, NotificationRow } from './notices.repository.ts';
import type { Reader } from './readers.ts';
import { templateFor } from './template-store.ts';

/** Pages that take the token of a mail. It stands behind the #: no server and no referrer ever sees it. */
const TOKEN_PAGES: Partial<Record<string, string>> = {
  email_verification: '/account.html#verify=',
  email_change: '/account.html#verify=',
  password_reset: '/account.html#reset=',
};
const MAX_SUBJECT = 150;

interface Secrets {
  token?: string;
  /** Where a mail goes that is about an address which is not, or no longer, the account's. */
  email?: string;
}

/** The address of the site in mails. It never comes from a request, which could name any host. */
const siteOf = ({ config }: Deps): string => (config.PUBLIC_ORIGIN || config.MAIL_ORIGIN).replace(/\/$/, '');

/** A mail in its reader's language: text and HTML from the same words. */
export async function writeMail(
  deps: Deps,
  delivery: DeliveryRow,
  notice: NotificationRow,
  reader: Reader,
): Promise<{ mail: Mail; version: number }> {
  const { language } = notice;
  const secrets = JSON.parse(delivery.secrets ?? '{}') as Secrets;
  const template = await templateFor(deps, notice.template as TemplateName, 'email', language);
  const variables = JSON.parse(notice.variables) as Variables;
  const say = (text: string): string =>
    text
      .split('\n')
      .map((line) => fill(line, variables, language, reader.preferences.timeZone))
      .join('\n');
  const page = TOKEN_PAGES[notice.template];
  const path =
    page !== undefined && secrets.token !== undefined
      ? page + encodeURIComponent(secrets.token)
      : notice.link;
  const words = {
    subject: oneLine(say(template.subject)).slice(0, MAX_SUBJECT),
    body: say(template.body),
    action: template.action === null ? null : say(template.action),
    link: path === null ? null : siteOf(deps) + path,
    footer: footerIn(language),
  };
  return {
    mail: {
      id: delivery.id,
      to: secrets.email ?? reader.email,
      subject: words.subject,
      text: mailText(words),
      html: mailHtml(words, language),
    },
    version: template.version,
  };
}
