import type { NewEntitlementOverride } from '../../../contract/entitlementOverrides.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { invalid, notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { demandAccount } from '../accounts/existing.ts';
import { entitlementProblems, storeValue } from '../settings/entitlementValues.ts';
import type { OverrideRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewOverride } from './view.ts';

/** The overrides of an account, newest first. */
export async function listOverrides({ app, read }: Scope, { account_id: accountId, limit, before }: PageQuery & { account_id: string }) {
  const list = ['entitlement overrides', accountId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectOverrides, [accountId, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The override that path and query name. */
export async function findOverride({ read }: Scope, id: string, accountId: unknown): Promise<OverrideRow> {
  const override = await read.row(queries.selectOverride, [accountId, id]);
  if (!override) throw notFound();
  return override;
}

/** Give an account a value, or another one. Throws 404 `account_not_found`, or 400 for a value that does not fit its key. */
export async function setOverride(scope: Scope, input: NewEntitlementOverride): Promise<{ override: OverrideRow; created: boolean }> {
  const { app, tx, actor } = scope;
  const { account_id: accountId, key, value_type: type, reason = null, expires_at: end = null } = input;
  const issues = entitlementProblems(input, '');
  if (issues.length > 0) throw invalid(issues);
  await demandAccount(tx, accountId);
  const before = await tx.row(queries.lockOverride, [accountId, key]);
  const stored = storeValue(app.keys.encryptionKey, `entitlement_override:${accountId}`, input);
  const id = newId();
  const values = [accountId, id, key, ...stored, type, reason, end, actor.userId];
  const after = (await tx.row(queries.upsertOverride, values))!;
  scope.audit({ accountId, targetId: after.id, ...(before && { before: viewOverride(before) }), after: viewOverride(after) });
  tell(scope, accountId);
  return { override: after, created: after.id === id };
}

/** Take an override away. */
export async function deleteOverride(scope: Scope, { account_id: accountId, id }: OverrideRow): Promise<void> {
  const removed = await scope.tx.row(queries.deleteOverride, [accountId, id]);
  if (!removed) throw notFound();
  scope.audit({ accountId, before: viewOverride(removed) });
  tell(scope, accountId);
}

const tell = (scope: Scope, accountId: string) => scope.afterCommit(() => scope.app.changes.announce('entitlements', accountId));
