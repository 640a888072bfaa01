/** The dress of a mail: one plain HTML page without anything from elsewhere, and the same words as text. */
import type { Language } from './notice.ts';

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);

/** A header field is one line, whatever was put into it. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

export interface MailWords {
  subject: string;
  body: string;
  action: string | null;
  /** An absolute address, or null. */
  link: string | null;
  footer: string;
}

const FOOTERS: Record<Language, string> = {
  en: 'You get this because you have an account at Bourse. Choose what is mailed to you under Notifications.',
  fr: 'Vous recevez ce message car vous avez un compte Bourse. Choisissez vos e-mails sous Notifications.',
  ar: 'تصلك هذه الرسالة لأن لديك حسابًا في بورصة. اختر ما يصلك من صفحة الإشعارات.',
};
export const footerIn = (language: Language): string => FOOTERS[language];

export function mailText({ body, action, link, footer }: MailWords): string {
  const button = link === null ? '' : `\n\n${action ?? ''}: ${link}`.replace('\n\n: ', '\n\n');
  return `${body}${button}\n\n-- \n${footer}\n`;
}

export function mailHtml(words: MailWords, language: Language): string {
  const { subject, body, action, link, footer } = words;
  const paragraphs = body
    .split(/\n{2,}/)
    .map((text) => `<p style="margin:0 0 16px">${escapeHtml(text).replaceAll('\n', '<br>')}</p>`)
    .join('\n');
  const button =
    link === null || action === null
      ? ''
      : `<p style="margin:24px 0"><a href="${escapeHtml(link)}" style="background:#14342b;color:#ffffff;padding:12px 20px;border-radius:6px;text-decoration:none;display:inline-block">${escapeHtml(action)}</a></p>
<p style="margin:0 0 16px;font-size:13px;color:#555555;word-break:break-all">${escapeHtml(link)}</p>`;
  return `<!doctype html>
<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;background:#f4f2ec;color:#1c1c1c;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:560px;margin:0 auto;padding:32px 24px;background:#ffffff">
<p style="margin:0 0 24px;font-weight:700;letter-spacing:.04em">BOURSE</p>
<h1 style="margin:0 0 16px;font-size:20px">${escapeHtml(subject)}</h1>
${paragraphs}
${button}
<p style="margin:32px 0 0;font-size:12px;color:#777777">${escapeHtml(footer)}</p>
</div>
</body>
</html>
`;
}
