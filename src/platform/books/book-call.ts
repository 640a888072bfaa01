/**
 * Calls of a book's two hot methods as plain text. A structured argument costs a call about a third more than a string
 * does, and most answers are JSON text already.
 */
import type { Failure } from '../../domain/errors.ts';
import type { BookCommand, CommandAnswer, CommandContext, MarketRead, ReadAnswer } from './books.ts';

export const encodeCommand = (command: BookCommand, context: CommandContext): string =>
  JSON.stringify([command, context]);

export const decodeCommand = (text: string): [BookCommand, CommandContext] => JSON.parse(text);

/** Leads a refusal; an answer begins with `{` or, for a command, with its sequence. */
const REFUSED = '!';
const REPLAYED = 'r';
const FIRST = 'f';

export function encodeAnswer(answer: CommandAnswer): string {
  if (!answer.ok) return REFUSED + JSON.stringify(answer.failure);
  return `${answer.seq}${answer.replayed ? REPLAYED : FIRST}${answer.body}`;
}

export function decodeAnswer(text: string): CommandAnswer {
  if (text.startsWith(REFUSED)) return { ok: false, failure: JSON.parse(text.slice(1)) as Failure };
  const body = text.indexOf('{');
  const replayed = text[body - 1] === REPLAYED;
  return { ok: true, seq: Number(text.slice(0, body - 1)), replayed, body: text.slice(body) };
}

export const encodeRead = (read: MarketRead): string => JSON.stringify(read);

export const decodeRead = (text: string): MarketRead => JSON.parse(text);

export function encodeReadAnswer(answer: ReadAnswer): string {
  return answer.ok ? answer.body : REFUSED + JSON.stringify(answer.failure);
}

export function decodeReadAnswer(text: string): ReadAnswer {
  return text.startsWith(REFUSED)
    ? { ok: false, failure: JSON.parse(text.slice(1)) as Failure }
    : { ok: true, body: text };
}
