import { and, asc, desc, eq, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { kycDocuments, kycVerifications } from '../../db/identity-schema.ts';
import type { KycStatus } from '../../domain/accounts/verification.ts';

export type VerificationRow = typeof kycVerifications.$inferSelect;
export type DocumentRow = typeof kycDocuments.$inferSelect;

/** A user's last request; null while there was none. */
export async function lastVerification(db: Db, userId: string): Promise<VerificationRow | null> {
  const [row] = await db
    .select()
    .from(kycVerifications)
    .where(eq(kycVerifications.userId, userId))
    .orderBy(desc(kycVerifications.submittedAt), desc(kycVerifications.id))
    .limit(1);
  return row ?? null;
}

export async function findVerification(db: Db, id: string): Promise<VerificationRow | null> {
  const [row] = await db.select().from(kycVerifications).where(eq(kycVerifications.id, id));
  return row ?? null;
}

/** Requests of one status, the longest waiting first. */
export const queuedVerifications = (
  db: Db,
  status: KycStatus,
  after: [submittedAtMs: number, id: string] | null,
  limit: number,
): Promise<VerificationRow[]> =>
  db
    .select()
    .from(kycVerifications)
    .where(
      and(
        eq(kycVerifications.status, status),
        after === null
          ? undefined
          : sql`(${kycVerifications.submittedAt}, ${kycVerifications.id}) > (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(asc(kycVerifications.submittedAt), asc(kycVerifications.id))
    .limit(limit);

/** Documents of a user that are not handed in yet. */
export const looseDocuments = (db: Db, userId: string): Promise<DocumentRow[]> =>
  db
    .select()
    .from(kycDocuments)
    .where(and(eq(kycDocuments.userId, userId), isNull(kycDocuments.verificationId)))
    .orderBy(asc(kycDocuments.createdAt));

export const documentsOf = (db: Db, verificationId: string): Promise<DocumentRow[]> =>
  db
    .select()
    .from(kycDocuments)
    .where(eq(kycDocuments.verificationId, verificationId))
    .orderBy(asc(kycDocuments.createdAt));

export async function findDocument(db: Db, id: string): Promise<DocumentRow | null> {
  const [row] = await db.select().from(kycDocuments).where(eq(kycDocuments.id, id));
  return row ?? null;
}

/** False when the user has `max` loose documents already, also among parallel uploads. */
export async function insertDocument(db: Db, row: DocumentRow, max: number): Promise<boolean> {
  const { id, userId, kind, contentType, size, createdAt } = row;
  const written = await db
    .insert(kycDocuments)
    .select(
      sql`select ${id}, ${userId}, null, ${kind}, ${contentType}, ${size}, ${createdAt}
        where (select count(*) from kyc_documents where user_id = ${userId} and verification_id is null) < ${max}`,
    )
    .returning({ id: kycDocuments.id });
  return written.length > 0;
}

/** Takes away a document that is not handed in; false when there is no such. */
export async function deleteLooseDocument(db: Db, userId: string, id: string): Promise<boolean> {
  const gone = await db
    .delete(kycDocuments)
    .where(and(eq(kycDocuments.id, id), eq(kycDocuments.userId, userId), isNull(kycDocuments.verificationId)))
    .returning({ id: kycDocuments.id });
  return gone.length > 0;
}

/** Documents that were uploaded before a moment and never handed in. */
export const abandonedDocuments = (db: Db, beforeMs: number, limit: number): Promise<{ id: string }[]> =>
  db
    .select({ id: kycDocuments.id })
    .from(kycDocuments)
    .where(and(isNull(kycDocuments.verificationId), lt(kycDocuments.createdAt, beforeMs)))
    .orderBy(asc(kycDocuments.createdAt))
    .limit(limit);

export async function deleteAbandoned(db: Db, ids: readonly string[]): Promise<void> {
  await db
    .delete(kycDocuments)
    .where(and(inArray(kycDocuments.id, [...ids]), isNull(kycDocuments.verificationId)));
}
