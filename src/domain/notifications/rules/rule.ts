import type { EventData } from '../facts.ts';
import type { NoticeType } from '../notice.ts';
import type { TemplateName } from '../templates/template.ts';

export interface NoticeRule {
  /** The event's type. */
  on: string;
  when?: (data: EventData) => boolean;
  type: NoticeType;
  template: TemplateName;
  /** Fields of the event that hold ids of readers, or lists of them. */
  to: readonly string[] | ((data: EventData) => readonly string[]);
  /** The field of somebody who need not be told, such as whoever did it. */
  notTo?: string;
  /** The field of the person that the notice is about. */
  about?: string;
  /** Where it leads, as a path of the site. */
  link?: (data: EventData) => string | null;
  /** Fields of the event that the app gets along with the notice. */
  carries?: readonly string[];
  /** Pushes with the same value of this field within 30 s are one. */
  coalesceBy?: string;
  /** Fields that only the mail may show and nobody may read later, such as the token of a link. */
  secret?: readonly string[];
}

export const linkTo =
  (path: string, field: string) =>
  (data: EventData): string | null =>
    typeof data[field] === 'string' ? `${path}${encodeURIComponent(data[field])}` : null;
