import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { RunError, RunEvent, terminalTypes } from './events.ts';
import { NewMessage } from './messages.ts';
import { CancelRequest, ContinueRequest, NewRun, RetryRequest, RunFilter, RunInput, RunStatus, runOptions } from './runRequests.ts';
import { boolParam, Id, intParam, Ok, Time, TraceId } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import { eventsOf, type Resource } from './shared/route.ts';

export const CreatedRun = z.object({ run_id: Id, trace_id: TraceId }).meta({ id: 'CreatedRun' });
export type CreatedRun = z.infer<typeof CreatedRun>;

export const ThreadRun = z
  .object({ run_id: Id, status: RunStatus, created_at: Time, resume_from_run_id: Id.optional() })
  .meta({ id: 'ThreadRun' });
export type ThreadRun = z.infer<typeof ThreadRun>;

const facts = {
  run_id: Id,
  account_id: Id,
  thread_id: Id,
  created_by_user_id: Id.nullable(),
  status: RunStatus,
  created_at: Time,
  parent_run_id: Id.nullable(),
  model: z.string().nullable(),
  persona_id: z.string().nullable(),
  duration_ms: z.int().nullable(),
  total_input_tokens: z.int().nullable(),
  total_output_tokens: z.int().nullable(),
  total_cost_usd: z.number().nullable(),
  usage_estimated: z.boolean().nullable().meta({
    description: 'Whether tokens and cost are partly estimated, because the provider did not report them; null until the run ends.',
  }),
  completed_at: Time.nullable(),
  failed_at: Time.nullable(),
  cancelled_at: Time.nullable(),
};

/** A changed message, and who answers it. */
const EditedMessage = NewMessage.safeExtend(runOptions).meta({ id: 'EditedMessage' });
export type EditedMessage = z.infer<typeof EditedMessage>;

const inherits =
  'What the request leaves out of persona, route, model and reasoning mode is that of the run that it repeats; null asks for the default.';

/** The largest number of an event. */
const maxSeq = 2 ** 31 - 1;

/** A row of the list of runs. */
export const RunSummary = z
  .object({
    ...facts,
    cache_hit_rate: z.number().nullable(),
    credits_used: z.int().nullable(),
    created_by_user_name: z.string().nullable(),
    created_by_email: z.string().nullable(),
  })
  .meta({ id: 'RunSummary' });
export type RunSummary = z.infer<typeof RunSummary>;

/** One execution of the agent loop in a thread. */
export const Run = z
  .object({
    ...facts,
    trace_id: TraceId,
    child_run_ids: z.array(Id),
    resume_from_run_id: Id.nullable(),
    error: RunError.nullable(),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;

const read = 'data.runs.read';
const permission = 'data.runs.write';
const limits = [402, 409, 429] as const;

/** Executions of the agent loop, and the events that describe them. */
export const runs = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}/runs',
    summary: 'Start a run',
    body: NewRun,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.create', 'run'], also: limits },
  },
  listInThread: {
    method: 'GET',
    path: '/v1/threads/{thread_id}/runs',
    summary: 'List the runs of a thread, newest first',
    query: pageQuery(),
    responses: { 200: z.array(ThreadRun) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  list: {
    method: 'GET',
    path: '/v1/runs',
    summary: 'List runs of the account, newest first',
    query: RunFilter,
    responses: { 200: z.array(RunSummary) },
    metadata: {
      auth: 'user+key',
      read,
      pages: 'cursor',
      queryIds: { account_id: 'account', user_id: 'user', parent_run_id: 'run', run_id: 'rows', thread_id: 'rows', persona_id: 'rows' },
    },
  },
  get: {
    method: 'GET',
    path: '/v1/runs/{run_id}',
    summary: 'Read a run',
    responses: { 200: Run },
    metadata: { auth: 'user+key', read },
  },
  cancel: {
    method: 'POST',
    path: '/v1/runs/{run_id}:cancel',
    summary: 'Ask a run to stop',
    body: CancelRequest,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read, permission, audit: ['run.cancel', 'run'] },
  },
  input: {
    method: 'POST',
    path: '/v1/runs/{run_id}/input',
    summary: 'Answer or steer a run',
    body: RunInput,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.input', 'run'] },
  },
  events: {
    method: 'GET',
    path: '/v1/runs/{run_id}/events',
    summary: 'Follow a run as it happens',
    description: 'Server-sent events in order, without gaps, from the one after `after_seq` or `Last-Event-ID`, whichever is larger.',
    query: z.object({
      after_seq: intParam(0).default(0).meta({ description: 'Start after this event.' }),
      follow: boolParam().default(true).meta({ description: 'false: the events there are, then the end.' }),
    }),
    headers: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,10}$/, 'must be an integer')
        .transform((text) => Math.min(Number(text), maxSeq))
        .optional(),
      accept: z
        .string()
        .refine((accept) => /text\/event-stream|text\/\*|\*\/\*/i.test(accept), 'must admit text/event-stream')
        .optional(),
    }),
    responses: { 200: eventsOf(RunEvent, terminalTypes), 204: null },
    metadata: { auth: 'user+key', read, also: [429] },
  },
  retry: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:retry',
    summary: 'Answer the last message again',
    description: `The answer it has is hidden. ${inherits}`,
    body: RetryRequest,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.retry', 'run'], also: limits },
  },
  continue: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:continue',
    summary: 'Continue a run that failed or was cancelled',
    body: ContinueRequest,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.continue', 'run'], also: limits },
  },
  editMessage: {
    method: 'PATCH',
    path: '/v1/threads/{thread_id}/messages/{message_id}',
    summary: 'Change a message of yours and answer it again',
    description: `Every later message is hidden. ${inherits}`,
    body: EditedMessage,
    responses: { 201: CreatedRun },
    metadata: {
      auth: 'user+key',
      read: 'data.threads.read',
      permission: ['data.threads.write', 'data.runs.write'],
      quota: 'messages',
      audit: ['message.update', 'message'],
      also: limits,
    },
  },
} as const satisfies Resource);
