import type { dashboard as routes } from '../../../contract/dashboard.ts';
import type { RouteHandlers } from '../context.ts';
import { sumOf, usageRecords } from '../credits/ledger.ts';
import { resourceType } from '../resourceTypes.ts';

const userKind = resourceType('/v1/admin/users');
const accountKind = resourceType('/v1/admin/accounts');
const runKind = resourceType('/v1/runs');
const monthMs = 30 * 86_400_000;

export const dashboard: RouteHandlers<typeof routes> = {
  get: ({ engine }) => {
    const { state } = engine;
    const countFrom = (kind: typeof userKind, field: string, since: string) =>
      state.rows(kind, ({ value }) => typeof value[field] === 'string' && value[field] >= since).length;
    const { input_tokens: total_input_tokens, output_tokens: total_output_tokens, cost_usd: total_cost_usd } = sumOf(usageRecords(engine));
    return {
      status: 200,
      body: {
        ...{ total_users: state.rows(userKind).length, active_users_30d: countFrom(userKind, 'last_login_at', engine.time(-monthMs)) },
        ...{ total_runs: state.rows(runKind).length, runs_today: countFrom(runKind, 'created_at', engine.time().slice(0, 10)) },
        ...{ total_input_tokens, total_output_tokens, total_cost_usd, active_accounts: state.rows(accountKind).length },
      },
    };
  },
};
