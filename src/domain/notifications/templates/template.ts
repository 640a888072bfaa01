/**
 * Templates: words with `{{variables}}`. A text is written once; the HTML of a mail is made from its paragraphs, so that
 * nothing a person wrote, nor a template, can bring markup into it.
 */
import type { Language, Variable, Variables } from '../notice.ts';
import { AR_MAILS, AR_NOTICES } from './arabic.ts';
import { EN_MAILS, EN_NOTICES } from './english.ts';
import { FR_MAILS, FR_NOTICES } from './french.ts';

export type TemplateName = keyof typeof EN_NOTICES;
export const TEMPLATE_NAMES = Object.keys(EN_NOTICES) as [TemplateName, ...TemplateName[]];

/** `notice` is what the app, pushes and texts show. */
export const TEMPLATE_CHANNELS = ['notice', 'email'] as const;
export type TemplateChannel = (typeof TEMPLATE_CHANNELS)[number];

export interface TemplateText {
  /** The title of a notice, the subject of a mail. */
  subject: string;
  /** Paragraphs are separated by a blank line. */
  body: string;
  /** What the button of a mail says; none without it. */
  action: string | null;
}

/** A template as it is stored or built in. Version 1 is built in. */
export interface Template extends TemplateText {
  name: TemplateName;
  channel: TemplateChannel;
  language: Language;
  version: number;
}

type Pair = readonly [subject: string, body: string];
type Mail = readonly [subject: string, body: string, action: string];
const NOTICES: Record<Language, Partial<Record<string, Pair>>> = {
  en: EN_NOTICES,
  fr: FR_NOTICES,
  ar: AR_NOTICES,
};
const MAILS: Record<Language, Partial<Record<string, Mail>>> = { en: EN_MAILS, fr: FR_MAILS, ar: AR_MAILS };

export const OPEN: Record<Language, string> = { en: 'Open Bourse', fr: 'Ouvrir Bourse', ar: 'افتح بورصة' };

/** The built-in words in a language, or null where it has none. A type without a mail of its own is mailed its notice. */
export function builtIn(name: TemplateName, channel: TemplateChannel, language: Language): Template | null {
  const mail = channel === 'email' ? MAILS[language][name] : undefined;
  const [subject, body] = mail ?? NOTICES[language][name] ?? [];
  if (subject === undefined || body === undefined) return null;
  return {
    name,
    channel,
    language,
    version: 1,
    subject,
    body,
    action: channel === 'email' ? (mail?.[2] ?? OPEN[language]) : null,
  };
}

/** In the reader's language, else in English, which has everything. */
export const builtInFor = (name: TemplateName, channel: TemplateChannel, language: Language): Template =>
  builtIn(name, channel, language) ?? builtIn(name, channel, 'en')!;

const PLACEHOLDER = /\{\{\s*([a-z_]+)\s*\}\}/g;

export const variablesIn = (text: string): string[] => [
  ...new Set(Array.from(text.matchAll(PLACEHOLDER), ([, name]) => name!)),
];

/** With Latin digits in each: prices and order numbers read the same to both sides. */
const LOCALES: Record<Language, string> = { en: 'en-US', fr: 'fr-FR', ar: 'ar-AE-u-nu-latn' };

function show(value: Variable | undefined, language: Language, timeZone: string): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  const locale = LOCALES[language];
  if (typeof value === 'number') return new Intl.NumberFormat(locale).format(value);
  if ('cents' in value)
    return new Intl.NumberFormat(locale, { style: 'currency', currency: value.currency }).format(
      value.cents / 100,
    );
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(
    value.atMs,
  );
}

/** Fills in the variables, as plain text; one that is not there is left out. */
export function fill(text: string, variables: Variables, language: Language, timeZone = 'UTC'): string {
  return text
    .replace(PLACEHOLDER, (_, name: string) => show(variables[name], language, timeZone))
    .replace(/[ \t]+/g, ' ')
    .trim();
}
