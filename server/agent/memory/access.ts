import { sql } from 'kysely';
import type { Database, Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { MemoryOwner } from '../../resources/memories/queries.ts';
import { readEntitlements, type Settings } from '../../resources/settings/settings.ts';
import type { ToolContext } from '../tools/tool.ts';

type Run = Pick<ToolContext['run'], 'account_id' | 'thread_id' | 'created_by_user_id'>;

/** Whether only its owner can read a thread and its runs, and whether it is kept: a private thread leaves no trace. */
const selectAccess = statement<{ accountId: string; threadId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('threads as t')
    .leftJoin('projects as p', (join) =>
      join.onRef('p.account_id', '=', 't.account_id').onRef('p.id', '=', 't.project_id').on('p.deleted_at', 'is', null),
    )
    .select([sql<boolean>`not t.is_private and coalesce(p.visibility, 'private') = 'private'`.as('has_memory')])
    .where('t.account_id', '=', $.accountId)
    .where('t.id', '=', $.threadId),
);

/**
 * Whose memories a run may use. Undefined if none: in private threads, in threads of shared projects, because other members can read the events of
 * its tool calls, and if the feature is off.
 */
export async function memoryAccess(
  database: Database,
  run: Run,
  connection: Queryable = database,
): Promise<{ owner: MemoryOwner; threadId: string; settings: Settings } | undefined> {
  const { account_id: accountId, thread_id: threadId, created_by_user_id: userId } = run;
  if (userId === null) return undefined;
  const settings = await readEntitlements(database, accountId);
  if (!settings['feature.memory_enabled']) return undefined;
  const access = await connection.row(selectAccess, { accountId, threadId });
  return access?.has_memory ? { owner: { accountId, userId }, threadId, settings } : undefined;
}
