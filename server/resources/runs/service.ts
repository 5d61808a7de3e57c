import type { CancelRequest, NewRun } from '../../../contract/runRequests.ts';
import type { CreatedRun, EditedMessage } from '../../../contract/runs.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { replaceContent } from '../messages/content.ts';
import * as messages from '../messages/queries.ts';
import { keepVersion } from '../shares/queries.ts';
import type { ThreadRow } from '../threads/queries.ts';
import { notYours, requestCancel } from './cancel.ts';
import { lockIdleThread, repeatedWishes, startRun, wishesOf, wishesOfRun } from './create.ts';
import * as queries from './queries.ts';

export type FoundRun = queries.RunRow & { thread_owner_id: string | null };

type Reader = Pick<Scope, 'read' | 'accountId' | 'actor' | 'permissions' | 'isPlatformAdmin'>;

/** The run a path names, if the caller may read it: its creator, a reader of its thread, a platform admin of the account. */
export async function findRun({ read, accountId, actor, permissions, isPlatformAdmin }: Reader, id: string): Promise<FoundRun> {
  const sees = permissions.has('data.projects.manage');
  const run = await read.row(queries.selectRun, [accountId, id, actor.userId, sees, isPlatformAdmin]);
  if (!run) throw notFound();
  return run;
}

const created = (scope: Scope, id: string): CreatedRun => ({ run_id: id, trace_id: scope.origin.traceId });

/** Start a run of a thread. Persona, route and model are not resolved here. Throws 409 `thread_busy` or `thread_empty`, 402, 429. */
export const createRun = async (scope: Scope, thread: ThreadRow, input: NewRun): Promise<CreatedRun> =>
  created(scope, await startRun(scope, thread.id, wishesOf(input), { source: 'api' }));

/** Answer the newest message again, in place of the answer it has. Throws 409 `nothing_to_retry` or `thread_busy`. */
export async function retryThread(scope: Scope, thread: ThreadRow, input: NewRun): Promise<CreatedRun> {
  const { tx, accountId } = scope;
  await lockIdleThread(scope, thread.id);
  const last = await tx.row(messages.selectLastVisible, [accountId, thread.id]);
  if (!last) throw refuse('conflict', 'nothing_to_retry', 'The thread has no message to answer.');
  await tx.run(messages.hideRun, [accountId, thread.id, last.run_id, last.number]);
  const repeated = await tx.row(queries.selectRepeated, [accountId, thread.id, last.number, last.run_id]);
  return created(scope, await startRun(scope, thread.id, repeatedWishes(input, repeated), { source: 'retry' }));
}

/** Take up a run that failed or was cancelled. Throws 404 for one of another thread, 409 `run_cannot_continue`. */
export async function continueThread(scope: Scope, thread: ThreadRow, runId: string): Promise<CreatedRun> {
  const run = await scope.tx.row(queries.selectContinuable, [scope.accountId, thread.id, runId]);
  if (!run) throw notFound();
  if (!run.can_continue) throw refuse('conflict', 'run_cannot_continue', 'This run cannot be continued.');
  return created(scope, await startRun(scope, thread.id, wishesOfRun(run), { source: 'continue', resumeFrom: run.id }));
}

/** Change a message, hide what came after it and answer it again. */
export async function editMessage(
  scope: Scope,
  thread: ThreadRow,
  message: messages.MessageRow,
  input: EditedMessage,
): Promise<CreatedRun> {
  const { tx, accountId } = scope;
  await lockIdleThread(scope, thread.id);
  const { content, contentJson } = await replaceContent(scope, message, input);
  await tx.run(keepVersion, [accountId, thread.id, message.id]);
  await tx.run(messages.updateContent, [accountId, thread.id, message.id, content, contentJson && JSON.stringify(contentJson)]);
  await tx.run(messages.hideAfter, [accountId, thread.id, message.number]);
  scope.audit({ targetId: message.id });
  const repeated = await tx.row(queries.selectRepeated, [accountId, thread.id, message.number, null]);
  return created(scope, await startRun(scope, thread.id, repeatedWishes(input, repeated), { source: 'edit' }));
}

/** The message of the caller's thread that a path names: only a visible one of a user. */
export async function findUserMessage(
  { read, accountId }: Scope,
  id: string,
  found: Record<string, unknown>,
): Promise<messages.MessageRow> {
  const message = await read.row(messages.selectMessage, [accountId, (found.thread as ThreadRow).id, id]);
  if (!message) throw notFound();
  return message;
}

/** Ask a run to stop; again, or when it has ended, nothing happens. Its creator, an admin of the account or of the platform may. */
export async function cancelRun(scope: Scope, run: FoundRun, input: CancelRequest): Promise<void> {
  if (run.created_by_user_id !== scope.actor.userId && scope.role !== 'admin' && !scope.isPlatformAdmin) throw notYours();
  const changed = await requestCancel(scope, run.id, input);
  if (!changed) scope.skipAudit();
}

/** The runs of a thread, newest first. */
export async function listThreadRuns({ app, read, accountId }: Scope, thread: ThreadRow, { limit, before }: PageQuery) {
  const list = ['thread runs', accountId, thread.id];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectThreadRuns, [accountId, thread.id, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The runs that a run started, in the order of their creation. */
export const listChildRuns = async ({ read, accountId }: Scope, run: FoundRun) =>
  (await read.rows(queries.selectChildRuns, [accountId, run.id])).map(({ id }) => id);
