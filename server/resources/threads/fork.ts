import type { ForkRequest } from '../../../contract/threads.ts';
import { notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { copyUses } from '../attachments/queries.ts';
import type { ThreadRow } from './queries.ts';
import * as queries from './queries.ts';

/** A thread that was copied from another, and what of that one it has. */
export type Fork = { thread: ThreadRow; copied: readonly { oldId: string; newId: string; isShown: boolean }[] };

/** Copy a thread for the caller, up to one of its messages. Throws 404 for a message that the thread does not show. */
export async function forkThread(
  { tx, accountId, actor }: Scope,
  { id }: ThreadRow,
  { message_id: last, is_private: isPrivate }: ForkRequest,
): Promise<Fork> {
  if (!(await tx.row(queries.holdThread, [accountId, id]))) throw notFound();
  const kept = await tx.rows(queries.selectKept, [accountId, id, last]);
  if (kept.length === 0) throw notFound();
  const copied = kept.map((message) => ({ oldId: message.id, newId: newId(), isShown: message.role !== 'tool' }));
  const forkId = newId();
  const thread = await tx.row(queries.insertFork, [accountId, id, actor.userId, forkId, isPrivate ?? null, copied.length]);
  const [oldIds, newIds] = [copied.map(({ oldId }) => oldId), copied.map((each) => each.newId)];
  await tx.run(queries.copyMessages, [accountId, id, forkId, oldIds, newIds]);
  await tx.run(copyUses, [accountId, id, forkId]);
  return { thread: thread!, copied };
}
