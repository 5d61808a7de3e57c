import { sql } from 'kysely';
import type { ReplayRequest } from '../../../contract/runRequests.ts';
import type { ReplayedRun } from '../../../contract/runs.ts';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { optionsForRepeat, startRun } from '../../runs/create/startRun.ts';
import { withStorageErrors } from '../../runs/follow/openStream.ts';
import type { Storage } from '../../storage/storage.ts';
import { copyThread } from '../threads/fork.ts';
import { selectMessagesUpTo } from '../threads/forkQueries.ts';
import { lockThreadShare, selectReadableThread } from '../threads/queries.ts';
import type { ReadableRun } from './service.ts';

/** Adds the turns that a run had completed at event `afterSeq` to another thread, as internal messages. */
export type CopyTurns = (
  tx: Queryable,
  storage: Storage | undefined,
  run: { accountId: string; runId: string; afterSeq: number },
  threadId: string,
) => Promise<void>;

/** The newest message that a run reads, whether it is still visible, and up to which number the run reads messages. */
const selectAnswered = statement<{ accountId: string; runId: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('messages')
          .select('visible')
          .whereRef('account_id', '=', 'r.account_id')
          .whereRef('thread_id', '=', 'r.thread_id')
          .whereRef('number', '<=', 'r.tail_message_number')
          .where('role', '<>', sql.lit('tool' as const))
          .orderBy('number', 'desc')
          .limit(sql.lit(1))
          .as('m'),
      (join) => join.onTrue(),
    )
    .select(['r.tail_message_number', 'm.visible'])
    .where('r.account_id', '=', $.accountId)
    .where('r.id', '=', $.runId),
);

/**
 * Copies the thread of a run as the run read it, with the turns of the run up to an event, and starts a run there. Throws 404 if the caller may
 * not read the thread, 409 `run_cannot_replay`, and the errors of starting a run.
 */
export async function replayRun(
  scope: Scope,
  run: ReadableRun,
  { after_seq: afterSeq, ...options }: ReplayRequest,
  copyTurns: CopyTurns,
): Promise<ReplayedRun> {
  const { app, tx, accountId, actor, permissions, client } = scope;
  if (run.parent_run_id !== null)
    throw failWith('conflict', 'run_cannot_replay', 'A run of a sub-agent cannot be replayed. Replay its parent.');
  // A run can be read by more people than its thread.
  const threadId = run.thread_id;
  const seesAll = permissions.has('data.projects.manage');
  if (!(await tx.row(selectReadableThread, { accountId, userId: actor.userId, seesAll, id: threadId }))) throw notFound();
  if (!(await tx.row(lockThreadShare, { accountId, id: threadId }))) throw notFound();
  const answered = await tx.row(selectAnswered, { accountId, runId: run.id });
  if (!answered?.visible) throw failWith('conflict', 'run_cannot_replay', 'The message that the run answers is no longer in the thread.');
  const messages = await tx.rows(selectMessagesUpTo, { accountId, threadId, number: answered.tail_message_number });
  const { thread } = await copyThread(scope, threadId, messages, null);
  await withStorageErrors(scope, run, () => copyTurns(tx, app.storage, { accountId, runId: run.id, afterSeq }, thread.id));
  const id = await startRun(scope, thread.id, optionsForRepeat(options, run), { source: 'replay', resumeFrom: run.id });
  return { run_id: id, trace_id: client.traceId, thread_id: thread.id };
}
