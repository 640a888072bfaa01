/** The words of notifications as admins manage them: built-in ones are version 1, what is written here comes after. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import { GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { notificationTemplates } from '../../db/notifications-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { footerIn, mailHtml, mailText, oneLine } from '../../domain/notifications/mail-layout.ts';
import { LANGUAGES, type Language, type Variables } from '../../domain/notifications/notice.ts';
import {
  builtIn,
  builtInFor,
  fill,
  TEMPLATE_CHANNELS,
  TEMPLATE_NAMES,
  type Template,
  type TemplateChannel,
  type TemplateName,
  type TemplateText,
  variablesIn,
} from '../../domain/notifications/templates/template.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { forgetTemplates, templateFor, toTemplate, versionsOf } from './template-store.ts';

export interface TemplateKey {
  name: TemplateName;
  channel: TemplateChannel;
  language: Language;
}

export interface ListedTemplate {
  template: Template;
  variables: string[];
  isActive: boolean;
  /** Null for what is built in. */
  createdBy: string | null;
  createdAt: number | null;
}

const textsOf = ({ subject, body, action }: TemplateText): string => `${subject}\n${body}\n${action ?? ''}`;

const listed = (
  template: Template,
  isActive: boolean,
  row: { createdBy: string; createdAt: number } | null,
): ListedTemplate => ({
  template,
  variables: variablesIn(textsOf(template)),
  isActive,
  createdBy: row?.createdBy ?? null,
  createdAt: row?.createdAt ?? null,
});

/** What is in force, for each name, channel and language that are asked for. */
export async function listTemplates(
  deps: Deps,
  filter: Partial<Record<keyof TemplateKey, string | undefined>>,
): Promise<ListedTemplate[]> {
  const found: ListedTemplate[] = [];
  for (const name of TEMPLATE_NAMES)
    for (const channel of TEMPLATE_CHANNELS)
      for (const language of LANGUAGES) {
        const key = { name, channel, language };
        if (
          Object.entries(filter).some(([field, value]) => value && key[field as keyof TemplateKey] !== value)
        )
          continue;
        const template = await templateFor(deps, name, channel, language);
        // A language without words of its own is read in English, which is listed already.
        if (template.language === language) found.push(listed(template, true, null));
      }
  return found;
}

export async function readTemplate(
  deps: Deps,
  { name, channel, language }: TemplateKey,
): Promise<ListedTemplate[]> {
  const rows = await versionsOf(deps, name, channel, language);
  const original = builtIn(name, channel, language);
  const active = rows.find(({ retiredAt }) => retiredAt === null);
  const versions = rows.map((row) => listed(toTemplate(row), row === active, row));
  if (original !== null) versions.push(listed(original, active === undefined, null));
  if (versions.length === 0)
    throw problem('template_not_found', 'There are no words of this in this language.');
  return versions;
}

/** What a text may speak of: whatever its built-in words speak of, and what every notice knows. */
function refuseUnknownVariables({ name, channel }: TemplateKey, text: TemplateText): void {
  const known = new Set(['name', 'item', 'person']);
  for (const each of TEMPLATE_CHANNELS)
    for (const variable of variablesIn(textsOf(builtInFor(name, each, 'en')))) known.add(variable);
  const unknown = variablesIn(textsOf(text)).filter((variable) => !known.has(variable));
  if (unknown.length > 0)
    throw problem('unknown_variable', `The ${channel} of ${name} does not know ${unknown.join(', ')}.`, {
      unknown,
      known: [...known],
    });
}

/** Writes the next version, which is in force at once. Of two who write at the same moment, both are kept. */
export async function writeTemplate(
  deps: Deps,
  key: TemplateKey,
  text: TemplateText,
  actor: AuditedActor,
): Promise<ListedTemplate> {
  refuseUnknownVariables(key, text);
  const nowMs = deps.now();
  for (let attempt = 1; ; attempt += 1) {
    const [newest] = await versionsOf(deps, key.name, key.channel, key.language);
    const before = await templateFor(deps, key.name, key.channel, key.language);
    const version = (newest?.version ?? 1) + 1;
    const row = { ...key, ...text, version, retiredAt: null, createdBy: actor.actorId, createdAt: nowMs };
    try {
      await deps.db.batch([
        deps.db.insert(notificationTemplates).values(row),
        auditStatement(
          deps.db,
          actor,
          {
            action: 'template_written',
            target: { type: 'notification_template', id: `${key.name}/${key.channel}/${key.language}` },
            before: { version: before.version, subject: before.subject, body: before.body },
            after: { version, subject: text.subject, body: text.body },
          },
          { id: newId('aud', deps.random), atMs: nowMs },
        ),
      ]);
      forgetTemplates(deps);
      return listed(toTemplate(row), true, row);
    } catch (error) {
      if (!isUniqueViolation(error) || attempt === 5) throw error;
    }
  }
}

export async function retireTemplate(
  deps: Deps,
  { name, channel, language }: TemplateKey,
  version: number,
  actor: AuditedActor,
): Promise<void> {
  const nowMs = deps.now();
  try {
    await deps.db.batch([
      deps.db
        .update(notificationTemplates)
        .set({ retiredAt: nowMs })
        .where(
          and(
            eq(notificationTemplates.name, name),
            eq(notificationTemplates.channel, channel),
            eq(notificationTemplates.language, language),
            eq(notificationTemplates.version, version),
            isNull(notificationTemplates.retiredAt),
          ),
        ),
      deps.db.run(sql.raw(GUARD_SQL)),
      auditStatement(
        deps.db,
        actor,
        {
          action: 'template_retired',
          target: { type: 'notification_template', id: `${name}/${channel}/${language}` },
          before: { version },
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw problem('template_not_found', 'There is no such version in force.');
    throw error;
  }
  forgetTemplates(deps);
}

const SAMPLES: Variables = {
  ...{
    name: 'Alice',
    person: 'Bob',
    item: 'Air Runner 90 (US 10)',
    title: 'Spring sale',
    text: 'It begins today.',
  },
  ...{
    order_number: 'ORD-20260304-0001',
    preview: 'Is it still there?',
    search: 'runners',
    reason: 'A reason',
  },
  ...{
    carrier: 'DHL',
    tracking: 'JD0123',
    device: 'Firefox on Linux',
    outcome: 'refunded',
    action: 'warning',
  },
  ...{ count: 3, rating: 5, quantity: 1 },
  ...Object.fromEntries(
    ['price', 'amount', 'total', 'payout', 'top', 'threshold', 'previous_price', 'list_price', 'refund'].map(
      (field) => [field, { cents: 22_000, currency: 'USD' }],
    ),
  ),
  ...Object.fromEntries(
    ['expires', 'until', 'ship_by'].map((field) => [field, { atMs: Date.UTC(2026, 2, 4, 12) }]),
  ),
};

/** What words would look like to their reader; where no variable is given, a sample stands for it. */
export function preview(
  key: TemplateKey,
  text: TemplateText,
  variables: Readonly<Record<string, string | number>>,
): { subject: string; text: string; html: string | null } {
  refuseUnknownVariables(key, text);
  const { channel, language } = key;
  const say = (words: string): string =>
    words
      .split('\n')
      .map((line) => fill(line, { ...SAMPLES, ...variables }, language))
      .join('\n');
  const words = {
    subject: oneLine(say(text.subject)),
    body: say(text.body),
    action: text.action === null ? null : say(text.action),
    link: channel === 'email' ? 'https://bourse.example/' : null,
    footer: footerIn(language),
  };
  return channel === 'email'
    ? { subject: words.subject, text: mailText(words), html: mailHtml(words, language) }
    : { subject: words.subject, text: words.body, html: null };
}
