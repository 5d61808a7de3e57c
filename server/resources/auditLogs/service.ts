import type { AuditQuery } from '../../../contract/auditLogs.ts';
import { notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { type EntryRow, ofAccount, ofPlatform } from './queries.ts';

/** A page of what was done, and how many entries match in all. Throws 404 for an account that is not the caller's. */
export async function listEntries(scope: Scope, query: AuditQuery): Promise<{ entries: EntryRow[]; total: number }> {
  const accountId = chosenAccount(scope, query.account_id);
  const { count, page, pageWithStates } = accountId === null ? ofPlatform : ofAccount;
  const { action = null, target_type: target = null, actor_user_id: actor = null, since = null, until = null, limit, offset } = query;
  const choice = [accountId, action, target, actor, since, until];
  const [found, entries] = await Promise.all([
    scope.read.row(count, choice),
    scope.read.rows(query.include === 'state' ? pageWithStates : page, [...choice, limit, offset]),
  ]);
  return { entries, total: found!.total };
}

/** The account whose entries are read; null for those of all, and of the platform itself. */
function chosenAccount({ accountId, isPlatformAdmin }: Scope, wanted: string | undefined): string | null {
  if (isPlatformAdmin) return wanted ?? null;
  if (wanted !== undefined && wanted !== accountId) throw notFound();
  return accountId;
}
