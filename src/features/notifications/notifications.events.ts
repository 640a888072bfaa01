import type { DomainEventHandlers } from '../../deps.ts';
import { NOTICED_EVENTS } from '../../domain/notifications/notice-rules.ts';
import { ANNOUNCEMENT_DUE, tellNextPage } from './announcements.usecases.ts';
import { notifyOf } from './notify.usecases.ts';

/** Every event that somebody is told of, and the pages of announcements. */
export const NOTIFICATION_HANDLERS: DomainEventHandlers = {
  ...Object.fromEntries(NOTICED_EVENTS.map((type) => [type, notifyOf])),
  [ANNOUNCEMENT_DUE]: tellNextPage,
};
