import type { DomainEventHandlers } from '../../deps.ts';
import { clearAway } from './deletion.usecases.ts';
import { answerReset } from './passwords.usecases.ts';

/** What accounts do about events, behind the queue. */
export const ACCOUNT_HANDLERS: DomainEventHandlers = {
  'account.password_reset_asked': answerReset,
  'account.deleted': clearAway,
};
