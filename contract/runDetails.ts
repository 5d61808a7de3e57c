import { z } from 'zod';
import { RunSummary } from './runs.ts';
import { Id } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

const count = z.int().min(0);
const totals = {
  total_input_tokens: count.meta({ description: 'Tokens of all prompts.' }),
  total_output_tokens: count.meta({ description: 'Tokens written by the models.' }),
  total_cost_usd: z.number().min(0).meta({ description: 'US dollars, to 6 decimal places.' }),
  credits_used: count.meta({ description: 'Credits charged.' }),
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
  provider_kind: z
    .string()
    .nullable()
    .meta({ description: 'API of the provider: `openai`, `anthropic`, `gemini` or `stub`; null until a route is selected.' }),
  credential_name: z.string().nullable().meta({ description: 'Name of the model provider; null until a route is selected.' }),
  persona_model: z.string().nullable().meta({ description: 'The model selector of the persona.' }),
});

export const ChildRun = runFields
  .extend({ parent_run_id: Id.meta({ description: 'The run that started this one.' }) })
  .meta({ id: 'ChildRun', description: 'A run that another run started as a sub-agent.' });
export type ChildRun = z.infer<typeof ChildRun>;

export const RunDetails = runFields
  .extend({
    created_by_user_id: Id.nullable().meta({ description: 'The user who started the run; null if they were deleted.' }),
    created_by_user_name: z.string().nullable().meta({ description: 'Display name of the user; null if they were deleted.' }),
    created_by_email: z.string().nullable().meta({ description: 'Email address of the user; null if they have none.' }),
    user_prompt: z.string().nullable().meta({ description: 'The user message that the run answers.' }),
    events_stats: z
      .object({
        total: count.meta({ description: 'All events.' }),
        llm_turns: count.meta({ description: 'Completed model calls.' }),
        tool_calls: count.meta({ description: 'Tool calls.' }),
        provider_fallbacks: count.meta({ description: 'Changes to another API of the provider.' }),
      })
      .meta({ description: 'Numbers of events of the run.' }),
    children: z.array(ChildRun).meta({ description: 'Child runs, oldest first.' }),
    total_aggregate: z
      .object(totals)
      .meta({ description: 'Totals of a run and its children.' })
      .nullable()
      .meta({ description: 'Totals of the run and its children; null if it has no children.' }),
  })
  .meta({ id: 'RunDetails', description: 'A run as seen by platform admins.' });
export type RunDetails = z.infer<typeof RunDetails>;

export const runDetails = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/admin/runs/{run_id}',
    summary: 'Retrieve a run of any account',
    description:
      'Use this for support: it shows the prompt, the route, the usage and the child runs. Each request is recorded in the audit log of the account.',
    responses: { 200: RunDetails },
    metadata: { auth: 'platform', auditOnRead: ['admin.run_view', 'run'] },
  },
} as const satisfies Resource);
