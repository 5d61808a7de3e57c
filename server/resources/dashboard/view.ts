import type { Dashboard } from '../../../contract/dashboard.ts';
import type { DashboardRow } from './queries.ts';

export const viewDashboard = (row: DashboardRow): Dashboard => ({
  total_users: row.total_users,
  active_users_30d: row.active_users_30d,
  total_runs: row.total_runs,
  runs_today: row.runs_today,
  total_input_tokens: row.total_input_tokens,
  total_output_tokens: row.total_output_tokens,
  total_cost_usd: row.total_cost_usd,
  active_accounts: row.active_accounts,
});
