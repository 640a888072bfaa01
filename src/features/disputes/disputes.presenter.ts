import { priorityOf } from '../../domain/trust/dispute.ts';
import { rfc3339 } from '../../http/openapi.ts';
import type { EntryRow } from './disputes.repository.ts';
import type { DisputeOfCaller, Picture } from './disputes.usecases.ts';

const timeOf = (atMs: number | null): string | null => (atMs === null ? null : rfc3339(atMs));

export const presentDispute = ({ row, role, allowedActions }: DisputeOfCaller, nowMs: number) => ({
  id: row.id,
  order_id: row.orderId,
  order_number: row.orderNumber,
  buyer_id: row.buyerId,
  seller_id: row.sellerId,
  role,
  opened_by: row.openedBy,
  reason: row.reason,
  status: row.status,
  priority: priorityOf(row.queuedFrom, row.resolvedAt ?? nowMs),
  amount_cents: row.amountCents,
  currency: row.currency,
  assignee_id: row.assigneeId,
  answer_by: timeOf(row.answerBy),
  outcome: row.outcome,
  refund_cents: row.refundCents,
  note: row.note,
  allowed_actions: allowedActions,
  version: row.version,
  opened_at: rfc3339(row.openedAt),
  updated_at: rfc3339(row.updatedAt),
  resolved_at: timeOf(row.resolvedAt),
  closed_at: timeOf(row.closedAt),
});

export const presentEntry = (row: EntryRow) => ({
  id: row.id,
  author_id: row.authorId,
  author_role: row.authorRole,
  body: row.body,
  pictures: (JSON.parse(row.pictures) as Picture[]).map(({ hash, widths }) => ({
    urls: widths.map((width) => ({
      width,
      url: `/api/v1/disputes/${row.disputeId}/images/${hash}/${width}.webp`,
    })),
  })),
  created_at: rfc3339(row.createdAt),
});
