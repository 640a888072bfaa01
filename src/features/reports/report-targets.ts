/** What a report can be about: whose it is, and what a moderator sees of it. */
import { and, eq, sql } from 'drizzle-orm';
import { conversationMessages, conversationParticipants } from '../../db/chat-schema.ts';
import { listings } from '../../db/listings-schema.ts';
import { users } from '../../db/schema.ts';
import { reviews } from '../../db/trust-schema.ts';
import type { Deps } from '../../deps.ts';
import type { ReportTarget } from '../../domain/trust/report.ts';
import type { Caller } from '../../http/factory.ts';
import { Problem } from '../../http/problem.ts';
import { getReview } from '../reviews/reviews.usecases.ts';

export interface Target {
  type: ReportTarget;
  id: string;
  /** Whose content it is; the reported user themselves. */
  ownerId: string;
  conversationId: string | null;
}

const target = (
  type: ReportTarget,
  id: string,
  ownerId: string,
  conversationId: string | null = null,
): Target => ({
  type,
  id,
  ownerId,
  conversationId,
});

/** A draft, or what its owner deleted, is nobody else's to see. */
const UNSEEN_LISTINGS = ['draft', 'deleted'];

/** The target as somebody who may see it reports it; null when there is none that they could have seen. */
export async function findTarget(
  deps: Deps,
  type: ReportTarget,
  id: string,
  reporter: Caller,
): Promise<Target | null> {
  switch (type) {
    case 'listing': {
      const [row] = await deps.db
        .select({ sellerId: listings.sellerId, status: listings.status })
        .from(listings)
        .where(eq(listings.id, id));
      return row && !UNSEEN_LISTINGS.includes(row.status) ? target(type, id, row.sellerId) : null;
    }
    case 'user': {
      const [row] = await deps.db
        .select({ id: users.id })
        .from(users)
        .where(and(eq(users.id, id), sql`${users.deletedAt} is null`));
      return row ? target(type, id, row.id) : null;
    }
    case 'message': {
      const [row] = await deps.db
        .select({
          senderId: conversationMessages.senderId,
          conversationId: conversationMessages.conversationId,
        })
        .from(conversationMessages)
        .innerJoin(
          conversationParticipants,
          and(
            eq(conversationParticipants.conversationId, conversationMessages.conversationId),
            eq(conversationParticipants.userId, reporter.userId),
          ),
        )
        .where(eq(conversationMessages.id, id));
      return row?.senderId ? target(type, id, row.senderId, row.conversationId) : null;
    }
    case 'review':
      return findReviewTarget(deps, id, reporter);
  }
}

async function findReviewTarget(deps: Deps, id: string, reporter: Caller): Promise<Target | null> {
  try {
    const { row } = await getReview(deps, id, reporter);
    return target('review', id, row.authorId);
  } catch (error) {
    if (error instanceof Problem && error.failure.code === 'review_not_found') return null;
    throw error;
  }
}

/** What a moderator is shown of a target: its words as they are now. */
export interface TargetView {
  title: string;
  text: string;
  status: string | null;
}

export async function viewTarget(deps: Deps, type: ReportTarget, id: string): Promise<TargetView | null> {
  const { db } = deps;
  switch (type) {
    case 'listing': {
      const [row] = await db.select().from(listings).where(eq(listings.id, id));
      return row ? { title: row.title, text: row.description, status: row.status } : null;
    }
    case 'user': {
      const [row] = await db
        .select({
          displayName: users.displayName,
          username: users.username,
          status: users.status,
          bio: users.bio,
        })
        .from(users)
        .where(eq(users.id, id));
      return row
        ? { title: `${row.displayName} (${row.username})`, text: row.bio ?? '', status: row.status }
        : null;
    }
    case 'message': {
      const [row] = await db.select().from(conversationMessages).where(eq(conversationMessages.id, id));
      return row
        ? { title: 'Message', text: row.content, status: row.deletedAt === null ? 'shown' : 'deleted' }
        : null;
    }
    case 'review': {
      const [row] = await db.select().from(reviews).where(eq(reviews.id, id));
      return row
        ? {
            title: `${row.rating} of 5`,
            text: row.comment,
            status: row.hiddenAt === null ? 'shown' : 'hidden',
          }
        : null;
    }
  }
}
