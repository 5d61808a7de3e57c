import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { RunSummary } from './runs.ts';
import { Id } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

const count = z.int().min(0);
const totals = {
  total_input_tokens: count,
  total_output_tokens: count,
  total_cost_usd: z.number().min(0).meta({ description: 'US dollars, to 6 decimal places.' }),
  credits_used: count,
};

const runFields = RunSummary.pick({
  run_id: true,
  account_id: true,
  thread_id: true,
  status: true,
  model: true,
  persona_id: true,
  duration_ms: true,
  total_input_tokens: true,
  total_output_tokens: true,
  total_cost_usd: true,
  usage_estimated: true,
  credits_used: true,
  created_at: true,
  completed_at: true,
  failed_at: true,
  cancelled_at: true,
}).extend({
  provider_kind: z.string().nullable(),
  credential_name: z.string().nullable(),
  persona_model: z.string().nullable().meta({ description: 'The model selector of the persona.' }),
});

export const ChildRun = runFields.extend({ parent_run_id: Id }).meta({ id: 'ChildRun' });
export type ChildRun = z.infer<typeof ChildRun>;

/** A run as seen by platform admins. */
export const RunDetails = runFields
  .extend({
    created_by_user_id: Id.nullable(),
    created_by_user_name: z.string().nullable(),
    created_by_email: z.string().nullable(),
    user_prompt: z.string().nullable().meta({ description: 'The user message that the run answers.' }),
    events_stats: z.object({ total: count, llm_turns: count, tool_calls: count, provider_fallbacks: count }),
    children: z.array(ChildRun).meta({ description: 'Child runs, oldest first.' }),
    total_aggregate: z.object(totals).nullable().meta({ description: 'Totals of the run and its children; null if it has no children.' }),
  })
  .meta({ id: 'RunDetails' });
export type RunDetails = z.infer<typeof RunDetails>;

export const runDetails = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/admin/runs/{run_id}',
    summary: 'Retrieve a run of any account',
    description: 'Each request is recorded in the audit log of the account.',
    responses: { 200: RunDetails },
    metadata: { auth: 'platform', auditOnRead: ['admin.run_view', 'run'] },
  },
} as const satisfies Resource);
