import { inconsistentValues } from '../../../contract/shared/fields.ts';
import type { NewSubscription, SubscriptionChanges, SubscriptionsQuery } from '../../../contract/subscriptions.ts';
import type { ResourceLoader } from '../../http/pipeline/implement.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { checkAccountExists } from '../accounts/loaders.ts';
import { requireAccount } from '../accounts/requireAccount.ts';
import { grantDueWindow } from '../credits/monthlyGrants.ts';
import { publishEvent } from '../webhooks/outbox.ts';
import type { SubscriptionRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewSubscription } from './view.ts';

const seesAll = ({ permissions }: Scope) => permissions.has('platform.subscriptions.manage');

/** Throws 404 `account_not_found` or `plan_not_found`, 409 `active_subscription_exists`. */
export async function createSubscription(scope: Scope, input: NewSubscription): Promise<SubscriptionRow> {
  const { tx } = scope;
  const { account_id: accountId, plan_id: planId, current_period_start: start, current_period_end: end } = input;
  await requireAccount(tx, accountId);
  if (!(await tx.row(queries.lockPlanKeyShare, { planId }))) throw failWith('not_found', 'plan_not_found', 'There is no such plan.');
  const made = await tx.row(queries.insertSubscription, { accountId, id: newId(), planId, start, end });
  if (!made) throw failWith('conflict', 'active_subscription_exists', 'The account has an active subscription.');
  await grantDueWindow(tx, made);
  await publishChange(scope, 'created', made);
  scope.audit({ accountId, after: viewSubscription(made) });
  invalidateCache(scope, accountId);
  return made;
}

/** Throws 404. Callers who do not manage subscriptions may request the active account only. */
export const findFilterAccount: ResourceLoader<void> = async (scope, id, ...rest) => {
  if (seesAll(scope)) await checkAccountExists(scope, id, ...rest);
  else if (id !== scope.accountId) throw notFound();
};

/** Platform admins see all subscriptions, other callers those of the active account, by default only the active one. */
export async function listSubscriptions(scope: Scope, { account_id: named, status, ...page }: SubscriptionsQuery) {
  const { app, db, accountId } = scope;
  const account = seesAll(scope) ? (named ?? null) : accountId;
  const wanted = status ?? (seesAll(scope) ? 'all' : 'active');
  const filter = { accountId: account, status: wanted === 'all' ? null : wanted };
  return app.cursors.fetchPage(
    page,
    ['subscriptions', account, wanted],
    (key) => db.rows(queries.selectSubscriptions, { ...filter, ...key }),
    (row) => [row.created_at, row.id],
  );
}

/** Throws 404. Callers who do not manage subscriptions find only those of the active account. */
export async function findSubscription(scope: Scope, id: string): Promise<SubscriptionRow> {
  const found = await scope.db.row(queries.selectSubscription, { accountId: seesAll(scope) ? null : scope.accountId, id });
  if (!found) throw notFound();
  return found;
}

/** Changes the period. Throws 409 `subscription_not_active`, 400 if the period does not end after it starts. */
export async function renewSubscription(
  scope: Scope,
  { account_id: accountId, id }: SubscriptionRow,
  { current_period_start: start, current_period_end: end }: SubscriptionChanges,
): Promise<SubscriptionRow> {
  const { tx } = scope;
  const before = await tx.row(queries.lockSubscription, { accountId, id });
  if (before?.status !== 'active') throw notActive();
  const merged = { start: start ?? before.current_period_start, end: end ?? before.current_period_end };
  if (merged.end <= merged.start)
    throw invalidField(
      end === undefined ? '/current_period_start' : '/current_period_end',
      'must end after it starts',
      inconsistentValues.reason,
    );
  const after = (await tx.row(queries.updatePeriod, { accountId, id, ...merged }))!;
  await grantDueWindow(tx, after);
  await publishChange(scope, 'updated', after);
  scope.audit({ accountId, before: viewSubscription(before), after: viewSubscription(after) });
  return after;
}

/** Ends the subscription and its entitlements immediately. Throws 409 `subscription_not_active`. */
export async function cancelSubscription(scope: Scope, before: SubscriptionRow): Promise<void> {
  const { account_id: accountId, id } = before;
  const after = await scope.tx.row(queries.cancelSubscription, { accountId, id });
  if (!after) throw notActive();
  await publishChange(scope, 'cancelled', after);
  scope.audit({ accountId, before: viewSubscription(before), after: viewSubscription(after) });
  invalidateCache(scope, accountId);
}

const publishChange = (scope: Scope, change: 'created' | 'updated' | 'cancelled', row: SubscriptionRow) =>
  publishEvent(scope, row.account_id, { type: 'subscription.changed', data: { change, subscription: viewSubscription(row) } });

const notActive = () => failWith('conflict', 'subscription_not_active', 'The subscription is not active.');
const invalidateCache = (scope: Scope, accountId: string) =>
  scope.afterCommit(() => scope.app.cacheInvalidation.invalidate('entitlements', accountId));
