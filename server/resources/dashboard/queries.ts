import type { Dashboard } from '../../../contract/dashboard.ts';
import { statement } from '../../kernel/sql.ts';

/** The numbers; its columns are the fields that are published. */
export type DashboardRow = Dashboard;

/** People are counted: the built-in service user has no credential. */
export const selectNumbers = statement<DashboardRow>(`
  select people.*, made.*, used.*, (select count(*) from accounts where deleted_at is null) as active_accounts
  from (
      select count(*) as total_users, count(*) filter (where u.last_login_at >= now() - interval '30 days') as active_users_30d
      from users u join credentials c on c.user_id = u.id where u.status <> 'deleted') people,
    (select count(*) as total_runs, count(*) filter (where created_at >= date_trunc('day', now(), 'UTC')) as runs_today from runs) made,
    (select coalesce(sum(input_tokens), 0) as total_input_tokens, coalesce(sum(output_tokens), 0) as total_output_tokens,
        coalesce(sum(cost_usd), 0) as total_cost_usd from usage_records) used`);
