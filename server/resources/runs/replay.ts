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
import { type OfThread, tailMessageId } from './queries.ts';
import type { ReadableRun } from './service.ts';

/** Reads the turns that a run had completed at event `afterSeq`. Returns a function that adds them to another thread, as internal messages. */
export type CopyTurns = (
  db: Queryable,
  storage: Storage | undefined,
  run: { accountId: string; runId: string; afterSeq: number },
) => Promise<(tx: Queryable, threadId: string) => Promise<void>>;

/** The newest message that a run reads, and up to which number the run reads messages. */
const selectAnswered = statement<{ accountId: string; runId: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .leftJoin('run_event_archives as a', (join) => join.onRef('a.account_id', '=', 'r.account_id').onRef('a.run_id', '=', 'r.id'))
    .innerJoin('messages as m', (join) =>
      join.onRef('m.account_id', '=', 'r.account_id').onRef('m.thread_id', '=', 'r.thread_id').on('m.id', '=', tailMessageId()),
    )
    .select(['r.tail_message_number', 'r.continues_run_id', 'm.number', 'm.visible'])
    .where('r.account_id', '=', $.accountId)
    .where('r.id', '=', $.runId),
);

/** The first messages that later runs of the thread answer after an edit, and anew. */
const selectAnsweredLater = statement<OfThread & { runId: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .leftJoin('run_event_archives as a', (join) => join.onRef('a.account_id', '=', 'r.account_id').onRef('a.run_id', '=', 'r.id'))
    .innerJoin('messages as m', (join) =>
      join.onRef('m.account_id', '=', 'r.account_id').onRef('m.thread_id', '=', 'r.thread_id').on('m.id', '=', tailMessageId()),
    )
    .select(({ fn }) => [
      fn.min('m.number').filterWhere('r.source', '=', sql.lit('edit')).$castTo<number | null>().as('edited'),
      fn.min('m.number').filterWhere('r.source', '=', sql.lit('retry')).$castTo<number | null>().as('retried'),
    ])
    .where('r.account_id', '=', $.accountId)
    .where('r.thread_id', '=', $.threadId)
    .where('r.source', 'in', [sql.lit('edit'), sql.lit('retry')])
    .where('r.created_at', '>', (eb) =>
      eb.selectFrom('runs').select('created_at').where('account_id', '=', $.accountId).where('id', '=', $.runId),
    ),
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
  const { app, db, tx, accountId, actor, permissions, client } = scope;
  if (run.parent_run_id !== null) throw cannotReplay('A run of a sub-agent cannot be replayed. Replay its parent.');
  // A run can be read by more people than its thread.
  const threadId = run.thread_id;
  const seesAll = permissions.has('data.projects.manage');
  if (!(await db.row(selectReadableThread, { accountId, userId: actor.userId, seesAll, id: threadId }))) throw notFound();
  // Before the transaction, because archived events are in the object store.
  const addTurns = await withStorageErrors(scope, run, () => copyTurns(db, app.storage, { accountId, runId: run.id, afterSeq }));
  if (!(await tx.row(lockThreadShare, { accountId, id: threadId }))) throw notFound();
  const messages = await tx.rows(selectMessagesUpTo, { accountId, threadId, number: await lastNumberRead(scope, run) });
  const { thread } = await copyThread(scope, threadId, messages, null);
  await addTurns(tx, thread.id);
  const id = await startRun(scope, thread.id, optionsForRepeat(options, run), { source: 'replay', resumeFrom: run.id });
  return { run_id: id, trace_id: client.traceId, thread_id: thread.id };
}

/** Up to which number a run reads the messages of its thread. Throws 409 `run_cannot_replay` if they are no longer what the run has read. */
async function lastNumberRead({ tx, accountId }: Scope, { id: runId, thread_id: threadId }: ReadableRun): Promise<number> {
  const answered = await tx.row(selectAnswered, { accountId, runId });
  if (!answered) throw messageGone();
  const { number, visible, continues_run_id: continuedId, tail_message_number: lastNumber } = answered;
  const { edited, retried } = (await tx.row(selectAnsweredLater, { accountId, threadId, runId }))!;
  if (edited !== null && edited <= number) throw cannotReplay('A message that the run has read was edited afterwards.');
  // A run that continues another hides the unfinished answer, and keeps the turns before it. A retry hides these too.
  const isAdopted = continuedId !== null && (retried === null || retried >= number);
  if (!visible && !isAdopted) throw messageGone();
  return lastNumber;
}

const cannotReplay = (message: string) => failWith('conflict', 'run_cannot_replay', message);
const messageGone = () => cannotReplay('The message that the run answers is no longer in the thread.');
