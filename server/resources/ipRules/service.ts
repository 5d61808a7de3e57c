import type { NewIpRule } from '../../../contract/ipRules.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { networkText, parseNetwork } from '../../kernel/addresses.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { demandAccount } from '../accounts/existing.ts';
import { isRefused, type Networks, readNetworks } from './guard.ts';
import type { IpRuleRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewRule } from './view.ts';

/** The rules of the active account, or of the one that an admin of the platform names, newest first. */
export async function listRules(
  scope: Scope,
  { account_id: accountId = scope.accountId, limit, before }: PageQuery & { account_id?: string | undefined },
) {
  const { app, read } = scope;
  const list = ['ip rules', accountId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectRules, [accountId, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The rule that path and query name. */
export async function findRule(scope: Scope, id: string, wanted = scope.accountId): Promise<IpRuleRow> {
  const rule = await scope.read.row(queries.selectRule, [wanted, id]);
  if (!rule) throw notFound();
  return rule;
}

/** The account that the query names: any but the active one only for platform admins. */
export async function findAccount({ accountId, isPlatformAdmin, read }: Scope, wanted: string): Promise<void> {
  if (wanted === accountId) return;
  if (!isPlatformAdmin) throw notFound();
  await demandAccount(read, wanted);
}

/** Add a rule. Throws 409 `rule_exists`, or `would_lock_out_caller` unless forced. */
export async function createRule(scope: Scope, { type, cidr, note }: NewIpRule, force = false): Promise<IpRuleRow> {
  const { tx, accountId } = scope;
  await tx.row(queries.lockAccount, [accountId]);
  const rule = await tx.row(queries.insertRule, [accountId, newId(), type, networkText(parseNetwork(cidr)), note ?? null]);
  if (!rule) throw refuse('conflict', 'rule_exists', 'The account has this rule.');
  const rules = await readNetworks(tx, accountId);
  if (!force) refuseLockOut(scope, rules);
  scope.audit({ after: viewRule(rule) });
  tell(scope, accountId);
  return rule;
}

/** Remove a rule. Throws 409 `would_lock_out_caller` unless forced. */
export async function deleteRule(scope: Scope, { account_id: accountId, id }: IpRuleRow, force = false): Promise<void> {
  const { tx } = scope;
  await tx.row(queries.lockAccount, [accountId]);
  const removed = await tx.row(queries.deleteRule, [accountId, id]);
  if (!removed) throw notFound();
  if (!force) refuseLockOut(scope, await readNetworks(tx, accountId));
  scope.audit({ accountId, before: viewRule(removed) });
  tell(scope, accountId);
}

/** Rules never keep an admin of the platform out. */
function refuseLockOut({ origin: { ip }, isPlatformAdmin }: Scope, rules: Networks) {
  if (!isPlatformAdmin && isRefused(rules, ip))
    throw refuse('conflict', 'would_lock_out_caller', 'Your own address would be refused.', { client_ip: ip });
}

const tell = ({ app, afterCommit }: Scope, accountId: string) => afterCommit(() => app.changes.announce('ip_rules', accountId));
