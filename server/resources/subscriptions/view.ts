import type { Subscription } from '../../../contract/subscriptions.ts';
import type { SubscriptionRow } from './queries.ts';

export const viewSubscription = (row: SubscriptionRow): Subscription => ({
  id: row.id,
  account_id: row.account_id,
  plan_id: row.plan_id,
  status: row.status,
  current_period_start: row.current_period_start,
  current_period_end: row.current_period_end,
  cancelled_at: row.cancelled_at,
  created_at: row.created_at,
});
