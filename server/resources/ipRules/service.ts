import type { NewIpRule } from '../../../contract/ipRules.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { networkText, parseNetwork } from '../../platform/network/addresses.ts';
import { requireAccount } from '../accounts/requireAccount.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { isBlocked, type Networks, readNetworks } from './ipRuleCache.ts';
import type { IpRuleRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewRule } from './view.ts';

export async function listRules(
  scope: Scope,
  { account_id: accountId = scope.accountId, ...page }: PageQuery & { account_id?: string | undefined },
) {
  const { app, db } = scope;
  return app.cursors.fetchPage(
    page,
    ['ip rules', accountId],
    (key) => db.rows(queries.selectRules, { accountId, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findRule(scope: Scope, id: string, wanted = scope.accountId): Promise<IpRuleRow> {
  const rule = await scope.db.row(queries.selectRule, { accountId: wanted, id });
  if (!rule) throw notFound();
  return rule;
}

/** Only platform admins can name another account than the active one. */
export async function checkAccountFilter({ accountId, isPlatformAdmin, db }: Scope, wanted: string): Promise<void> {
  if (wanted === accountId) return;
  if (!isPlatformAdmin) throw notFound();
  await requireAccount(db, wanted);
}

/** Throws 409 `rule_exists`, or `would_lock_out_caller` unless `force` is set. */
export async function createRule(scope: Scope, { type, cidr, note }: NewIpRule, force = false): Promise<IpRuleRow> {
  const { tx, accountId } = scope;
  await lockCredential(scope);
  await tx.row(queries.lockAccount, { accountId });
  const network = networkText(parseNetwork(cidr));
  const rule = await tx.row(queries.insertRule, { accountId, id: newId(), type, network, note: note ?? null });
  if (!rule) throw failWith('conflict', 'rule_exists', 'The account has this rule.');
  const rules = await readNetworks(tx, accountId);
  if (!force) rejectLockOut(scope, rules);
  scope.audit({ after: viewRule(rule) });
  invalidateIpRules(scope, accountId);
  return rule;
}

/** Throws 409 `would_lock_out_caller` unless `force` is set. */
export async function deleteRule(scope: Scope, { account_id: accountId, id }: IpRuleRow, force = false): Promise<void> {
  const { tx } = scope;
  await tx.row(queries.lockAccount, { accountId });
  const removed = await tx.row(queries.deleteRule, { accountId, id });
  if (!removed) throw notFound();
  if (!force) rejectLockOut(scope, await readNetworks(tx, accountId));
  scope.audit({ accountId, before: viewRule(removed) });
  invalidateIpRules(scope, accountId);
}

/** IP rules never block platform admins. */
function rejectLockOut({ client: { ip }, isPlatformAdmin }: Scope, rules: Networks) {
  if (!isPlatformAdmin && isBlocked(rules, ip))
    throw failWith('conflict', 'would_lock_out_caller', 'Your own address would be refused.', { client_ip: ip });
}

const invalidateIpRules = ({ app, afterCommit }: Scope, accountId: string) =>
  afterCommit(() => app.cacheInvalidation.invalidate('ip_rules', accountId));
