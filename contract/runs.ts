import { z } from 'zod';
import { RunError, RunEvent, terminalTypes } from './events.ts';
import { NewMessage } from './messages.ts';
import {
  CancelRequest,
  ContinueRequest,
  maxSeq,
  NewRun,
  ReplayRequest,
  RetryRequest,
  RunFilter,
  RunInput,
  runOptions,
  RunStatus,
} from './runRequests.ts';
import { boolParam, Id, intParam, Ok, Time, TraceId } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { declareEventStream, initContract, type Resource } from './shared/route.ts';

export const CreatedRun = z
  .object({
    run_id: Id.meta({ description: 'ID of the run, for its events.' }),
    trace_id: TraceId.meta({ description: 'Trace ID of the request. All events of the run have it.' }),
  })
  .meta({ id: 'CreatedRun', description: 'A new run.' });
export type CreatedRun = z.infer<typeof CreatedRun>;

export const ReplayedRun = CreatedRun.extend({
  thread_id: Id.meta({ description: 'The copy of the thread, in which the run answers.' }),
}).meta({ id: 'ReplayedRun', description: 'A new run in a copy of a thread.' });
export type ReplayedRun = z.infer<typeof ReplayedRun>;

export const ThreadRun = z
  .object({
    run_id: Id.meta({ description: 'ID of the run.' }),
    status: RunStatus.meta({ description: 'Current status.' }),
    created_at: Time.meta({ description: 'When the run was created.' }),
    resume_from_run_id: Id.optional().meta({ description: 'Earlier run whose completed turns this run reuses; absent if there is none.' }),
    thread_tail_message_id: Id.optional().meta({
      description:
        'The newest message of the thread when the run was created, which the run answers. Runs with the same message are versions of one answer.',
    }),
  })
  .meta({ id: 'ThreadRun', description: 'A run in the list of its thread.' });
export type ThreadRun = z.infer<typeof ThreadRun>;

const runFields = {
  run_id: Id.meta({ description: 'ID of the run.' }),
  account_id: Id.meta({ description: 'Account that pays for the run.' }),
  thread_id: Id.meta({ description: 'Thread in which the run answers.' }),
  created_by_user_id: Id.nullable().meta({ description: 'The user who started the run; null if they were deleted.' }),
  status: RunStatus.meta({ description: 'Current status.' }),
  created_at: Time.meta({ description: 'When the run was created.' }),
  parent_run_id: Id.nullable().meta({ description: 'The run that started this one as a sub-agent; null for other runs.' }),
  model: z.string().nullable().meta({ description: 'Selected model; null until a route is selected.' }),
  persona_id: z.string().nullable().meta({ description: 'Key of the persona; null until a route is selected.' }),
  duration_ms: z.int().nullable().meta({ description: 'Milliseconds from creation to the end; null until the run ends.' }),
  total_input_tokens: z.int().nullable().meta({ description: 'Tokens of all prompts; null until the run ends.' }),
  total_output_tokens: z.int().nullable().meta({ description: 'Tokens written by the model; null until the run ends.' }),
  total_cost_usd: z.number().nullable().meta({ description: 'US dollars, to 6 decimal places; null until the run ends.' }),
  usage_estimated: z.boolean().nullable().meta({
    description: 'Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends.',
  }),
  completed_at: Time.nullable().meta({ description: 'When the run completed; null unless it did.' }),
  failed_at: Time.nullable().meta({ description: 'When the run failed; null unless it did.' }),
  cancelled_at: Time.nullable().meta({ description: 'When the run was canceled; null unless it was.' }),
};

const EditedMessage = NewMessage.safeExtend(runOptions).meta({
  id: 'EditedMessage',
  description: 'The new message, with the options of the run that answers it.',
});
export type EditedMessage = z.infer<typeof EditedMessage>;

const inheritanceText =
  'If the request omits persona, route, model or reasoning mode, the value of the repeated run is used; null selects the default.';

export const RunSummary = z
  .object({
    ...runFields,
    cache_hit_rate: z
      .number()
      .nullable()
      .meta({ description: "Share of prompt tokens that came from the provider's cache, from 0 to 1; null if unknown." }),
    credits_used: z.int().nullable().meta({ description: 'Credits charged for the run; null until it ends.' }),
    created_by_user_name: z
      .string()
      .nullable()
      .meta({ description: 'Display name of the user who started the run; null if they were deleted.' }),
    created_by_email: z.string().nullable().meta({ description: 'Email address of the user who started the run; null if they have none.' }),
  })
  .meta({ id: 'RunSummary', description: 'A run in a list, with its usage.' });
export type RunSummary = z.infer<typeof RunSummary>;

export const Run = z
  .object({
    ...runFields,
    trace_id: TraceId.meta({ description: 'Trace ID of the request that created the run.' }),
    child_run_ids: z.array(Id).meta({ description: 'Runs that this run started as sub-agents, in order of creation.' }),
    resume_from_run_id: Id.nullable().meta({ description: 'Earlier run whose completed turns this run reuses.' }),
    error: RunError.nullable().meta({ description: 'Why the run failed; null unless it did.' }),
  })
  .meta({ id: 'Run', description: 'One execution of the agent loop in a thread.' });
export type Run = z.infer<typeof Run>;

const read = 'data.runs.read';
const permission = 'data.runs.write';
const startErrors = [402, 409, 429] as const;

export const runs = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}/runs',
    summary: 'Start a run',
    description:
      'Answers the messages of the thread. The run is queued: stream its events to receive the answer. A thread has one active run at a time, and an account has a limited number. An unknown persona, route or model fails the run, not this request.',
    body: NewRun,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.create', 'run'], extraErrors: startErrors },
  },
  listInThread: {
    method: 'GET',
    path: '/v1/threads/{thread_id}/runs',
    summary: 'List the runs of a thread, newest first',
    description:
      'Use this to find the active or last run when a thread is opened, and the runs of hidden answers. Retrieve a run for its usage and error.',
    query: pageQuery(),
    responses: { 200: z.array(ThreadRun) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  list: {
    method: 'GET',
    path: '/v1/runs',
    summary: 'List the runs of the account, newest first',
    description:
      'Without `data.usage.read`, only runs that you may retrieve. Runs of deleted threads and of private threads of others are left out.',
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
    description: 'Use this for the status, usage, cost and error of a run. Stream its events for progress and the answer.',
    responses: { 200: Run },
    metadata: { auth: 'user+key', read },
  },
  cancel: {
    method: 'POST',
    path: '/v1/runs/{run_id}:cancel',
    summary: 'Cancel a run',
    description:
      'Stops the run within moments; its stream ends with `run.cancelled`. The partial answer is kept as an incomplete message, which `:continue` can resume. Canceling a run that has ended has no effect.',
    body: CancelRequest,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read, permission, audit: ['run.cancel', 'run'] },
  },
  replay: {
    method: 'POST',
    path: '/v1/runs/{run_id}:replay',
    summary: 'Start a run from a step of another run',
    description: `Use this to try a step again, for example with another model. You own a copy of the thread up to the message that the run answered, in which a run starts after the last turn that was complete at \`after_seq\`. What tools had returned until then is taken from the events: no tool is called again. The final answer of a run is never kept. ${inheritanceText}`,
    body: ReplayRequest,
    responses: { 201: ReplayedRun },
    metadata: {
      auth: 'user+key',
      read,
      permission: ['data.threads.write', permission],
      allowReaders: true,
      quota: 'messages',
      audit: ['run.replay', 'run'],
      extraErrors: startErrors,
    },
  },
  input: {
    method: 'POST',
    path: '/v1/runs/{run_id}/input',
    summary: 'Send user input to a run',
    description:
      'If the run waits for input, this answers its question. Otherwise the input is given to the model with its next call. `request_id` names the question, so that the answer cannot be taken for that of a later one. A run that is ending returns 409 `run_not_active`.',
    body: RunInput,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.input', 'run'], extraErrors: [402] },
  },
  events: {
    method: 'GET',
    path: '/v1/runs/{run_id}/events',
    summary: 'Stream the events of a run',
    description:
      'Server-sent events, in order and without gaps. They start after `after_seq` or `Last-Event-ID`, whichever is larger. Use it to show the progress and the answer of a run; after a lost connection, continue with `Last-Event-ID`.',
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
    description: `Use this to get another answer to the same message. The existing answer is hidden, and a run starts. ${inheritanceText}`,
    body: RetryRequest,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.retry', 'run'], extraErrors: startErrors },
  },
  continue: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:continue',
    summary: 'Continue a run that failed or was canceled',
    description:
      'Starts a run that resumes from the partial answer of the given run, with its persona, route, model and reasoning mode. Stream the events of the new run.',
    body: ContinueRequest,
    responses: { 201: CreatedRun },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['run.continue', 'run'], extraErrors: startErrors },
  },
  editMessage: {
    method: 'PATCH',
    path: '/v1/threads/{thread_id}/messages/{message_id}',
    summary: 'Edit one of your messages and answer it again',
    description: `Use this to change a question. All later messages are hidden, and a run starts; with plain \`content\`, attachments are kept. ${inheritanceText}`,
    body: EditedMessage,
    responses: { 201: CreatedRun },
    metadata: {
      auth: 'user+key',
      read: 'data.threads.read',
      permission: ['data.threads.write', 'data.runs.write'],
      idempotent: true,
      quota: 'messages',
      audit: ['message.update', 'message'],
      extraErrors: startErrors,
    },
  },
} as const satisfies Resource);
