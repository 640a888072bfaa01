import { z } from '@hono/zod-openapi';
import { CONTEXT_TYPES, MESSAGE_TYPES, PARTICIPANT_ROLES } from '../../domain/chat/conversation.ts';
import { CONVERSATION_ACTIONS, HARD_MAX_CHARACTERS, MESSAGE_ACTIONS } from '../../domain/chat/thread.ts';
import { MAX_PAGE, PageQuery, pageOf } from '../../http/cursor.ts';
import { Timestamp } from '../../http/openapi.ts';
import { ClientId, Emoji, MessageView, ParticipantView } from '../../wire/chat.ts';
import { INBOX_FILTERS } from './inbox.repository.ts';

const Id = z.string().max(64);
export const ConversationId = z.object({ conversation_id: Id });
export const MessageId = ConversationId.extend({ message_id: Id });

export const NewConversationBody = z
  .strictObject({
    other_user_id: Id,
    product_id: Id.optional().meta({ description: 'A product of the catalogue, or a listing' }),
    listing_id: Id.optional(),
    order_id: Id.optional(),
    offer_id: Id.optional(),
    initial_message: z.string().min(1).max(HARD_MAX_CHARACTERS).optional(),
    client_id: ClientId.optional().meta({ description: 'The client_id of the initial message' }),
  })
  .refine(
    (body) =>
      [body.product_id, body.listing_id, body.order_id, body.offer_id].filter((id) => id !== undefined)
        .length <= 1,
    'A conversation is about one thing: give at most one of product_id, listing_id, order_id, offer_id',
  )
  .meta({ id: 'NewConversation' });

const Person = z
  .object({ id: z.string(), username: z.string().nullable(), display_name: z.string().nullable() })
  .meta({ id: 'ConversationPerson' });

const Context = z.object({ type: z.enum(CONTEXT_TYPES), id: z.string().nullable() });

export const ConversationSummary = z
  .object({
    id: z.string(),
    other_user: Person,
    role: z.enum(PARTICIPANT_ROLES),
    buyer_id: z.string(),
    seller_id: z.string(),
    context: Context,
    last_message: z
      .object({
        seq: z.number().int(),
        message_type: z.enum(MESSAGE_TYPES),
        preview: z.string(),
        sender_id: z.string().nullable(),
      })
      .nullable(),
    last_message_at: Timestamp,
    unread_count: z.number().int(),
    is_archived: z.boolean(),
    created_at: Timestamp,
  })
  .meta({ id: 'ConversationSummary' });

export const Inbox = pageOf(ConversationSummary)
  .extend({ unread_count: z.number().int().meta({ description: 'Unread messages of all conversations' }) })
  .meta({ id: 'Inbox' });

export const InboxQuery = PageQuery.extend({
  filter: z.enum(INBOX_FILTERS).default('all'),
  page: z.coerce.number().int().min(1).max(1_000).optional().meta({ description: 'Instead of a cursor' }),
  per_page: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_PAGE)
    .optional()
    .meta({ description: 'The same as limit' }),
});

/** Where a message stands with the others: stored, on a device of theirs, or read by them. */
export const DELIVERY_STATES = ['sent', 'delivered', 'read'] as const;

export const OwnMessageView = MessageView.extend({
  conversation_id: z.string(),
  sender: Person.nullable(),
  status: z.enum(DELIVERY_STATES).meta({ description: 'Of the one participant who is least far' }),
  allowed_actions: z.array(z.enum(MESSAGE_ACTIONS)),
}).meta({ id: 'ConversationMessage' });

export const Messages = pageOf(OwnMessageView).meta({ id: 'ConversationMessages' });
export const MessagesQuery = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  before_message_id: Id.optional().meta({ description: 'Messages before this one' }),
  cursor: z.string().max(400).optional().meta({ description: 'next_cursor of the page before' }),
});

export const StoredMessage = MessageView.extend({
  allowed_actions: z.array(z.enum(MESSAGE_ACTIONS)),
}).meta({ id: 'StoredMessage' });

export const StartedConversation = ConversationSummary.extend({
  message: StoredMessage.nullable().meta({ description: 'The initial message, as it is stored' }),
}).meta({ id: 'StartedConversation' });

export const ConversationDetail = z
  .object({
    id: z.string(),
    other_user: Person,
    role: z.enum(PARTICIPANT_ROLES),
    buyer_id: z.string(),
    seller_id: z.string(),
    context: Context.extend({
      title: z.string().nullable(),
      status: z.string().nullable(),
      price_cents: z.number().int().nullable(),
      currency: z.string().nullable(),
    }),
    rev: z.number().int().meta({ description: 'The newest change: resume the socket from here' }),
    last_seq: z.number().int(),
    unread_count: z.number().int(),
    is_archived: z.boolean(),
    is_blocked: z.boolean().meta({ description: 'One of the two has blocked the other' }),
    participants: z.array(ParticipantView),
    messages: z.array(OwnMessageView).meta({ description: 'The newest 50, newest first' }),
    next_cursor: z.string().nullable().meta({ description: 'For the messages before these' }),
    allowed_actions: z.array(z.enum(CONVERSATION_ACTIONS)),
  })
  .meta({ id: 'Conversation' });

export const EditBody = z
  .strictObject({ content: z.string().min(1).max(HARD_MAX_CHARACTERS) })
  .meta({ id: 'MessageEdit' });
export const ReactionBody = z
  .strictObject({ emoji: Emoji, on: z.boolean().default(true).meta({ description: 'false takes it back' }) })
  .meta({ id: 'MessageReaction' });
export const ReadBody = z
  .strictObject({ seq: z.number().int().nonnegative().optional(), message_id: Id.optional() })
  .meta({ id: 'ConversationRead', description: 'Up to here; all of it when both are left out' });
export const ReadAnswer = z
  .object({ conversation_id: z.string(), read_seq: z.number().int(), unread_count: z.number().int() })
  .meta({ id: 'ConversationReadAnswer' });
export const TypingBody = z.strictObject({ is_typing: z.boolean() }).meta({ id: 'ConversationTyping' });
export const DeliveredBody = z
  .strictObject({ seq: z.number().int().nonnegative() })
  .meta({ id: 'ConversationDelivered' });

export const SearchQuery = PageQuery.extend({ q: z.string().min(1).max(200) });
export const FoundMessages = pageOf(
  z
    .object({
      id: z.string(),
      conversation_id: z.string(),
      seq: z.number().int(),
      sender_id: z.string().nullable(),
      message_type: z.enum(MESSAGE_TYPES),
      content: z.string(),
      created_at: Timestamp,
    })
    .meta({ id: 'FoundMessage' }),
).meta({ id: 'FoundMessages' });

export const UploadedImage = z
  .object({
    url: z.string().meta({ description: 'For image_urls of a message in this conversation' }),
    variants: z.array(z.object({ width: z.number().int(), url: z.string() })),
    width: z.number().int(),
    height: z.number().int(),
  })
  .meta({ id: 'ConversationImage' });

export const ChatSocketQuery = z.object({
  ticket: z.string().max(200).optional().meta({ description: 'One-time ticket from POST /ws-tickets' }),
  resume_from: z.coerce
    .number()
    .int()
    .nonnegative()
    .optional()
    .meta({ description: 'The last rev you have: what you missed comes first' }),
  aliases: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`message:new` by its other name, `message:received`' }),
});

export const ChatImage = ConversationId.extend({
  hash: z.string().max(64).meta({ description: 'As in the url of the image' }),
  file: z.string().max(16).meta({ example: '640.webp' }),
});
