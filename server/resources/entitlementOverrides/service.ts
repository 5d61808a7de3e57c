import type { NewEntitlementOverride } from '../../../contract/entitlementOverrides.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { invalid, notFound } from '../../platform/failure.ts';
import { requireAccount } from '../accounts/requireAccount.ts';
import { entitlementProblems, rejectKeyForTools, valueColumns } from '../settings/entitlementValues.ts';
import type { OverrideRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewOverride } from './view.ts';

export const listOverrides = ({ app, db }: Scope, { account_id: accountId, ...page }: PageQuery & { account_id: string }) =>
  app.cursors.fetchPage(
    page,
    ['entitlement overrides', accountId],
    (key) => db.rows(queries.selectOverrides, { accountId, ...key }),
    (row) => [row.created_at, row.id],
  );

export async function findOverride({ db }: Scope, id: string, accountId: string): Promise<OverrideRow> {
  const override = await db.row(queries.selectOverride, { accountId, id });
  if (!override) throw notFound();
  return override;
}

/** Creates or replaces an override. Throws 404 `account_not_found`, 400 for a value that does not fit its key, or what `rejectKeyForTools` throws. */
export async function setOverride(scope: Scope, input: NewEntitlementOverride): Promise<{ override: OverrideRow; created: boolean }> {
  const { app, tx, actor } = scope;
  const { account_id: accountId, key, value_type: type, reason = null, expires_at: expiresAt = null } = input;
  rejectKeyForTools(scope, [input]);
  const issues = entitlementProblems(input, '');
  if (issues.length > 0) throw invalid(issues);
  await requireAccount(tx, accountId);
  const before = await tx.row(queries.lockOverride, { accountId, key });
  const [value, sealed] = valueColumns(app.keys.encryptionKeys, `entitlement_override:${accountId}`, input);
  const id = newId();
  const row = { accountId, id, key, value, sealed, type, reason, expiresAt, userId: actor.userId };
  const after = (await tx.row(queries.upsertOverride, row))!;
  scope.audit({ accountId, targetId: after.id, ...(before && { before: viewOverride(before) }), after: viewOverride(after) });
  invalidateEntitlements(scope, accountId);
  return { override: after, created: after.id === id };
}

export async function deleteOverride(scope: Scope, override: OverrideRow): Promise<void> {
  rejectKeyForTools(scope, [override]);
  const { account_id: accountId, id } = override;
  const removed = await scope.tx.row(queries.deleteOverride, { accountId, id });
  if (!removed) throw notFound();
  scope.audit({ accountId, before: viewOverride(removed) });
  invalidateEntitlements(scope, accountId);
}

const invalidateEntitlements = (scope: Scope, accountId: string) =>
  scope.afterCommit(() => scope.app.cacheInvalidation.invalidate('entitlements', accountId));
