import { sql } from 'kysely';
import type { Queryable } from '../../../database/sql.ts';
import { statement } from '../../../database/statement.ts';
import { ensureDefaultProject } from '../../../resources/projects/service.ts';
import type { WorkspaceRow } from '../../../resources/workspaces/queries.ts';
import { findOrCreateWorkspace } from '../../../resources/workspaces/service.ts';
import { type ToolContext, ToolFailure } from '../tool.ts';

/** The thread's project unless it is deleted, else the user's default project. */
const selectProject = statement<{ accountId: string; threadId: string; userId: string }>()((db, $) =>
  db.selectNoFrom(({ fn, selectFrom }) => {
    const ofThread = selectFrom('threads as t')
      .innerJoin('projects as p', (join) => join.onRef('p.account_id', '=', 't.account_id').onRef('p.id', '=', 't.project_id'))
      .select('p.id')
      .where('t.account_id', '=', $.accountId)
      .where('t.id', '=', $.threadId)
      .where('p.deleted_at', 'is', null);
    const ofUser = selectFrom('projects as p')
      .select('p.id')
      .where('p.account_id', '=', $.accountId)
      .where('p.owner_user_id', '=', $.userId)
      .where('p.is_default', '=', sql.lit(true))
      .where('p.deleted_at', 'is', null);
    return fn.coalesce(ofThread.$asScalar(), ofUser.$asScalar().$castTo<string | null>()).as('id');
  }),
);

/** The workspace of the run's creator in the thread's project, or in their default project. Restores a missing default project. */
export async function workspaceOfRun(db: Queryable, run: ToolContext['run']): Promise<WorkspaceRow> {
  const { account_id: accountId, thread_id: threadId, created_by_user_id: userId } = run;
  if (userId === null) throw new ToolFailure('tool.not_available', 'Whoever started this run is gone, and the files too.');
  const find = async () => (await db.row(selectProject, { accountId, threadId, userId }))?.id;
  const heal = async () => {
    await ensureDefaultProject(db, accountId, userId);
    return find();
  };
  const projectId = (await find()) ?? (await heal());
  return findOrCreateWorkspace(db, { accountId, userId, projectId: projectId! });
}
