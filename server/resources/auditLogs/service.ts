import { type AuditQuery, maxExactTotal } from '../../../contract/auditLogs.ts';
import type { ResourceLoader } from '../../http/pipeline/implement.ts';
import type { Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import { checkAccountExists, checkUserExists } from '../accounts/loaders.ts';
import { type EntryRow, selectActor, statementsFor } from './queries.ts';

type EntryPage = { entries: EntryRow[]; total: number; isExact: boolean };

/**
 * Platform admins see all accounts and the platform unless the query names an account. Matches are counted up to a bound. It lies beyond
 * the page, so that `total` is greater than the offset of the next page if there is one.
 */
export async function listEntries(scope: Scope, query: AuditQuery): Promise<EntryPage> {
  const accountId = query.account_id ?? (scope.isPlatformAdmin ? null : scope.accountId);
  const { action = null, target_type: targetType = null, actor_user_id: actorId = null, since = null, until = null, limit, offset } = query;
  const filter = { accountId, action, targetType, actorId, since, until };
  const { countUpTo, page, pageWithStates } = statementsFor(filter);
  const bound = Math.max(maxExactTotal, offset + limit + 1);
  const [found, entries] = await Promise.all([
    scope.db.row(countUpTo, { ...filter, most: bound + 1 }),
    scope.db.rows(query.include === 'state' ? pageWithStates : page, { ...filter, limit, offset }),
  ]);
  const counted = found!.total;
  return { entries, total: Math.min(counted, bound), isExact: counted <= bound };
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
