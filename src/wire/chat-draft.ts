import { CLIENT_MESSAGE_TYPES, placeOf } from '../domain/chat/conversation.ts';
import type { Draft } from '../domain/chat/thread.ts';
import { type Failure, failure } from '../domain/errors.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { MessageBody } from './chat.ts';

/** What a client says a message shall be, as the rules take it; the same over REST and sockets. */
export function draftOf(body: MessageBody, conversationId: string): Result<Draft, Failure> {
  const type = CLIENT_MESSAGE_TYPES.find((name) => name === body.message_type);
  if (type === undefined || body.offer_data !== undefined)
    return err(
      failure('message_type_reserved', 'Offer cards and system lines are made by the server alone.'),
    );
  const answered = body.reply_to == null ? null : placeOf(body.reply_to);
  if (body.reply_to != null && answered?.conversationId !== conversationId)
    return err(failure('message_not_found', 'There is no such message in this conversation.'));
  return ok({
    type,
    content: body.content,
    imageUrls: body.image_urls,
    file: body.file_url === undefined ? null : { url: body.file_url, name: '', content_type: '', size: 0 },
    replyTo: answered?.seq ?? null,
    clientId: body.client_id ?? null,
  });
}
