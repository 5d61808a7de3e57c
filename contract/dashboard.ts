import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import type { Resource } from './shared/route.ts';

const count = z.int().min(0);

/** The platform in numbers. */
export const Dashboard = z
  .object({
    total_users: count,
    active_users_30d: count.meta({ description: 'Who signed in within the last 30 days.' }),
    total_runs: count,
    runs_today: count.meta({ description: 'Since midnight (UTC).' }),
    total_input_tokens: count,
    total_output_tokens: count,
    total_cost_usd: z.number().min(0).meta({ description: 'US dollars, to 6 decimals.' }),
    active_accounts: count.meta({ description: 'Accounts that were not closed.' }),
  })
  .meta({ id: 'Dashboard' });
export type Dashboard = z.infer<typeof Dashboard>;

/** The platform at a glance. */
export const dashboard = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/admin/dashboard',
    summary: 'Read how many users, accounts and runs there are, and what the runs have used',
    description: 'The numbers may be some seconds old.',
    responses: { 200: Dashboard },
    metadata: { auth: 'platform' },
  },
} as const satisfies Resource);
