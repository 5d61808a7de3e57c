import type { NewFlagOverride } from '../../../contract/featureFlags.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { invalid, notFound } from '../../platform/failure.ts';
import { requireAccount } from '../accounts/requireAccount.ts';
import { rejectKeyForSystemFlag } from './flags.ts';
import type { FlagRow, OverrideRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewOverride } from './view.ts';

export const listOverrides = ({ app, db }: Scope, { id: flagId }: FlagRow, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['flag overrides', flagId],
    (key) => db.rows(queries.selectOverrides, { flagId, ...key }),
    (row) => [row.created_at, row.account_id],
  );

export async function findOverride({ db }: Scope, accountId: string, flag: FlagRow): Promise<OverrideRow> {
  const override = await db.row(queries.selectOverride, { accountId, flagId: flag.id });
  if (!override) throw notFound();
  return override;
}

/** Creates or replaces an override. Throws 400 `overrides_not_supported`, or 404 `account_not_found`. */
export async function setOverride(scope: Scope, flag: FlagRow, { account_id: accountId, enabled }: NewFlagOverride) {
  const { tx } = scope;
  rejectKeyForSystemFlag(scope, flag);
  if (!flag.supports_account_overrides)
    throw invalid([{ location: 'path', path: 'key', message: 'is the same for all accounts' }], 'overrides_not_supported');
  await requireAccount(tx, accountId);
  if (!(await tx.row(queries.selectFlagForKeyShare, { id: flag.id }))) throw notFound();
  const before = await tx.row(queries.lockOverride, { accountId, flagId: flag.id });
  const { created, ...after } = (await tx.row(queries.upsertOverride, { accountId, flagId: flag.id, enabled }))!;
  const shown = viewOverride(flag, after);
  scope.audit({ accountId, targetId: flag.id, ...(before && { before: viewOverride(flag, before) }), after: shown });
  return { override: shown, created };
}

export async function deleteOverride(scope: Scope, flag: FlagRow, { account_id: accountId }: OverrideRow): Promise<void> {
  rejectKeyForSystemFlag(scope, flag);
  const removed = await scope.tx.row(queries.deleteOverride, { accountId, flagId: flag.id });
  if (!removed) throw notFound();
  scope.audit({ accountId, targetId: flag.id, before: viewOverride(flag, removed) });
}
