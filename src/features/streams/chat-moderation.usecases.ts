/** Lines that the host of a stream, or a moderator, takes out of its chat. */
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import type { Caller } from '../../http/factory.ts';
import { problem } from '../../http/problem.ts';
import { type AuditedActor, auditStatement } from '../audit/audit.statements.ts';
import { findStream } from './streams.repository.ts';
import { roomOf } from './streams.usecases.ts';

const streamNotFound = () => problem('stream_not_found', 'There is no such stream, or it is not for you.');
const lineNotFound = () => problem('message_not_found', 'There is no such line in the chat any more.');

async function takeOut(deps: Deps, id: string, seq: number): Promise<void> {
  const isGone = await deps.channels.removeLine(roomOf(id), seq);
  if (isGone === null) throw problem('unavailable', 'The room could not be reached. Try again.');
  if (!isGone) throw lineNotFound();
}

/** A host takes a line out of the chat of their own stream; for anybody else there is no such stream. */
export async function deleteChatLine(deps: Deps, id: string, host: Caller, seq: number): Promise<void> {
  const stream = await findStream(deps.db, id);
  if (stream === null || stream.row.hostId !== host.userId) throw streamNotFound();
  await takeOut(deps, id, seq);
}

/** A moderator does it in any stream: what was said stays in the audit log alone. */
export async function deleteChatLineAsModerator(
  deps: Deps,
  id: string,
  seq: number,
  reason: string,
  actor: AuditedActor,
): Promise<void> {
  if ((await findStream(deps.db, id)) === null) throw streamNotFound();
  const line = (await deps.channels.recent(roomOf(id))).find(
    (event) => event.seq === seq && event.type === 'stream:chat',
  );
  if (line === undefined) throw lineNotFound();
  await auditStatement(
    deps.db,
    actor,
    {
      action: 'stream_chat_deleted',
      target: { type: 'stream', id },
      before: { seq, ...(line.data as object) },
      after: { deleted: true },
      reason,
    },
    { id: newId('aud', deps.random), atMs: deps.now() },
  );
  await takeOut(deps, id, seq);
}
