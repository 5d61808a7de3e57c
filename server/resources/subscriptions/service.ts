import type { NewSubscription, SubscriptionChanges, SubscriptionsQuery } from '../../../contract/subscriptions.ts';
import type { Lookup } from '../../http/implement.ts';
import { invalidField, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { demandAccount } from '../accounts/existing.ts';
import { anyAccount } from '../accounts/lookups.ts';
import { grantDueWindow } from '../credits/monthlyGrants.ts';
import type { SubscriptionRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewSubscription } from './view.ts';

const seesAll = ({ permissions }: Scope) => permissions.has('platform.subscriptions.manage');

/** Subscribe an account to a plan. Throws 404 `account_not_found` or `plan_not_found`, 409 `active_subscription_exists`. */
export async function createSubscription(scope: Scope, input: NewSubscription): Promise<SubscriptionRow> {
  const { tx } = scope;
  const { account_id: accountId, plan_id: planId, current_period_start: start, current_period_end: end } = input;
  await demandAccount(tx, accountId);
  if (!(await tx.row(queries.holdPlan, [planId]))) throw refuse('not_found', 'plan_not_found', 'There is no such plan.');
  const made = await tx.row(queries.insertSubscription, [accountId, newId(), planId, start, end]);
  if (!made) throw refuse('conflict', 'active_subscription_exists', 'The account has an active subscription.');
  await grantDueWindow(tx, made);
  scope.audit({ accountId, after: viewSubscription(made) });
  tell(scope, accountId);
  return made;
}

/** The account that the query names: for a member only the active one. */
export const findAccount: Lookup<void> = async (scope, id, ...rest) => {
  if (seesAll(scope)) await anyAccount(scope, id, ...rest);
  else if (id !== scope.accountId) throw notFound();
};

/** The subscriptions that the caller may see, newest first: the platform all, a member the active one of the account unless the query asks for others. */
export async function listSubscriptions(scope: Scope, { account_id: named, status, limit, before }: SubscriptionsQuery) {
  const { app, read, accountId } = scope;
  const account = seesAll(scope) ? (named ?? null) : accountId;
  const wanted = status ?? (seesAll(scope) ? 'all' : 'active');
  const list = ['subscriptions', account, wanted];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const values = [account, wanted === 'all' ? null : wanted, createdAt, id, limit + 1];
  return app.cursors.page(await read.rows(queries.selectSubscriptions, values), limit, list, (row) => [row.created_at, row.id]);
}

/** The subscription a path names; for a member only one of his account. */
export async function findSubscription(scope: Scope, id: string): Promise<SubscriptionRow> {
  const found = await scope.read.row(queries.selectSubscription, [seesAll(scope) ? null : scope.accountId, id]);
  if (!found) throw notFound();
  return found;
}

/** Give a subscription another period. Throws 409 `subscription_not_active`, 400 when it would end before it starts. */
export async function renewSubscription(
  scope: Scope,
  { account_id: accountId, id }: SubscriptionRow,
  { current_period_start: start, current_period_end: end }: SubscriptionChanges,
): Promise<SubscriptionRow> {
  const { tx } = scope;
  const before = await tx.row(queries.lockSubscription, [accountId, id]);
  if (before?.status !== 'active') throw notActive();
  const merged = [start ?? before.current_period_start, end ?? before.current_period_end] as const;
  if (merged[1] <= merged[0])
    throw invalidField(end === undefined ? '/current_period_start' : '/current_period_end', 'must end after it starts');
  const after = (await tx.row(queries.updatePeriod, [accountId, id, ...merged]))!;
  await grantDueWindow(tx, after);
  scope.audit({ accountId, before: viewSubscription(before), after: viewSubscription(after) });
  return after;
}

/** End a subscription and what it entitles to, at once. Throws 409 `subscription_not_active`. */
export async function cancelSubscription(scope: Scope, before: SubscriptionRow): Promise<void> {
  const { account_id: accountId, id } = before;
  const after = await scope.tx.row(queries.cancelSubscription, [accountId, id]);
  if (!after) throw notActive();
  scope.audit({ accountId, before: viewSubscription(before), after: viewSubscription(after) });
  tell(scope, accountId);
}

const notActive = () => refuse('conflict', 'subscription_not_active', 'The subscription is not active.');
const tell = (scope: Scope, accountId: string) => scope.afterCommit(() => scope.app.changes.announce('entitlements', accountId));
