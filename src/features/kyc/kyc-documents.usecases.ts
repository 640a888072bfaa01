/** Documents of people: encrypted before they are stored, and read only by addresses that are signed and short-lived. */
import type { Deps } from '../../deps.ts';
import {
  documentTypeOf,
  type KycDocumentKind,
  MAX_KYC_DOCUMENTS,
} from '../../domain/accounts/verification.ts';
import { newId } from '../../domain/ids.ts';
import { DAY_MS, SECOND_MS } from '../../domain/time.ts';
import { problem } from '../../http/problem.ts';
import { kycObjectKey } from '../accounts/kyc-object.ts';
import {
  abandonedDocuments,
  type DocumentRow,
  deleteAbandoned,
  deleteLooseDocument,
  findDocument,
  insertDocument,
} from './kyc.repository.ts';

/** Long enough to open a document from a page that was just loaded. */
export const LINK_SECONDS = 300;
const ABANDONED_MS = 7 * DAY_MS;
const ABANDONED_PER_RUN = 50;

const contextOf = (documentId: string) => `kyc:${documentId}`;
const notFound = () => problem('document_not_found', 'There is no such document, or it is not yours.');

/**
 * Stores a document of the user, encrypted under its own id. Refused with `invalid_document` for anything but a picture
 * or a PDF, by its bytes, and with `too_many_documents`.
 */
export async function uploadDocument(
  deps: Deps,
  userId: string,
  kind: KycDocumentKind,
  bytes: Uint8Array,
): Promise<DocumentRow> {
  const contentType = documentTypeOf(bytes);
  if (contentType === null)
    throw problem('invalid_document', 'The body is not a document. Send a PDF, PNG, JPEG or WebP file.');
  const id = newId('doc', deps.random);
  const row: DocumentRow = {
    id,
    userId,
    verificationId: null,
    kind,
    contentType,
    size: bytes.length,
    createdAt: deps.now(),
  };
  const sealed = await deps.vault.seal(bytes, contextOf(id));
  await deps.media.put(kycObjectKey(id), sealed, 'application/octet-stream');
  if (!(await insertDocument(deps.db, row, MAX_KYC_DOCUMENTS))) {
    await deps.media.delete([kycObjectKey(id)]);
    throw problem('too_many_documents', `No more than ${MAX_KYC_DOCUMENTS} documents can wait to be sent.`);
  }
  return row;
}

export async function removeDocument(deps: Deps, userId: string, id: string): Promise<void> {
  if (!(await deleteLooseDocument(deps.db, userId, id))) throw notFound();
  await deps.media.delete([kycObjectKey(id)]);
}

const signedText = (id: string, viewerId: string, expiresAtMs: string) =>
  `kyc-document|${id}|${viewerId}|${expiresAtMs}`;

/** The address at which one person may read a document for a few minutes. */
export async function documentUrl(deps: Deps, id: string, viewerId: string): Promise<string> {
  const expires = String(deps.now() + LINK_SECONDS * SECOND_MS);
  const signature = await deps.vault.sign(signedText(id, viewerId, expires));
  return `/api/v1/verification-documents/${id}?viewer=${viewerId}&expires=${expires}&signature=${signature}`;
}

export interface DocumentLink {
  viewer: string;
  /** Epoch milliseconds. */
  expires: string;
  signature: string;
}

/** A document by its signed address; refused with `invalid_signature` when it was changed or is too old. */
export async function openDocument(
  deps: Deps,
  id: string,
  { viewer, expires, signature }: DocumentLink,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; row: DocumentRow }> {
  const isGenuine = await deps.vault.verify(signedText(id, viewer, expires), signature);
  if (!isGenuine || Number(expires) <= deps.now())
    throw problem('invalid_signature', 'This address is not genuine, or no longer valid. Get a new one.');
  const row = await findDocument(deps.db, id);
  const stored = row && (await deps.media.serve(kycObjectKey(id), new Request('https://store.invalid/')));
  if (!row || !stored) throw notFound();
  const bytes = await deps.vault.open(new Uint8Array(await stored.arrayBuffer()), contextOf(id));
  if (bytes === null) throw new Error(`the document ${id} cannot be opened`);
  deps.log.info('kyc_document_read', { document_id: id, user_id: viewer });
  return { bytes, row };
}

/** Forgets documents that nobody handed in. Rows go last, so that what fails in between is found again. */
export async function forgetAbandonedDocuments(deps: Deps, nowMs: number): Promise<number> {
  const rows = await abandonedDocuments(deps.db, nowMs - ABANDONED_MS, ABANDONED_PER_RUN);
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await deps.media.delete(ids.map(kycObjectKey));
  await deleteAbandoned(deps.db, ids);
  return ids.length;
}
