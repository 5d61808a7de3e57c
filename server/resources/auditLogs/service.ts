import { type AuditExportQuery, type AuditQuery, entryFields, maxExactTotal, stateFields } from '../../../contract/auditLogs.ts';
import type { ResourceLoader } from '../../http/pipeline/implement.ts';
import type { Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import { checkAccountExists, checkUserExists } from '../accounts/loaders.ts';
import { type ExportCall, exportRows } from '../exports/exportRows.ts';
import { type EntryRow, selectActor, statementsFor } from './queries.ts';
import { viewEntry } from './view.ts';

type EntryPage = { entries: EntryRow[]; total: number; isExact: boolean };

/**
 * Platform admins see all accounts and the platform unless the query names an account. Matches are counted up to a bound. It lies beyond
 * the page, so that `total` is greater than the offset of the next page if there is one.
 */
export async function listEntries(scope: Scope, query: AuditQuery): Promise<EntryPage> {
  const { limit, offset } = query;
  const filter = filterOf(scope, query);
  const { countUpTo, page, pageWithStates } = statementsFor(filter);
  const bound = Math.max(maxExactTotal, offset + limit + 1);
  const [found, entries] = await Promise.all([
    scope.db.row(countUpTo, { ...filter, most: bound + 1 }),
    scope.db.rows(query.include === 'state' ? pageWithStates : page, { ...filter, limit, offset }),
  ]);
  const counted = found!.total;
  return { entries, total: Math.min(counted, bound), isExact: counted <= bound };
}

/** A key before all entries. */
const newest = { created_at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

const csvFieldsWithStates = [...entryFields.filter((name) => name !== 'created_at'), ...stateFields, 'created_at'] as const;

/** The entries that `listEntries` would return on all of its pages, and renewed tokens: an export is the whole record. */
export function exportEntries(scope: Scope, { format, include, ...query }: AuditExportQuery, call: ExportCall) {
  const filter = filterOf(scope, query);
  const { exported } = statementsFor(filter);
  const hasStates = include === 'state';
  scope.audit({ accountId: filter.accountId, targetId: filter.accountId, metadata: { format, ...query } });
  return exportRows(scope, call, {
    name: 'audit-log',
    format,
    columns: hasStates ? csvFieldsWithStates : entryFields,
    read: (sql, after: { created_at: string; id: string } = newest, limit) =>
      sql.rows(exported, { ...filter, beforeTime: after.created_at, beforeId: after.id, limit }),
    view: ({ before_state, after_state, ...row }: Required<EntryRow>) => viewEntry(hasStates ? { ...row, before_state, after_state } : row),
  });
}

const filterOf = (
  scope: Scope,
  query: Partial<Pick<AuditQuery, 'account_id' | 'action' | 'target_type' | 'actor_user_id' | 'since' | 'until'>>,
) => ({
  accountId: query.account_id ?? (scope.isPlatformAdmin ? null : scope.accountId),
  action: query.action ?? null,
  targetType: query.target_type ?? null,
  actorId: query.actor_user_id ?? null,
  since: query.since ?? null,
  until: query.until ?? null,
});

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
