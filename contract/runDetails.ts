import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { RunSummary } from './runs.ts';
import { Id } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

const count = z.int().min(0);
const totals = {
  total_input_tokens: count,
  total_output_tokens: count,
  total_cost_usd: z.number().min(0).meta({ description: 'US dollars, to 6 decimals.' }),
  credits_used: count,
};

const facts = RunSummary.pick({
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
  persona_model: z.string().nullable().meta({ description: 'The selector that the persona names.' }),
});

/** A run that another run started. */
export const ChildRun = facts.extend({ parent_run_id: Id }).meta({ id: 'ChildRun' });
export type ChildRun = z.infer<typeof ChildRun>;

/** What a run did and used, for those who run the platform. */
export const RunDetails = facts
  .extend({
    created_by_user_id: Id.nullable(),
    created_by_user_name: z.string().nullable(),
    created_by_email: z.string().nullable(),
    user_prompt: z.string().nullable().meta({ description: 'What the run was asked.' }),
    events_stats: z.object({ total: count, llm_turns: count, tool_calls: count, provider_fallbacks: count }),
    children: z.array(ChildRun).meta({ description: 'Oldest first.' }),
    total_aggregate: z.object(totals).nullable().meta({ description: 'The run and its children together; null without children.' }),
  })
  .meta({ id: 'RunDetails' });
export type RunDetails = z.infer<typeof RunDetails>;

/** Runs of all accounts, each seen from close up. */
export const runDetails = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/admin/runs/{run_id}',
    summary: 'Read a run of any account',
    description: 'Every reading is noted in the audit log of the account.',
    responses: { 200: RunDetails },
    metadata: { auth: 'platform', makes: ['admin.run_view', 'run'] },
  },
} as const satisfies Resource);
