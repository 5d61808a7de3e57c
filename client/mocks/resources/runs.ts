import type { RunEventInput } from '../../../contract/events.ts';
import type { Message, MessagePart, NewMessage } from '../../../contract/messages.ts';
import type { runDetails as detailRoutes } from '../../../contract/runDetails.ts';
import { parseReasoningMode } from '../../../contract/runRequests.ts';
import type { runs as routes, Run, RunSummary } from '../../../contract/runs.ts';
import { type Caller, type Context, type RouteHandlers, untypedContext } from '../context.ts';
import { balanceOf } from '../credits/ledger.ts';
import { apiError, invalidField, notFound } from '../http/errors.ts';
import { pageOf } from '../http/pages.ts';
import { messagesOf } from '../messages.ts';
import { resourceType } from '../resourceTypes.ts';
import { hasEnded, type MockRun } from '../runs/runs.ts';
import { openEvents } from '../runs/stream.ts';
import type { Row } from '../state.ts';
import { visibleRows } from './generic.ts';
import { claimAttachments, contentOf, copyThread } from './threads.ts';

const runKind = resourceType('/v1/runs');
const threadKind = resourceType('/v1/threads');
const messageKind = resourceType('/v1/threads/{thread_id}/messages');

type Started = Extract<RunEventInput, { type: 'run.started' }>['data'];
type ThreadContext = Pick<Context, 'engine' | 'loaded' | 'traceId'> & { caller: Caller };
type RunPreferences = { model?: string | null | undefined; persona_id?: string | null | undefined; started?: Partial<Started> };

/** Throws 409 while a run of the thread is active. */
function requireIdleThread(thread: Row) {
  if (thread.value.active_run_id !== null) throw apiError('conflict', 'thread_busy', 'A run of this thread has not ended yet.');
}

/** Throws 402 if all credits of the account are spent or reserved. */
function requireCredits(engine: Context['engine'], accountId: string) {
  const { balance, reserved, available } = balanceOf(engine, accountId);
  if (available > 0) return;
  if (balance <= 0) throw apiError('unpaid', 'credits_exhausted', 'The account has no credits left.', { balance });
  const details = { balance, reserved, available };
  throw apiError('unpaid', 'credits_exhausted', 'Runs under way have reserved all credits of the account.', details);
}

function start(
  { engine, loaded, caller, traceId }: ThreadContext,
  source: Started['source'],
  { model, persona_id, started = {} }: RunPreferences = {},
) {
  const thread = loaded.thread_id!;
  requireIdleThread(thread);
  requireCredits(engine, caller.accountId);
  const thread_id = thread.value.id as string;
  const tail = messagesOf(engine, thread_id)[0];
  if (!tail) throw apiError('conflict', 'thread_empty', 'The thread has no message to answer.');
  const run_id = engine.fakes.id(engine.now());
  const resume_from_run_id = started.resume_from_run_id ?? null;
  const whose = {
    account_id: caller.accountId,
    created_by_user_id: caller.user.id,
    parent_run_id: null,
    child_run_ids: [],
    trace_id: traceId,
  };
  const wished = { model: model || null, persona_id: persona_id || null, resume_from_run_id };
  const end = { duration_ms: null, completed_at: null, failed_at: null, cancelled_at: null, error: null };
  const spent = {
    total_input_tokens: null,
    total_output_tokens: null,
    total_cost_usd: null,
    usage_estimated: null,
    cache_hit_rate: null,
    credits_used: null,
  };
  const by = { created_by_user_name: caller.user.username, created_by_email: caller.user.email };
  const base = { run_id, thread_id, status: 'running' as const, created_at: engine.time() };
  const facts: Run & RunSummary = { ...base, ...whose, ...wished, ...end, ...spent, ...by };
  engine.state.add(runKind, { owner: caller.accountId, parents: { thread_id }, value: facts });
  // After a retry or an edit the incomplete answer is already hidden.
  const newest = tail.value as Message;
  const continued = newest.completion === 'complete' ? undefined : newest;
  const asked = {
    thread_tail_message_id: newest.id,
    ...(continued && { continues_message_id: continued.id }),
    ...(model && { model }),
    ...(persona_id && { persona_id }),
  };
  engine.runs.begin(facts, thread, { source, ...asked, continuation_source: 'none', ...started }, { continued, apiKeyId: caller.apiKeyId });
  return { status: 201 as const, body: { run_id, trace_id: traceId } };
}

/** Model and persona of the request; fields that it omits are taken from the newest run of the thread. */
function inheritPreferences({ engine }: Pick<Context, 'engine'>, threadId: string, { model, persona_id }: RunPreferences): RunPreferences {
  const run = engine.state.rows(runKind, ({ parents }) => parents.thread_id === threadId)[0]?.value as Run | undefined;
  return { model: model === undefined ? run?.model : model, persona_id: persona_id === undefined ? run?.persona_id : persona_id };
}

const hide = ({ engine }: ThreadContext, fits: (message: Message) => boolean, threadId: string) =>
  engine.state.remove(messageKind, ({ parents, value }) => parents.thread_id === threadId && fits(value as Message));

const mockRunOf = ({ engine, params }: { engine: Context['engine']; params: { run_id: string } }): MockRun =>
  engine.runs.all.get(params.run_id)!;

const maxInputBytes = 32_768;

/** What a run has not read yet. The runs of the mocks read only answers to their questions. */
const maxPending = { inputs: 100, bytes: 2 ** 20 };

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

function checkPending({ events }: MockRun, content: string): void {
  const pending = events.filter((event) => event.type === 'run.input_provided' && event.data.request_id === undefined);
  const bytes = pending.reduce((sum, { data }) => sum + bytesOf((data as { content: string }).content), bytesOf(content));
  if (pending.length >= maxPending.inputs || bytes > maxPending.bytes)
    throw apiError(
      'conflict',
      'too_many_inputs',
      `A run has at most ${maxPending.inputs} inputs of ${maxPending.bytes} bytes that it has not read yet.`,
    );
}

export const runs: RouteHandlers<typeof routes> = {
  create: (context) => {
    const { model, persona_id, route_id, reasoning_mode } = context.body;
    const started = { ...(route_id && { route_id }), ...(reasoning_mode && { reasoning_mode: parseReasoningMode(reasoning_mode) }) };
    return start(context, 'api', { model, persona_id, started });
  },
  list: (context) => {
    const { limit, before, status, thread_id, run_id } = context.query;
    const fits = ({ value }: Row) =>
      (status ?? value.status) === value.status &&
      (value.thread_id as string).startsWith(thread_id ?? '') &&
      (value.run_id as string).startsWith(run_id ?? '');
    const rows = visibleRows(runKind, untypedContext(context)).filter(fits);
    const page = pageOf(rows, JSON.stringify(['runs', context.caller.accountId, status, thread_id, run_id]), { limit, before });
    return { status: 200, body: page.rows.map(({ value }) => value as RunSummary), next: page.next };
  },
  listInThread: ({ engine, params: { thread_id }, query }) => {
    const rows = engine.state.rows(runKind, ({ parents }) => parents.thread_id === thread_id);
    const page = pageOf(rows, `runs of ${thread_id}`, query);
    const body = page.rows.map(({ value }) => {
      const { run_id, status, created_at, resume_from_run_id } = value as Run;
      const [first] = engine.runs.all.get(run_id)?.events ?? [];
      const answered = first?.type === 'run.started' ? first.data.thread_tail_message_id : undefined;
      return {
        ...{ run_id, status, created_at },
        ...(resume_from_run_id && { resume_from_run_id }),
        ...(answered && { thread_tail_message_id: answered }),
      };
    });
    return { status: 200, body, next: page.next };
  },
  cancel: (context) => {
    const { engine, caller, body } = context;
    const { last_seen_seq, client_cancelled_at } = body;
    const seen = { ...(last_seen_seq != null && { last_seen_seq }), ...(client_cancelled_at && { client_cancelled_at }) };
    engine.runs.cancel(mockRunOf(context), { requested_by_user_id: caller.user.id, ...seen });
    return { status: 200, body: { ok: true } };
  },
  input: (context) => {
    const { engine, body } = context;
    const { content = '', action, request_id: named, input_key } = body;
    const live = mockRunOf(context);
    if (bytesOf(content) > maxInputBytes) throw invalidField('/content', `must hold at most ${maxInputBytes} bytes`, 'content_too_large');
    if (input_key && live.inputKeys.has(input_key)) return { status: 200, body: { ok: true } };
    if (hasEnded(live) || live.run.status === 'cancelling')
      throw apiError('conflict', 'run_not_active', 'The run takes no input any more.');
    if (named !== undefined && named !== live.request)
      throw apiError('conflict', 'question_closed', 'The run does not wait for an answer to this question any more.');
    if (live.request === undefined) checkPending(live, content);
    const ofServer = live.request !== undefined && live.isElicitation;
    if (action && !ofServer) throw invalidField('/action', 'is only for a question of a tool server', 'action_not_allowed');
    const taken = ofServer ? { action: action ?? ('accept' as const) } : {};
    if (ofServer && named === undefined)
      throw invalidField('/request_id', 'is required for the question of a tool server', 'request_id_required');
    // The mocks do not check the values.
    if (taken.action === 'accept' && !content.trim().startsWith('{')) throw invalidField('/content', 'must be an object', 'invalid_answer');
    if (input_key) live.inputKeys.add(input_key);
    const { request: request_id } = live;
    const data = { content, ...(request_id && { request_id }), ...taken, ...(input_key && { input_key }) };
    live.request = undefined;
    engine.runs.append(live, { type: 'run.input_provided', data });
    if (request_id) {
      live.run.status = 'running';
      live.answers.push(content);
      engine.runs.append(live, { type: 'run.resumed', data: { request_id, reason: 'user_input_received' } });
    }
    return { status: 200, body: { ok: true } };
  },
  events: (context) => {
    const { query, headers, request } = context;
    const lastEventId = headers['last-event-id'];
    const after = Math.max(query.after_seq, lastEventId ?? 0);
    return openEvents(context, mockRunOf(context), {
      after,
      follow: query.follow,
      isReconnection: lastEventId !== undefined,
      signal: request.signal,
    });
  },
  retry: (context) => {
    const { engine, params } = context;
    requireIdleThread(context.loaded.thread_id!);
    const last = messagesOf(engine, params.thread_id)[0]?.value as Message | undefined;
    if (!last) throw apiError('conflict', 'nothing_to_retry', 'The thread has no message to answer.');
    if (last.role === 'assistant') hide(context, ({ id }) => id === last.id, params.thread_id);
    return start(context, 'retry', inheritPreferences(context, params.thread_id, context.body));
  },
  continue: (context) => {
    const { engine, params, body } = context;
    const [row] = engine.state.rows(runKind, ({ value }) => value.run_id === body.run_id && value.thread_id === params.thread_id);
    if (!row) throw notFound();
    const { status, model, persona_id } = row.value as Run;
    if (status !== 'failed' && status !== 'cancelled') throw apiError('conflict', 'run_cannot_continue', 'This run cannot be continued.');
    const started = { resume_from_run_id: body.run_id, continuation_source: 'explicit' as const };
    return start(context, 'continue', { model, persona_id, started });
  },
  replay: (context) => {
    const { engine, params, body } = context;
    const { run } = mockRunOf(context);
    const [source] = engine.state.rows(threadKind, ({ value }) => value.id === run.thread_id);
    const [started] = mockRunOf(context).events;
    const answered = started?.type === 'run.started' ? started.data.thread_tail_message_id : undefined;
    const copied = source && copyThread(engine, source, answered);
    if (!copied) throw apiError('conflict', 'run_cannot_replay', 'The message that the run answers is no longer in the thread.');
    const { model = run.model, persona_id = run.persona_id } = body;
    const resumed = { resume_from_run_id: params.run_id, continuation_source: 'explicit' as const };
    const here = { ...context, loaded: { thread_id: copied.thread } };
    const { body: made } = start(here, 'replay', { model, persona_id, started: resumed });
    return { status: 201, body: { ...made, thread_id: copied.thread.value.id as string } };
  },
  editMessage: (context) => {
    const { engine, loaded, params, body } = context;
    const message = loaded.message_id!;
    if ((message.value as Message).role !== 'user') throw notFound();
    requireIdleThread(loaded.thread_id!);
    const content = contentOf(claimAttachments(untypedContext(context), editedContent(message.value as Message, body)));
    const later = messagesOf(engine, params.thread_id).filter(({ order }) => order > message.order);
    hide(context, ({ id }) => later.some(({ value }) => value.id === id), params.thread_id);
    Object.assign(message.value, content);
    return start(context, 'edit', inheritPreferences(context, params.thread_id, body));
  },
};

/** Plain content replaces the text and keeps the attachments. */
function editedContent({ content_json: before }: Message, edited: Pick<NewMessage, 'content' | 'content_json'>) {
  if (edited.content_json || !before) return edited;
  const text: MessagePart = { type: 'text', text: edited.content! };
  const hasText = before.parts.some(({ type }) => type === 'text');
  return { content_json: { parts: hasText ? before.parts.map((part) => (part.type === 'text' ? text : part)) : [text, ...before.parts] } };
}

export const runDetails: RouteHandlers<typeof detailRoutes> = {
  get: ({ engine, params }) => {
    const live = engine.runs.all.get(params.run_id);
    if (!live) throw notFound();
    const count = (type: RunEventInput['type']) => live.events.filter((event) => event.type === type).length;
    const events_stats = {
      total: live.events.length,
      llm_turns: count('llm.turn.completed'),
      tool_calls: count('tool.call'),
      provider_fallbacks: 0,
    };
    const user_prompt = messagesOf(engine, live.run.thread_id).findLast(({ value }) => value.role === 'user')?.value.content ?? null;
    const route = { provider_kind: 'stub', credential_name: 'mock', persona_model: null, children: [], total_aggregate: null };
    return { status: 200, body: { ...live.run, ...route, events_stats, user_prompt: user_prompt as string | null } };
  },
};
