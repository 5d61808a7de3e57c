import { z } from 'zod';
import { initContract, type Resource } from './shared/route.ts';

const count = z.int().min(0);

export const Dashboard = z
  .object({
    total_users: count.meta({ description: 'Users that are not deleted.' }),
    active_users_30d: count.meta({ description: 'Users who signed in within the last 30 days (UTC).' }),
    total_runs: count.meta({ description: 'Runs of all time.' }),
    runs_today: count.meta({ description: 'Runs created since midnight (UTC).' }),
    total_input_tokens: count.meta({ description: 'Tokens of all prompts.' }),
    total_output_tokens: count.meta({ description: 'Tokens written by the models.' }),
    total_cost_usd: z.number().min(0).meta({ description: 'US dollars, to 6 decimal places.' }),
    active_accounts: count.meta({ description: 'Accounts that are not closed.' }),
  })
  .meta({ id: 'Dashboard', description: 'Numbers of the whole installation. They may be 10 seconds old.' });
export type Dashboard = z.infer<typeof Dashboard>;

export const dashboard = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/admin/dashboard',
    summary: 'Retrieve the numbers of users, accounts and runs, and the usage of all runs',
    description: 'For the start page of platform admins. The numbers may be a few seconds old.',
    responses: { 200: Dashboard },
    metadata: { auth: 'platform', report: true },
  },
} as const satisfies Resource);
