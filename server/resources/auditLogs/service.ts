import type { AuditQuery } from '../../../contract/auditLogs.ts';
import type { ResourceLoader } from '../../http/pipeline/implement.ts';
import type { Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import { checkAccountExists, checkUserExists } from '../accounts/loaders.ts';
import { accountEntries, type EntryRow, platformEntries, selectActor } from './queries.ts';

/** Platform admins see all accounts and the platform unless the query names an account. `total` counts all matches. */
export async function listEntries(scope: Scope, query: AuditQuery): Promise<{ entries: EntryRow[]; total: number }> {
  const accountId = query.account_id ?? (scope.isPlatformAdmin ? null : scope.accountId);
  const { count, page, pageWithStates } = accountId === null ? platformEntries : accountEntries;
  const { action = null, target_type: targetType = null, actor_user_id: actorId = null, since = null, until = null, limit, offset } = query;
  const filter = { accountId, action, targetType, actorId, since, until };
  const [found, entries] = await Promise.all([
    scope.db.row(count, filter),
    scope.db.rows(query.include === 'state' ? pageWithStates : page, { ...filter, limit, offset }),
  ]);
  return { entries, total: found!.total };
}

/** Platform admins can name any account, others only the active one. */
export const checkAccountFilter: ResourceLoader<void> = async (scope, id, ...rest) => {
  if (scope.isPlatformAdmin) await checkAccountExists(scope, id, ...rest);
  else if (id !== scope.accountId) throw notFound();
};

/** Platform admins can name any user, others only a member or the actor of an entry of the account. */
export const checkActorFilter: ResourceLoader<void> = async (scope, id, ...rest) => {
  if (scope.isPlatformAdmin) await checkUserExists(scope, id, ...rest);
  else if (!(await scope.db.row(selectActor, { accountId: scope.accountId, userId: id }))) throw notFound();
};
