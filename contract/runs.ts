import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { RunError, RunEvent, terminalTypes } from './events.ts';
import { NewMessage } from './messages.ts';
import { CancelRequest, ContinueRequest, NewRun, RetryRequest, RunFilter, RunInput, runOptions, RunStatus } from './runRequests.ts';
import { boolParam, Id, intParam, Ok, Time, TraceId } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { declareEventStream, type Resource } from './shared/route.ts';

export const CreatedRun = z.object({ run_id: Id, trace_id: TraceId }).meta({ id: 'CreatedRun' });
export type CreatedRun = z.infer<typeof CreatedRun>;

export const ThreadRun = z
  .object({ run_id: Id, status: RunStatus, created_at: Time, resume_from_run_id: Id.optional() })
  .meta({ id: 'ThreadRun' });
export type ThreadRun = z.infer<typeof ThreadRun>;

const runFields = {
  run_id: Id,
  account_id: Id,
  thread_id: Id,
  created_by_user_id: Id.nullable(),
  status: RunStatus,
  created_at: Time,
  parent_run_id: Id.nullable(),
  model: z.string().nullable().meta({ description: 'Selected model; null until a route is selected.' }),
  persona_id: z.string().nullable().meta({ description: 'Key of the persona; null until a route is selected.' }),
  duration_ms: z.int().nullable(),
  total_input_tokens: z.int().nullable(),
  total_output_tokens: z.int().nullable(),
  total_cost_usd: z.number().nullable(),
  usage_estimated: z.boolean().nullable().meta({
    description: 'Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends.',
  }),
  completed_at: Time.nullable(),
  failed_at: Time.nullable(),
  cancelled_at: Time.nullable(),
};

/** The new message, with the options of the run that answers it. */
const EditedMessage = NewMessage.safeExtend(runOptions).meta({ id: 'EditedMessage' });
export type EditedMessage = z.infer<typeof EditedMessage>;

const inheritanceText =
  'If the request omits persona, route, model or reasoning mode, the value of the repeated run is used; null selects the default.';

/** The largest sequence number of an event. */
const maxSeq = 2 ** 31 - 1;

export const RunSummary = z
  .object({
    ...runFields,
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
    ...runFields,
    trace_id: TraceId,
    child_run_ids: z.array(Id),
    resume_from_run_id: Id.nullable(),
    error: RunError.nullable(),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;

const read = 'data.runs.read';
const permission = 'data.runs.write';
const startErrors = [402, 409, 429] as const;

export const runs = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}/runs',
    summary: 'Start a run',
    body: NewRun,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.create', 'run'], extraErrors: startErrors },
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
    summary: 'List the runs of the account, newest first',
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
    summary: 'Retrieve a run',
    responses: { 200: Run },
    metadata: { auth: 'user+key', read },
  },
  cancel: {
    method: 'POST',
    path: '/v1/runs/{run_id}:cancel',
    summary: 'Cancel a run',
    body: CancelRequest,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read, permission, audit: ['run.cancel', 'run'] },
  },
  input: {
    method: 'POST',
    path: '/v1/runs/{run_id}/input',
    summary: 'Send user input to a run',
    body: RunInput,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.input', 'run'] },
  },
  events: {
    method: 'GET',
    path: '/v1/runs/{run_id}/events',
    summary: 'Stream the events of a run',
    description: 'Server-sent events, in order and without gaps. They start after `after_seq` or `Last-Event-ID`, whichever is larger.',
    query: z.object({
      after_seq: intParam(0).default(0).meta({ description: 'Start after the event with this sequence number.' }),
      follow: boolParam().default(true).meta({ description: 'If false, the response ends after the existing events.' }),
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
    responses: { 200: declareEventStream(RunEvent, terminalTypes), 204: null },
    metadata: { auth: 'user+key', read, extraErrors: [429] },
  },
  retry: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:retry',
    summary: 'Retry the last message',
    description: `Hides the existing answer. ${inheritanceText}`,
    body: RetryRequest,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.retry', 'run'], extraErrors: startErrors },
  },
  continue: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:continue',
    summary: 'Continue a run that failed or was canceled',
    body: ContinueRequest,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.continue', 'run'], extraErrors: startErrors },
  },
  editMessage: {
    method: 'PATCH',
    path: '/v1/threads/{thread_id}/messages/{message_id}',
    summary: 'Edit one of your messages and answer it again',
    description: `Hides all later messages. ${inheritanceText}`,
    body: EditedMessage,
    responses: { 201: CreatedRun },
    metadata: {
      auth: 'user+key',
      read: 'data.threads.read',
      permission: ['data.threads.write', 'data.runs.write'],
      quota: 'messages',
      audit: ['message.update', 'message'],
      extraErrors: startErrors,
    },
  },
} as const satisfies Resource);
