import type { DomainEventHandlers } from '../../deps.ts';
import { NOTICED_EVENTS } from '../../domain/notifications/notice-rules.ts';
import { ANNOUNCEMENT_DUE, tellNextPage } from './announcements.usecases.ts';
import { FOLLOWERS_DUE, tellHostAndFollowers, tellNextFollowers } from './followers.usecases.ts';
import { notifyOf } from './notify.usecases.ts';

/** Every event that somebody is told of, and the pages of announcements. */
export const NOTIFICATION_HANDLERS: DomainEventHandlers = {
  ...Object.fromEntries(NOTICED_EVENTS.map((type) => [type, notifyOf])),
  'stream.started': tellHostAndFollowers,
  [FOLLOWERS_DUE]: tellNextFollowers,
  [ANNOUNCEMENT_DUE]: tellNextPage,
};
