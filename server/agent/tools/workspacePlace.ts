import { type Sql, statement } from '../../kernel/sql.ts';
import { ensureDefaultProject } from '../../resources/projects/service.ts';
import type { WorkspaceRow } from '../../resources/workspaces/queries.ts';
import { openWorkspace } from '../../resources/workspaces/service.ts';
import { type ToolContext, ToolFailure } from './tool.ts';

/** The project of a thread while there is one, else the default project of user `$3`. */
const selectProject = statement<{ id: string | null }>(`
  select coalesce(
    (select p.id from threads t join projects p on p.account_id = t.account_id and p.id = t.project_id and p.deleted_at is null
      where t.account_id = $1 and t.id = $2),
    (select p.id from projects p where p.account_id = $1 and p.owner_user_id = $3 and p.is_default and p.deleted_at is null)) as id`);

/** The workspace that a run works in: that of its creator in the project of its thread, or in his default project. */
export async function workspaceOf(sql: Sql, run: ToolContext['run']): Promise<WorkspaceRow> {
  const { account_id: accountId, thread_id: threadId, created_by_user_id: userId } = run;
  if (userId === null) throw new ToolFailure('tool.not_available', 'Whoever started this run is gone, and the files too.');
  const find = async () => (await sql.row(selectProject, [accountId, threadId, userId]))?.id;
  const heal = async () => {
    await ensureDefaultProject(sql, accountId, userId);
    return find();
  };
  const projectId = (await find()) ?? (await heal());
  return openWorkspace(sql, { accountId, userId, projectId: projectId! });
}
