import type { NewFlagOverride } from '../../../contract/featureFlags.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { invalid, notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { demandAccount } from '../accounts/existing.ts';
import type { FlagRow, OverrideRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewOverride } from './view.ts';

/** The accounts that have a value of their own, newest first. */
export async function listOverrides({ app, read }: Scope, flag: FlagRow, { limit, before }: PageQuery) {
  const list = ['flag overrides', flag.id];
  const [createdAt = null, accountId = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectOverrides, [flag.id, createdAt, accountId, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.account_id]);
}

/** The override of the flag and the account that a path names. */
export async function findOverride({ read }: Scope, accountId: string, flag: FlagRow): Promise<OverrideRow> {
  const override = await read.row(queries.selectOverride, [accountId, flag.id]);
  if (!override) throw notFound();
  return override;
}

/** Give an account a value, or another one. Throws 400 `overrides_not_supported`, or 404 `account_not_found`. */
export async function setOverride(scope: Scope, flag: FlagRow, { account_id: accountId, enabled }: NewFlagOverride) {
  const { tx } = scope;
  if (!flag.supports_account_overrides)
    throw invalid([{ location: 'path', path: 'key', message: 'is the same for all accounts' }], 'overrides_not_supported');
  await demandAccount(tx, accountId);
  if (!(await tx.row(queries.holdFlag, [flag.id]))) throw notFound();
  const before = await tx.row(queries.lockOverride, [accountId, flag.id]);
  const { created, ...after } = (await tx.row(queries.upsertOverride, [accountId, flag.id, enabled]))!;
  const shown = viewOverride(flag, after);
  scope.audit({ accountId, targetId: flag.id, ...(before && { before: viewOverride(flag, before) }), after: shown });
  return { override: shown, created };
}

/** Take the value of an account away. */
export async function deleteOverride(scope: Scope, flag: FlagRow, { account_id: accountId }: OverrideRow): Promise<void> {
  const removed = await scope.tx.row(queries.deleteOverride, [accountId, flag.id]);
  if (!removed) throw notFound();
  scope.audit({ accountId, targetId: flag.id, before: viewOverride(flag, removed) });
}
