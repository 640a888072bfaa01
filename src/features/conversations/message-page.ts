import { z } from 'zod';
import type { Deps } from '../../deps.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { messagesView } from './conversations.presenter.ts';
import { readPeople } from './inbox.usecases.ts';
import { readConversation, readMessages, seqIn } from './messages.usecases.ts';

const MessagesCursor = z.tuple([z.number().int().positive()]);

/** A page of messages as a participant reads it, newest first (SL-05). */
export async function pageOfMessages(
  deps: Deps,
  userId: string,
  id: string,
  query: { limit: number; before_message_id?: string | undefined; cursor?: string | undefined },
) {
  const { limit, before_message_id, cursor } = query;
  const beforeSeq =
    decodeCursor(cursor, MessagesCursor)?.[0] ??
    (before_message_id === undefined ? null : seqIn(id, before_message_id));
  const [view, page] = await Promise.all([
    readConversation(deps, userId, id),
    readMessages(deps, userId, id, { beforeSeq, limit }),
  ]);
  const people = await readPeople(
    deps,
    view.participants.map((one) => one.userId),
  );
  const oldest = page.messages.at(-1)?.message.seq;
  return {
    data: messagesView(page, view, people),
    next_cursor: page.hasMore && oldest !== undefined ? encodeCursor([oldest]) : null,
  };
}
