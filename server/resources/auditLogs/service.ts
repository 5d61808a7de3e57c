import type { AuditQuery } from '../../../contract/auditLogs.ts';
import type { Lookup } from '../../http/implement.ts';
import { notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { anyAccount, anyUser } from '../accounts/lookups.ts';
import { type EntryRow, ofAccount, ofPlatform, selectActor } from './queries.ts';

/** A page of what was done, and how many entries match in all: of all accounts and the platform for its admins, unless they name an account. */
export async function listEntries(scope: Scope, query: AuditQuery): Promise<{ entries: EntryRow[]; total: number }> {
  const accountId = query.account_id ?? (scope.isPlatformAdmin ? null : scope.accountId);
  const { count, page, pageWithStates } = accountId === null ? ofPlatform : ofAccount;
  const { action = null, target_type: target = null, actor_user_id: actor = null, since = null, until = null, limit, offset } = query;
  const choice = [accountId, action, target, actor, since, until];
  const [found, entries] = await Promise.all([
    scope.read.row(count, choice),
    scope.read.rows(query.include === 'state' ? pageWithStates : page, [...choice, limit, offset]),
  ]);
  return { entries, total: found!.total };
}

/** The account that the query names: any for platform admins, otherwise the active one. */
export const findAccount: Lookup<void> = async (scope, id, ...rest) => {
  if (scope.isPlatformAdmin) await anyAccount(scope, id, ...rest);
  else if (id !== scope.accountId) throw notFound();
};

/** The actor that the query names: any user for platform admins, otherwise a member, or the actor of an entry of the account. */
export const findActor: Lookup<void> = async (scope, id, ...rest) => {
  if (scope.isPlatformAdmin) await anyUser(scope, id, ...rest);
  else if (!(await scope.read.row(selectActor, [scope.accountId, id]))) throw notFound();
};
