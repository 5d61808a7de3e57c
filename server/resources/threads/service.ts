import type { PageQuery } from '../../../contract/shared/pages.ts';
import type { NewThread, ThreadChanges } from '../../../contract/threads.ts';
import { Failure, invalidField, notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { likeLiteral, type Statement } from '../../kernel/sql.ts';
import { requestCancel } from '../runs/cancel.ts';
import { removeContent } from './content.ts';
import type { ThreadRow } from './queries.ts';
import * as queries from './queries.ts';

const seesAll = ({ permissions }: Scope) => permissions.has('data.projects.manage');

/** The thread a path names. Somebody else's looks absent, unless a shared project shows it; then only its creator may write. */
export async function findThread(scope: Scope, id: string, intent: 'read' | 'write'): Promise<ThreadRow> {
  const { actor, accountId, read } = scope;
  const thread = await read.row(queries.selectReadableThread, [accountId, actor.userId, seesAll(scope), id]);
  if (!thread) throw notFound();
  if (intent === 'write') demandOwner(scope, thread);
  return thread;
}

/** Only the creator of a thread may change it. */
function demandOwner({ actor }: Scope, { created_by_user_id: owner }: Pick<ThreadRow, 'created_by_user_id'>) {
  if (owner === actor.userId) return;
  const denied = owner === null ? 'no_owner' : 'owner_mismatch';
  throw new Failure('forbidden', 'Only the creator of a thread may change it.', { reason: 'not_owner', deny_reason: denied });
}

/** Open a thread. Throws 400 `project_not_found`. */
export async function createThread(scope: Scope, { title, is_private: isPrivate, project_id: projectId }: NewThread): Promise<ThreadRow> {
  const { tx, accountId, actor } = scope;
  await demandProject(scope, projectId);
  const id = newId();
  const thread = await tx.row(queries.insertThread, [accountId, id, actor.userId, blankless(title), projectId ?? null, isPrivate]);
  return thread!;
}

const blankless = (title: string | null | undefined) => (title?.trim() ? title : null);

async function demandProject(scope: Scope, projectId: string | null | undefined) {
  if (!projectId) return;
  const visible = await scope.tx.row(queries.selectVisibleProject, [scope.accountId, scope.actor.userId, seesAll(scope), projectId]);
  if (!visible) throw invalidField('/project_id', 'is not a project you can see', 'project_not_found');
}

type List = { statement: Statement<ThreadRow>; filters: readonly unknown[]; kind: string };
type Page = { rows: ThreadRow[]; next: string | undefined };

/** The caller's own threads that are not private, last active first. */
export const listThreads = (
  scope: Scope,
  { project_id: projectId, ...page }: PageQuery & { project_id?: string | undefined },
): Promise<Page> =>
  pageOf(
    scope,
    page,
    projectId
      ? { statement: queries.selectThreadsOfProject, filters: [projectId], kind: 'threads of project' }
      : { statement: queries.selectThreads, filters: [], kind: 'threads' },
  );

/** The same, where the title or the text of a visible message contains `q`. */
export const searchThreads = (scope: Scope, { q, ...page }: PageQuery & { q: string }): Promise<Page> =>
  pageOf(scope, page, { statement: queries.searchThreads, filters: [likeLiteral(q)], kind: 'thread search' });

async function pageOf(
  { app, read, accountId, actor }: Scope,
  { limit, before }: PageQuery,
  { statement, filters, kind }: List,
): Promise<Page> {
  const list = [kind, accountId, actor.userId, ...filters];
  const [updatedAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(statement, [accountId, actor.userId, updatedAt, id, limit + 1, ...filters]);
  return app.cursors.page(rows, limit, list, (row) => [row.updated_at, row.id]);
}

/** Rename or move a thread. Throws 400 `no_fields` or `project_not_found`. */
export async function updateThread(scope: Scope, thread: ThreadRow, { title, project_id: projectId }: ThreadChanges): Promise<ThreadRow> {
  if (title === undefined && projectId === undefined) throw invalidField('', 'name at least one field', 'no_fields');
  await demandProject(scope, projectId);
  const values = [
    scope.accountId,
    thread.id,
    scope.actor.userId,
    title !== undefined,
    blankless(title),
    projectId !== undefined,
    projectId ?? null,
  ];
  const changed = await scope.tx.row(queries.updateThread, values);
  if (!changed) throw notFound();
  return changed;
}

/** Delete a thread with its content and ask its run to stop. */
export async function deleteThread(scope: Scope, thread: ThreadRow): Promise<void> {
  const deleted = await scope.tx.row(queries.deleteThread, [scope.accountId, thread.id]);
  if (!deleted) throw notFound();
  await removeContent(scope.tx, [thread]);
  // Asked now: one may have begun since the thread was looked up.
  const run = await scope.tx.row(queries.selectActiveRun, [scope.accountId, thread.id]);
  if (run) await requestCancel(scope, run.id, {});
}

/** Star a thread; again changes nothing. */
export const starThread = (scope: Scope, { id }: ThreadRow): Promise<number> =>
  scope.tx.run(queries.insertStar, [scope.accountId, scope.actor.userId, id]);

/** Remove a star, if there is one. */
export const unstarThread = (scope: Scope, { id }: ThreadRow): Promise<number> =>
  scope.tx.run(queries.deleteStar, [scope.accountId, scope.actor.userId, id]);

/** The starred threads the caller may still read. */
export async function listStarred(scope: Scope): Promise<string[]> {
  const rows = await scope.read.rows(queries.selectStars, [scope.accountId, scope.actor.userId, seesAll(scope)]);
  return rows.map((row) => row.thread_id);
}
