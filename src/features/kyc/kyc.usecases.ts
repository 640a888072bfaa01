import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { kycDocuments, kycVerifications } from '../../db/identity-schema.ts';
import { users } from '../../db/schema.ts';
import type { Deps } from '../../deps.ts';
import { type KycStatus, provesIdentity } from '../../domain/accounts/verification.ts';
import { newId } from '../../domain/ids.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { accountEventStatement, activityStatement, type Client } from '../accounts/account.statements.ts';
import { readAccountFresh } from '../accounts/accounts.usecases.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import {
  type DocumentRow,
  documentsOf,
  findVerification,
  lastVerification,
  looseDocuments,
  queuedVerifications,
  type VerificationRow,
} from './kyc.repository.ts';

const Identity = z.object({ legalName: z.string(), birthDate: z.string() });
/** Who somebody says they are; stored encrypted. */
export type Identity = z.infer<typeof Identity>;

export interface Verification {
  row: VerificationRow;
  identity: Identity;
  documents: DocumentRow[];
}

const contextOf = (id: string) => `kyc:${id}`;

async function withContents(deps: Deps, row: VerificationRow): Promise<Verification> {
  const [sealed, documents] = await Promise.all([
    deps.vault.openText(row.sealedIdentity, contextOf(row.id)),
    documentsOf(deps.db, row.id),
  ]);
  if (sealed === null) throw new Error(`the verification ${row.id} cannot be opened`);
  return { row, identity: Identity.parse(JSON.parse(sealed)), documents };
}

export interface OwnVerification {
  last: Verification | null;
  /** Uploaded, and not handed in yet. */
  waiting: DocumentRow[];
}

export async function readOwn(deps: Deps, userId: string): Promise<OwnVerification> {
  const [row, waiting] = await Promise.all([
    lastVerification(deps.db, userId),
    looseDocuments(deps.db, userId),
  ]);
  return { last: row && (await withContents(deps, row)), waiting };
}

/**
 * Hands in what was uploaded: none or rejected -> pending. Refused with `kyc_pending` while one waits, `kyc_decided` for
 * whoever is verified, and `kyc_documents_missing` without a document that says who somebody is.
 */
export async function submitVerification(
  deps: Deps,
  caller: Caller,
  input: Identity & { country: string },
  client: Client,
): Promise<OwnVerification> {
  const { last, waiting } = await readOwn(deps, caller.userId);
  if (last?.row.status === 'pending') throw pending();
  if (last?.row.status === 'approved') throw problem('kyc_decided', 'You are verified already.');
  if (!provesIdentity(waiting.map(({ kind }) => kind)))
    throw problem('kyc_documents_missing', 'Upload a passport, an identity card or a driving licence first.');
  const id = newId('kyc', deps.random);
  const nowMs = deps.now();
  const identity: Identity = { legalName: input.legalName, birthDate: input.birthDate };
  const ids = waiting.map((document) => document.id);
  try {
    await deps.db.batch([
      deps.db.insert(kycVerifications).values({
        id,
        userId: caller.userId,
        status: 'pending',
        sealedIdentity: await deps.vault.sealText(JSON.stringify(identity), contextOf(id)),
        country: input.country,
        version: 1,
        submittedAt: nowMs,
      }),
      deps.db
        .update(kycDocuments)
        .set({ verificationId: id })
        .where(
          and(
            inArray(kycDocuments.id, ids),
            eq(kycDocuments.userId, caller.userId),
            isNull(kycDocuments.verificationId),
          ),
        ),
      // All of them or none; ids are our own and hold nothing that SQL would read.
      deps.db.run(
        sql.raw(
          `select case when (select count(*) from kyc_documents where verification_id = '${id}') <> ${ids.length} then json('stale') end`,
        ),
      ),
      activityStatement(deps, caller.userId, 'verification_submitted', client, caller.sessionId),
      accountEventStatement(
        deps,
        'kyc.submitted',
        caller.userId,
        { verification_id: id },
        { correlationId: client.requestId, eventId: `${id}:1` },
      ),
    ]);
  } catch (error) {
    if (isUniqueViolation(error)) throw pending();
    if (isStale(error))
      throw problem('precondition_failed', 'A document was taken away meanwhile. Look again.');
    throw error;
  }
  await deps.outbox.drain();
  return readOwn(deps, caller.userId);
}

const pending = () => problem('kyc_pending', 'Your request is being looked at.');

export const listVerifications = (
  deps: Deps,
  status: KycStatus,
  after: [number, string] | null,
  limit: number,
): Promise<VerificationRow[]> => queuedVerifications(deps.db, status, after, limit);

async function found(deps: Deps, id: string): Promise<VerificationRow> {
  const row = await findVerification(deps.db, id);
  if (!row) throw problem('kyc_not_found', 'There is no such request.');
  return row;
}

/** Opens a request for a reviewer; that somebody looked is written down before anything is shown. */
export async function inspectVerification(
  deps: Deps,
  actor: AuditedActor,
  id: string,
): Promise<Verification> {
  const row = await found(deps, id);
  await auditStatement(
    deps.db,
    actor,
    { action: 'kyc_viewed', target: { type: 'verification', id } },
    { id: newId('aud', deps.random), atMs: deps.now() },
  );
  return withContents(deps, row);
}

/**
 * Decides a request once: pending -> approved | rejected. Approval gives the badge, and the role that comes with it to
 * whoever has none above it. Refused with `kyc_decided` when it was decided before, and `forbidden` for one's own.
 */
export async function decideVerification(
  deps: Deps,
  actor: AuditedActor,
  id: string,
  decision: { status: 'approved' | 'rejected'; reason: string | null },
): Promise<Verification> {
  const row = await found(deps, id);
  if (row.userId === actor.actorId) throw problem('forbidden', 'Nobody decides about themselves.');
  const decided = () => problem('kyc_decided', 'This request has been decided.');
  if (row.status !== 'pending') throw decided();
  const { status, reason } = decision;
  const nowMs = deps.now();
  const isApproved = status === 'approved';
  try {
    await deps.db.batch([
      deps.db
        .update(kycVerifications)
        .set({ status, reason, reviewerId: actor.actorId, decidedAt: nowMs, version: row.version + 1 })
        .where(
          and(
            eq(kycVerifications.id, id),
            eq(kycVerifications.version, row.version),
            eq(kycVerifications.status, 'pending'),
          ),
        ),
      deps.db.run(sql.raw(GUARD_SQL)),
      deps.db
        .update(users)
        .set(
          isApproved
            ? {
                verifiedSellerAt: nowMs,
                role: sql`case when ${users.role} = 'user' then 'verified_seller' else ${users.role} end`,
                updatedAt: nowMs,
              }
            : { updatedAt: nowMs },
        )
        .where(and(eq(users.id, row.userId), isNull(users.deletedAt))),
      deps.db.run(sql.raw(GUARD_SQL)),
      auditStatement(
        deps.db,
        actor,
        {
          action: isApproved ? 'kyc_approved' : 'kyc_rejected',
          target: { type: 'verification', id },
          before: { status: row.status, user_id: row.userId },
          after: { status, user_id: row.userId },
          reason,
        },
        { id: newId('aud', deps.random), atMs: nowMs },
      ),
      accountEventStatement(
        deps,
        isApproved ? 'kyc.approved' : 'kyc.rejected',
        row.userId,
        { verification_id: id, reason },
        { correlationId: actor.requestId ?? id, eventId: `${id}:${row.version + 1}` },
      ),
    ]);
  } catch (error) {
    if (isStale(error)) throw decided();
    throw error;
  }
  readAccountFresh(row.userId);
  await deps.outbox.drain();
  return withContents(deps, await found(deps, id));
}
