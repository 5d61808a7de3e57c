import type { ForkRequest } from '../../../contract/threads.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { notFound } from '../../platform/failure.ts';
import { copyThreadAttachments } from '../attachments/queries.ts';
import * as queries from './forkQueries.ts';
import { lockThreadShare, type ThreadRow } from './queries.ts';

/** A forked thread with the mapping of message ids. */
export type Fork = { thread: ThreadRow; copied: readonly { oldId: string; newId: string; isShown: boolean }[] };

/** Copies a thread up to and including one of its messages. Throws 404 if the thread does not show that message. */
export async function forkThread(scope: Scope, { id }: ThreadRow, { message_id: last, is_private: isPrivate }: ForkRequest): Promise<Fork> {
  const { tx, accountId } = scope;
  if (!(await tx.row(lockThreadShare, { accountId, id }))) throw notFound();
  const kept = await tx.rows(queries.selectMessagesToCopy, { accountId, threadId: id, lastMessageId: last });
  if (kept.length === 0) throw notFound();
  return copyThread(scope, id, kept, isPrivate ?? null);
}

/** Copies a locked thread with some of its messages. A null `isPrivate` copies the setting of the original. */
export async function copyThread(
  { tx, accountId, actor }: Scope,
  id: string,
  kept: readonly queries.MessageToCopy[],
  isPrivate: boolean | null,
): Promise<Fork> {
  const copied = kept.map((message) => ({ oldId: message.id, number: message.number, newId: newId(), isShown: message.role !== 'tool' }));
  const forkId = newId();
  const thread = await tx.row(queries.insertFork, {
    accountId,
    id,
    userId: actor.userId,
    forkId,
    isPrivate,
    lastMessageNumber: copied.length,
  });
  const [numbers, newIds] = [copied.map(({ number }) => number), copied.map((each) => each.newId)];
  await tx.run(queries.copyMessages, { accountId, threadId: id, forkId, userId: actor.userId, numbers, newIds });
  await tx.run(copyThreadAttachments, { accountId, threadId: id, forkId });
  return { thread: thread!, copied };
}
