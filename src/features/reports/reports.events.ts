import type { Deps, DomainEventHandlers } from '../../deps.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import { AUTOMATIC_HANDLERS } from './automatic-measures.ts';
import { removeReportedMessage } from './decide-report.ts';

/** The request that decided does this as well, unless it ended before. */
async function onResolved(deps: Deps, event: EventEnvelope): Promise<void> {
  const { target_type, target_id, outcome } = event.data as {
    target_type: string;
    target_id: string;
    outcome: string | null;
  };
  await removeReportedMessage(deps, { targetType: target_type, targetId: target_id, outcome });
}

export const REPORT_HANDLERS: DomainEventHandlers = { ...AUTOMATIC_HANDLERS, 'report.resolved': onResolved };
