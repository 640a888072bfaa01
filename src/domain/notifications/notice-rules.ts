/**
 * Which event tells whom of what (C.8). Tables and nothing else: an event that is not here tells nobody, and a type that
 * no row names would never be heard of, which a test forbids.
 */

import type { EventEnvelope } from '../events.ts';
import type { EventData } from './facts.ts';
import { ACCOUNT_RULES } from './rules/account-rules.ts';
import { PEOPLE_RULES } from './rules/people-rules.ts';
import type { NoticeRule } from './rules/rule.ts';
import { SOUK_RULES } from './rules/souk-rules.ts';
import { TRADE_RULES } from './rules/trade-rules.ts';

export const NOTICE_RULES: readonly NoticeRule[] = [
  ...TRADE_RULES,
  ...SOUK_RULES,
  ...PEOPLE_RULES,
  ...ACCOUNT_RULES,
];

/** Every event that somebody is told of. */
export const NOTICED_EVENTS: readonly string[] = [...new Set(NOTICE_RULES.map(({ on }) => on))];

export interface Addressed {
  rule: NoticeRule;
  userId: string;
}

/** More readers than this in one event are a matter for pages, not for one batch. */
const MAX_READERS = 50;

/** Whom an event tells what: one of each type for a reader, the first row that says so. */
export function addressedBy(event: EventEnvelope): Addressed[] {
  const data = event.data as EventData;
  const addressed = new Map<string, Addressed>();
  for (const rule of NOTICE_RULES) {
    if (rule.on !== event.type || rule.when?.(data) === false) continue;
    for (const userId of readersOf(rule, data)) {
      const key = `${rule.type} ${userId}`;
      if (!addressed.has(key)) addressed.set(key, { rule, userId });
    }
  }
  return [...addressed.values()].slice(0, MAX_READERS);
}

function readersOf({ to, notTo }: NoticeRule, data: EventData): string[] {
  const fields = typeof to === 'function' ? to(data) : to;
  const spared = notTo === undefined ? null : data[notTo];
  return fields
    .flatMap((field) => data[field])
    .filter((id): id is string => typeof id === 'string' && id !== '' && id !== 'system' && id !== spared);
}
