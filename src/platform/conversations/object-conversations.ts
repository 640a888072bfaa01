import type { Conversation } from '../../../durable-objects/conversation/object.ts';
import type { Conversations } from './conversations.ts';

/**
 * Conversations as Durable Objects, named by their id. Calls are plain text: a structured argument costs a call about a
 * third more.
 */
export function createObjectConversations(namespace: DurableObjectNamespace<Conversation>): Conversations {
  const at = (conversationId: string) => namespace.get(namespace.idFromName(conversationId));
  const call = async <T>(conversationId: string, method: string, ...args: unknown[]): Promise<T> =>
    JSON.parse(await at(conversationId).callText(JSON.stringify([method, args])));
  return {
    configure: (config) => call(config.conversationId, 'configure', config),
    execute: (conversationId, request) => call(conversationId, 'execute', request),
    say: (conversationId, message) => call(conversationId, 'say', message),
    admit: (conversationId, userId) => call(conversationId, 'admit', userId),
    erase: (conversationId, userId) => call(conversationId, 'erase', userId),
    remove: (conversationId, seq) => call(conversationId, 'remove', seq),
    setBlock: (conversationId, block) => call(conversationId, 'setBlock', block),
    typing: (conversationId, userId, isTyping) => call(conversationId, 'typing', userId, isTyping),
    addFile: (conversationId, userId, file) => call(conversationId, 'addFile', userId, file),
    view: (conversationId, userId) => call(conversationId, 'view', userId),
    messages: (conversationId, userId, page) => call(conversationId, 'messages', userId, page),
    message: (conversationId, seq) => call(conversationId, 'message', seq),
    confirm: (conversationId, rev) => at(conversationId).confirm(rev),
    whenProjected: (conversationId, rev, timeoutMs) => at(conversationId).whenProjected(rev, timeoutMs),
    connect: (conversationId, request) => at(conversationId).fetch(request),
  };
}
