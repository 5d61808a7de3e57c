import type { CancelRequest, NewRun } from '../../../contract/runRequests.ts';
import type { CreatedRun, EditedMessage } from '../../../contract/runs.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { RowOf } from '../../database/statement.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { lockIdleThread, optionsForRepeat, optionsOfRun, runOptionsOf, startRun } from '../../runs/create/startRun.ts';
import { replaceContent } from '../messages/content.ts';
import * as messages from '../messages/queries.ts';
import { snapshotMessage } from '../shares/queries.ts';
import type { ThreadRow } from '../threads/queries.ts';
import { notCreator, requestCancel } from './cancel.ts';
import * as queries from './queries.ts';

export type ReadableRun = RowOf<typeof queries.selectRun>;

type Reader = Pick<Scope, 'db' | 'accountId' | 'actor' | 'permissions' | 'isPlatformAdmin'>;

/** Throws 404 unless the caller created the run, may read its thread, or is a platform admin in the account. */
export async function findRun({ db, accountId, actor, permissions, isPlatformAdmin }: Reader, id: string): Promise<ReadableRun> {
  const seesAll = permissions.has('data.projects.manage');
  const run = await db.row(queries.selectRun, { accountId, id, userId: actor.userId, seesAll, isPlatformAdmin });
  if (!run) throw notFound();
  return run;
}

const created = (scope: Scope, id: string): CreatedRun => ({ run_id: id, trace_id: scope.client.traceId });

/** Persona, route and model are resolved by the worker. Throws 409 `thread_busy` or `thread_empty`, 402, 429. */
export const createRun = async (scope: Scope, thread: ThreadRow, input: NewRun): Promise<CreatedRun> =>
  created(scope, await startRun(scope, thread.id, runOptionsOf(input), { source: 'api' }));

/** Replaces the last answer by a new run. Throws 409 `nothing_to_retry` or `thread_busy`. */
export async function retryThread(scope: Scope, thread: ThreadRow, input: NewRun): Promise<CreatedRun> {
  const { tx, accountId } = scope;
  await lockIdleThread(scope, thread.id);
  const last = await tx.row(messages.selectLastVisible, { accountId, threadId: thread.id });
  if (!last) throw failWith('conflict', 'nothing_to_retry', 'The thread has no message to answer.');
  await tx.run(messages.hideRun, { accountId, threadId: thread.id, runId: last.run_id, number: last.number });
  const repeated = await tx.row(queries.selectRunOptions, {
    accountId,
    threadId: thread.id,
    messageNumber: last.number,
    runId: last.run_id,
  });
  return created(scope, await startRun(scope, thread.id, optionsForRepeat(input, repeated), { source: 'retry' }));
}

/** Continues a failed or cancelled run. Throws 404 for a run of another thread, 409 `run_cannot_continue`. */
export async function continueThread(scope: Scope, thread: ThreadRow, runId: string): Promise<CreatedRun> {
  const run = await scope.tx.row(queries.selectContinuableRun, { accountId: scope.accountId, threadId: thread.id, id: runId });
  if (!run) throw notFound();
  if (!run.can_continue) throw failWith('conflict', 'run_cannot_continue', 'This run cannot be continued.');
  return created(scope, await startRun(scope, thread.id, optionsOfRun(run), { source: 'continue', resumeFrom: run.id }));
}

/** Changes a message, hides the messages after it, and starts a run to answer it. */
export async function editMessage(
  scope: Scope,
  thread: ThreadRow,
  message: messages.MessageRow,
  input: EditedMessage,
): Promise<CreatedRun> {
  const { tx, accountId } = scope;
  await lockIdleThread(scope, thread.id);
  const { content, contentJson } = await replaceContent(scope, message, input);
  await tx.run(snapshotMessage, { accountId, threadId: thread.id, messageId: message.id });
  const json = contentJson && JSON.stringify(contentJson);
  await tx.run(messages.updateContent, { accountId, threadId: thread.id, id: message.id, content, contentJson: json });
  await tx.run(messages.hideAfter, { accountId, threadId: thread.id, number: message.number });
  scope.audit({ targetId: message.id });
  const repeated = await tx.row(queries.selectRunOptions, { accountId, threadId: thread.id, messageNumber: message.number, runId: null });
  return created(scope, await startRun(scope, thread.id, optionsForRepeat(input, repeated), { source: 'edit' }));
}

/** Finds only visible messages with the role `user`. */
export async function findUserMessage({ db, accountId }: Scope, id: string, loaded: Record<string, unknown>): Promise<messages.MessageRow> {
  const message = await db.row(messages.selectMessage, { accountId, threadId: (loaded.thread as ThreadRow).id, id });
  if (!message) throw notFound();
  return message;
}

/** Idempotent. Allowed for the creator of the run, admins of the account and platform admins. Throws 403. */
export async function cancelRun(scope: Scope, run: ReadableRun, input: CancelRequest): Promise<void> {
  if (run.created_by_user_id !== scope.actor.userId && scope.role !== 'admin' && !scope.isPlatformAdmin) throw notCreator();
  const changed = await requestCancel(scope, run.id, input);
  if (!changed) scope.skipAudit();
}

export const listThreadRuns = ({ app, db, accountId }: Scope, thread: ThreadRow, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['thread runs', accountId, thread.id],
    (key) => db.rows(queries.selectThreadRuns, { accountId, threadId: thread.id, ...key }),
    (row) => [row.created_at, row.id],
  );

export const listChildRuns = async ({ db, accountId }: Scope, run: ReadableRun) =>
  (await db.rows(queries.selectChildRuns, { accountId, id: run.id })).map(({ id }) => id);
