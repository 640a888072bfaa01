import type { Deps } from '../../deps.ts';
import { rfc3339 } from '../../http/openapi.ts';
import type { DocumentRow, VerificationRow } from './kyc.repository.ts';
import type { OwnVerification, Verification } from './kyc.usecases.ts';
import { documentUrl } from './kyc-documents.usecases.ts';

const timeOf = (atMs: number | null) => (atMs === null ? null : rfc3339(atMs));

export const presentDocument = async (deps: Deps, row: DocumentRow, viewerId: string) => ({
  id: row.id,
  kind: row.kind,
  content_type: row.contentType,
  size: row.size,
  url: await documentUrl(deps, row.id, viewerId),
  created_at: rfc3339(row.createdAt),
});

const presentDocuments = (deps: Deps, rows: readonly DocumentRow[], viewerId: string) =>
  Promise.all(rows.map((row) => presentDocument(deps, row, viewerId)));

export async function presentOwn(deps: Deps, { last, waiting }: OwnVerification, userId: string) {
  const status = last?.row.status ?? ('none' as const);
  const mayHandIn = status === 'none' || status === 'rejected';
  return {
    status,
    legal_name: last?.identity.legalName ?? null,
    birth_date: last?.identity.birthDate ?? null,
    country: last?.row.country ?? null,
    reason: last?.row.reason ?? null,
    submitted_at: timeOf(last?.row.submittedAt ?? null),
    decided_at: timeOf(last?.row.decidedAt ?? null),
    documents: await presentDocuments(deps, last?.documents ?? [], userId),
    waiting_documents: await presentDocuments(deps, waiting, userId),
    allowed_actions: mayHandIn ? (['upload_document', 'submit'] as const).slice() : [],
  };
}

export const presentQueued = (row: VerificationRow, reviewerId: string) => ({
  id: row.id,
  user_id: row.userId,
  status: row.status,
  country: row.country,
  reviewer_id: row.reviewerId,
  reason: row.reason,
  submitted_at: rfc3339(row.submittedAt),
  decided_at: timeOf(row.decidedAt),
  allowed_actions:
    row.status === 'pending' && row.userId !== reviewerId ? (['approve', 'reject'] as const).slice() : [],
});

export const presentReviewed = async (
  deps: Deps,
  { row, identity, documents }: Verification,
  reviewerId: string,
) => ({
  ...presentQueued(row, reviewerId),
  legal_name: identity.legalName,
  birth_date: identity.birthDate,
  documents: await presentDocuments(deps, documents, reviewerId),
});
