import { and, desc, eq, isNull } from 'drizzle-orm';
import { notificationTemplates } from '../../db/notifications-schema.ts';
import type { Deps } from '../../deps.ts';
import type { Language } from '../../domain/notifications/notice.ts';
import {
  builtIn,
  builtInFor,
  type Template,
  type TemplateChannel,
  type TemplateName,
} from '../../domain/notifications/templates/template.ts';

type Row = typeof notificationTemplates.$inferSelect;

export const toTemplate = (row: Row): Template => ({
  name: row.name as TemplateName,
  channel: row.channel,
  language: row.language,
  version: row.version,
  subject: row.subject,
  body: row.body,
  action: row.action,
});

/** What has been written over the built-in words is read once in a while, not for each notice. */
const MEMO_MS = 5_000;
interface Memo {
  readAtMs: number;
  templates: Map<string, Template>;
}
const memos = new WeakMap<Deps['db'], Memo>();
/** Bounds what one read may bring; there are about sixty templates in three languages. */
const MAX_OVERRIDES = 1_000;

const keyOf = (name: string, channel: string, language: string): string => `${name} ${channel} ${language}`;

async function overrides(deps: Deps): Promise<Map<string, Template>> {
  const nowMs = Date.now();
  const memo = memos.get(deps.db);
  if (memo !== undefined && nowMs - memo.readAtMs < MEMO_MS) return memo.templates;
  const rows = await deps.db
    .select()
    .from(notificationTemplates)
    .where(isNull(notificationTemplates.retiredAt))
    .orderBy(desc(notificationTemplates.version))
    .limit(MAX_OVERRIDES);
  const templates = new Map<string, Template>();
  for (const row of rows) {
    const key = keyOf(row.name, row.channel, row.language);
    if (!templates.has(key)) templates.set(key, toTemplate(row));
  }
  memos.set(deps.db, { readAtMs: nowMs, templates });
  return templates;
}

/** After a change of templates this isolate goes by it at once; the others follow within seconds. */
export const forgetTemplates = (deps: Deps): void => {
  memos.delete(deps.db);
};

/** The words in force: the newest version in the reader's language, else the built-in ones, else English. */
export async function templateFor(
  deps: Deps,
  name: TemplateName,
  channel: TemplateChannel,
  language: Language,
): Promise<Template> {
  const written = await overrides(deps);
  return (
    written.get(keyOf(name, channel, language)) ??
    builtIn(name, channel, language) ??
    written.get(keyOf(name, channel, 'en')) ??
    builtInFor(name, channel, language)
  );
}

/** Every version of a template in a language, newest first. */
export function versionsOf(deps: Deps, name: string, channel: TemplateChannel, language: Language) {
  return deps.db
    .select()
    .from(notificationTemplates)
    .where(
      and(
        eq(notificationTemplates.name, name),
        eq(notificationTemplates.channel, channel),
        eq(notificationTemplates.language, language),
      ),
    )
    .orderBy(desc(notificationTemplates.version))
    .limit(100);
}
