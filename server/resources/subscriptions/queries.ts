import type { Subscription } from '../../../contract/subscriptions.ts';
import { statement } from '../../kernel/sql.ts';

/** A subscription; its columns are the fields that are published. */
export type SubscriptionRow = Subscription;

const columns = 'id, account_id, plan_id, status, current_period_start, current_period_end, cancelled_at, created_at';

/** A plan, kept until the commit. */
export const holdPlan = statement<{ id: string }>('select id from plans where id = $1 for key share');

/** Nothing is added while the account has an active one; of parallel calls one adds. */
export const insertSubscription = statement<SubscriptionRow>(`
  insert into subscriptions (account_id, id, plan_id, current_period_start, current_period_end) values ($1, $2, $3, $4, $5)
  on conflict (account_id) where status = 'active' do nothing returning ${columns}`);

/** Of the account $1, or of all when that is null; with the status $2, or with any; newest first, from the sort key ($3, $4) on. */
export const selectSubscriptions = statement<SubscriptionRow>(`
  select ${columns} from subscriptions
  where ($1::uuid is null or account_id = $1) and ($2::text is null or status = $2)
    and ($3::timestamptz is null or (created_at, id) < ($3::timestamptz, $4::uuid))
  order by created_at desc, id desc limit $5`);

/** Of the account $1, or whosesoever when that is null. */
export const selectSubscription = statement<SubscriptionRow>(`
  select ${columns} from subscriptions where ($1::uuid is null or account_id = $1) and id = $2`);

export const lockSubscription = statement<SubscriptionRow>(`
  select ${columns} from subscriptions where account_id = $1 and id = $2 for update`);

export const updatePeriod = statement<SubscriptionRow>(`
  update subscriptions set current_period_start = $3, current_period_end = $4
  where account_id = $1 and id = $2 and status = 'active' returning ${columns}`);

export const cancelSubscription = statement<SubscriptionRow>(`
  update subscriptions set status = 'cancelled', cancelled_at = now()
  where account_id = $1 and id = $2 and status = 'active' returning ${columns}`);
