import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { NewThread, ThreadChanges } from '../../../contract/threads.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure, invalidField, notFound } from '../../platform/failure.ts';
import { selectVisibleProject } from '../projects/queries.ts';
import { requestCancel } from '../runs/cancel.ts';
import type { ThreadRow } from './queries.ts';
import * as queries from './queries.ts';
import { removeContent } from './removeContent.ts';
import { searchThreadsOfUser } from './search.ts';

const seesAll = ({ permissions }: Scope) => permissions.has('data.projects.manage');

/** Throws 404 if the caller may not read the thread, 403 for a write to a thread of another user. */
export async function findThread(scope: Scope, id: string, intent: 'read' | 'write'): Promise<ThreadRow> {
  const { actor, accountId, db } = scope;
  const thread = await db.row(queries.selectReadableThread, { accountId, userId: actor.userId, seesAll: seesAll(scope), id });
  if (!thread) throw notFound();
  if (intent === 'write') requireOwner(scope, thread);
  return thread;
}

function requireOwner({ actor }: Scope, { created_by_user_id: owner }: Pick<ThreadRow, 'created_by_user_id'>) {
  if (owner === actor.userId) return;
  const denied = owner === null ? 'no_owner' : 'owner_mismatch';
  throw new Failure('forbidden', 'Only the creator of a thread may change it.', { reason: 'not_owner', deny_reason: denied });
}

/** Throws 400 `project_not_found`. */
export async function createThread(scope: Scope, { title, is_private: isPrivate, project_id: projectId }: NewThread): Promise<ThreadRow> {
  const { tx, accountId, actor } = scope;
  await requireProject(scope, projectId);
  const id = newId();
  const thread = await tx.row(queries.insertThread, {
    accountId,
    id,
    userId: actor.userId,
    title: nullIfBlank(title),
    projectId: projectId ?? null,
    isPrivate,
  });
  return thread!;
}

const nullIfBlank = (title: string | null | undefined) => (title?.trim() ? title : null);

async function requireProject(scope: Scope, projectId: string | null | undefined) {
  if (!projectId) return;
  const { tx, accountId, actor } = scope;
  const visible = await tx.row(selectVisibleProject, { accountId, userId: actor.userId, seesAll: seesAll(scope), id: projectId });
  if (!visible) throw invalidField('/project_id', 'is not a project you can see', 'project_not_found');
}

type Page = { rows: ThreadRow[]; next: string | undefined };

const cursorKeyOf = (row: Pick<ThreadRow, 'updated_at' | 'id'>): [time: string, id: string] => [row.updated_at, row.id];

type ThreadFilter = { project_id?: string | undefined; archived: boolean };

/** The caller's own threads that are not private, most recently updated first. */
export function listThreads(
  { app, db, accountId, actor: { userId } }: Scope,
  { project_id: projectId, archived, ...page }: PageQuery & ThreadFilter,
): Promise<Page> {
  const list = archived ? 'archived threads' : 'threads';
  if (!projectId) {
    const threads = archived ? queries.selectArchivedThreads : queries.selectThreads;
    return app.cursors.fetchPage(page, [list, accountId, userId], (key) => db.rows(threads, { accountId, userId, ...key }), cursorKeyOf);
  }
  const threads = archived ? queries.selectArchivedThreadsOfProject : queries.selectThreadsOfProject;
  return app.cursors.fetchPage(
    page,
    [`${list} of project`, accountId, userId, projectId],
    (key) => db.rows(threads, { accountId, userId, projectId, ...key }),
    cursorKeyOf,
  );
}

/** The caller's own threads whose title or visible messages contain `q`, whatever the case of its letters. */
export function searchThreads(
  { app, db, accountId, actor: { userId } }: Scope,
  { q, archived, ...page }: PageQuery & { q: string; archived: boolean },
) {
  return app.cursors.fetchPage(
    page,
    [archived ? 'archived thread search' : 'thread search', accountId, userId, q],
    (key) => searchThreadsOfUser(db, { accountId, userId, q, isArchived: archived, ...key }),
    cursorKeyOf,
  );
}

/** Throws 400 `no_fields` or `project_not_found`. */
export async function updateThread(
  scope: Scope,
  thread: ThreadRow,
  { title, project_id: projectId, archived }: ThreadChanges,
): Promise<ThreadRow> {
  if (title === undefined && projectId === undefined && archived === undefined)
    throw invalidField('', 'name at least one field', 'no_fields');
  await requireProject(scope, projectId);
  const changed = await scope.tx.row(queries.updateThread, {
    accountId: scope.accountId,
    id: thread.id,
    userId: scope.actor.userId,
    changesTitle: title !== undefined,
    title: nullIfBlank(title),
    changesProject: projectId !== undefined,
    projectId: projectId ?? null,
    isArchived: archived ?? null,
  });
  if (!changed) throw notFound();
  return changed;
}

/** Deletes the thread and its content, with the hidden threads of its sub-agents, and requests cancellation of its run. */
export async function deleteThread(scope: Scope, thread: ThreadRow): Promise<void> {
  const { tx, accountId } = scope;
  // One packet. The update comes first, because a run or a sub-agent may have started since the thread was loaded.
  const [deleted, hidden, run] = await Promise.all([
    tx.row(queries.deleteThread, { accountId, id: thread.id }),
    tx.rows(queries.deleteHiddenThreads, { accountId, id: thread.id }),
    tx.row(queries.selectActiveRun, { accountId, threadId: thread.id }),
    removeContent(tx, [thread]),
  ]);
  if (!deleted) throw notFound();
  await removeContent(tx, hidden);
  if (run) await requestCancel(scope, run.id, {});
}

/** Idempotent. */
export const starThread = ({ tx, accountId, actor }: Scope, { id }: ThreadRow): Promise<number> =>
  tx.run(queries.insertStar, { accountId, userId: actor.userId, threadId: id });

/** Idempotent. */
export const unstarThread = ({ tx, accountId, actor }: Scope, { id }: ThreadRow): Promise<number> =>
  tx.run(queries.deleteStar, { accountId, userId: actor.userId, threadId: id });

/** Only threads that the caller may still read. */
export async function listStarred(scope: Scope): Promise<string[]> {
  const { db, accountId, actor } = scope;
  const rows = await db.rows(queries.selectStars, { accountId, userId: actor.userId, seesAll: seesAll(scope) });
  return rows.map((row) => row.thread_id);
}
