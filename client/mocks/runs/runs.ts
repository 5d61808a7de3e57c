import type { AssistantMessage, RunEvent, RunEventInput } from '../../../contract/events.ts';
import type { Message, MessageCompletion } from '../../../contract/messages.ts';
import type { Run, RunSummary } from '../../../contract/runs.ts';
import { provisionalTitle } from '../../../contract/titles.ts';
import { pause } from '../../core/retry.ts';
import { chargeRun, type MockUsage, release, reserve } from '../credits/ledger.ts';
import type { EngineBase } from '../engine.ts';
import { addMessage, messagesOf, removeMessage } from '../messages.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, Row } from '../state.ts';
import type { Webhooks } from '../webhooks/sending.ts';
import { type Script, type ScriptStep, standardScript, type Talk } from './scripts.ts';

const runKind = resourceType('/v1/runs');
const threadKind = resourceType('/v1/threads');

type StoredRun = Run & RunSummary;

/** A run as it is saved. The rest is in the state. */
export type SavedRun = { id: string; events: RunEvent[]; reserved: number };

export type MockRun = {
  run: StoredRun;
  thread: Row;
  /** The API key that has started it. */
  apiKeyId: string | undefined;
  events: RunEvent[];
  /** Aborted when the run is cancelled or the mock is reset. */
  stop: AbortController;
  inputKeys: Set<string>;
  /** The question of the script before the run waits for its answer. */
  asking: RunEventInput | undefined;
  /** `request_id` of the pending question. */
  request: string | undefined;
  /** Whether an MCP server asks it, which the user can decline. */
  isElicitation: boolean;
  answers: string[];
  /** Called after each event. */
  listeners: Set<() => void>;
  answer: string;
  /** What the script has consumed. */
  spent: MockUsage | undefined;
  /** Credits that are reserved until the run ends. */
  reserved: number;
  /** The incomplete message that this run continues. */
  continued: Message | undefined;
  ids: ReturnType<EngineBase['fakes']['branch']>;
};

/** Where a run comes from. */
type Origin = Pick<MockRun, 'continued' | 'apiKeyId'>;
type Started = Extract<RunEventInput, { type: 'run.started' }>['data'];

export const hasEnded = ({ run: { status } }: MockRun) => ['completed', 'failed', 'cancelled'].includes(status);

/** About a system prompt with tools. */
const usualInputTokens = 2_000;

/** The usage of the script or, without one, an output token per delta. */
function usage({ spent, events }: MockRun): MockUsage & { total_tokens: number } {
  const output = events.filter(({ type }) => type === 'message.delta').length;
  const { input_tokens, output_tokens, ...cost } = spent ?? { input_tokens: usualInputTokens, output_tokens: output };
  return { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens, ...cost };
}

/** Providers do not report the usage of an interrupted turn. */
const estimatedUsage = (live: MockRun) => ({ ...usage(live), estimated: true });

/** Executes the scripts of runs in the background and stores their events. */
export class Runs {
  readonly all = new Map<string, MockRun>();
  readonly #engine: EngineBase;
  readonly #webhooks: Webhooks;
  readonly #stepMs: number;
  #planned: Script[] = [];

  constructor(engine: EngineBase, webhooks: Webhooks, stepMs: number) {
    this.#engine = engine;
    this.#webhooks = webhooks;
    this.#stepMs = stepMs;
  }

  /** Queues scripts for the next runs, one per run. */
  plan(...scripts: Script[]) {
    this.#planned.push(...scripts);
  }

  /** Starts a run, for which credits are available. `started` is the data of its `run.started` event. */
  begin(run: StoredRun, thread: Row, started: Started, { continued, apiKeyId }: Origin): MockRun {
    const live = this.#add(run, thread, { continued, apiKeyId, reserved: reserve(this.#engine, run.account_id) });
    thread.value.active_run_id = run.run_id;
    thread.value.archived_at = null;
    this.append(live, { type: 'run.started', data: started });
    void this.#perform(live, this.#planned.shift() ?? standardScript);
    return live;
  }

  append(live: MockRun, { type, data }: RunEventInput) {
    const { run, events, ids } = live;
    const created_at = this.#engine.time();
    const envelope = { event_id: ids.id(this.#engine.now()), run_id: run.run_id, seq: events.length + 1, type };
    const of = { data: { ...data, trace_id: run.trace_id }, created_at, ts: created_at };
    const named = {
      ...('tool_name' in data && { tool_name: data.tool_name }),
      ...('error_class' in data && { error_class: data.error_class }),
    };
    // Safe cast: the compiler does not correlate `type` and `data` of the union.
    events.push({ ...envelope, ...of, ...named } as RunEvent);
    for (const listener of live.listeners) listener();
  }

  /** Requests that an active run stops. */
  cancel(live: MockRun, requested: Extract<RunEventInput, { type: 'run.cancel_requested' }>['data']) {
    if (live.run.status !== 'running' && live.run.status !== 'waiting_for_input') return;
    live.run.status = 'cancelling';
    this.append(live, { type: 'run.cancel_requested', data: requested });
    live.stop.abort();
  }

  /** Cancels the active runs that `fits` selects, as a user asks for. */
  cancelAll(userId: string, fits: (live: MockRun) => boolean) {
    for (const live of this.all.values()) if (fits(live)) this.cancel(live, { requested_by_user_id: userId });
  }

  toJSON(): SavedRun[] {
    return [...this.all.values()].map(({ run, events, reserved }) => ({ id: run.run_id, events, reserved }));
  }

  /** Restores the runs of a restored state. Scripts are gone, so runs that had not ended fail. */
  restore(saved: readonly SavedRun[]) {
    for (const { id, events, reserved } of saved) {
      const [row] = this.#engine.state.rows(runKind, ({ value }) => value.run_id === id);
      const [thread] = this.#engine.state.rows(threadKind, ({ value }) => value.id === row?.value.thread_id);
      if (!row || !thread) continue;
      const live = this.#add(row.value as StoredRun, thread, { continued: undefined, apiKeyId: undefined, reserved });
      live.events.push(...events);
      live.ids = this.#engine.fakes.branch(`${id} ${events.length}`);
      for (const { type, data } of events) if (type === 'message.delta' && !data.channel) live.answer += data.content;
      const lost = { error_class: 'worker.timeout', message: 'The page was loaded again.', resumable: true };
      if (!hasEnded(live)) this.#endIncomplete(live, { type: 'run.failed', data: lost });
    }
  }

  #add(run: StoredRun, thread: Row, { continued, apiKeyId, reserved }: Origin & { reserved: number }): MockRun {
    const live: MockRun = {
      ...{ run, thread, apiKeyId, continued, reserved, spent: undefined, events: [], listeners: new Set(), stop: new AbortController() },
      ...{ asking: undefined, request: undefined, isElicitation: false, inputKeys: new Set(), answers: [], answer: '' },
      ids: this.#engine.fakes.branch(run.run_id),
    };
    this.all.set(run.run_id, live);
    return live;
  }

  /** Stops and deletes all runs. */
  clear() {
    const forgotten = [...this.all.values()];
    this.all.clear();
    this.#planned = [];
    for (const { run, stop, listeners } of forgotten) {
      run.status = 'cancelled';
      stop.abort();
      for (const listener of listeners) listener();
    }
  }

  /** Cancels the active runs of a thread. */
  stopThread(threadId: string) {
    for (const live of this.all.values()) if (live.run.thread_id === threadId && !hasEnded(live)) live.stop.abort();
  }

  async #perform(live: MockRun, script: Script) {
    const { signal } = live.stop;
    const { run_id, account_id, model, persona_id } = live.run;
    try {
      await pause(0, signal);
      this.append(live, { type: 'worker.job.received', data: { job_id: run_id, job_type: 'run.execute', account_id, attempt: 1 } });
      const route = { route_id: 'mock', model: model ?? 'mock', credential_id: 'mock', credential_name: 'mock' };
      this.append(live, { type: 'run.route.selected', data: { ...route, owner_kind: 'static', provider_kind: 'stub' } });
      Object.assign(live.run, { model: model ?? 'mock', persona_id: persona_id ?? 'normal' });
      this.#setTitle(live);
      for await (const step of script(this.#talkOf(live))) {
        signal.throwIfAborted();
        if (this.#take(live, step)) return;
        await pause('pause' in step ? step.pause : this.#stepMs, signal);
      }
      this.#complete(live);
    } catch (error) {
      // After `clear`, write no events and messages.
      if (!this.all.has(run_id)) return;
      if (signal.aborted)
        this.#endIncomplete(live, { type: 'run.cancelled', data: { reason: 'cancel_signal', usage: estimatedUsage(live) } });
      else
        this.#endIncomplete(live, {
          type: 'run.failed',
          data: { error_class: 'internal.error', message: String(error), resumable: false },
        });
    }
  }

  /** Writes the events of a script step. Returns true if the run has ended. */
  #take(live: MockRun, step: ScriptStep): boolean {
    if ('pause' in step) return false;
    if ('usage' in step) {
      live.spent = add(live.spent, step.usage);
      return false;
    }
    if (step.type === 'run.input_requested') {
      live.asking = step;
      return false;
    }
    // As on the server, both events appear at once: a reader of the first one can answer.
    if (live.asking) this.append(live, live.asking);
    live.asking = undefined;
    if (step.type === 'run.completed') {
      this.#end(live, step);
      return true;
    }
    if (step.type === 'run.failed' || step.type === 'run.cancelled') {
      this.#endIncomplete(live, step);
      return true;
    }
    if (step.type === 'message.delta' && !step.data.channel) live.answer += step.data.content;
    if (step.type === 'run.waiting_for_input') {
      live.request = step.data.request_id;
      live.isElicitation = step.data.reason === 'elicitation';
      live.run.status = 'waiting_for_input';
      this.append(live, { ...step, data: { ...step.data, expires_at: this.#engine.time(step.data.timeout_ms) } });
    } else this.append(live, step);
    return false;
  }

  /** As a server without a model: the first words of a message become the final title. */
  #setTitle(live: MockRun) {
    const { thread } = live;
    const { thread_id } = live.run;
    const users = messagesOf(this.#engine, thread_id).filter(({ value }) => value.role === 'user');
    const titles = users.map(({ value }) => provisionalTitle(value as Message));
    const title = (thread.value.title as string | null) ?? titles.at(-1);
    if (title === undefined || !titles.includes(title)) return;
    const events = [...this.all.values()].filter(({ run }) => run.thread_id === thread_id).flatMap((each) => each.events);
    if (events.some((event) => event.type === 'thread.title.updated' && event.data.title === title)) return;
    thread.value.title = title;
    this.append(live, { type: 'thread.title.updated', data: { thread_id, title } });
  }

  #complete(live: MockRun) {
    const assistant_message: AssistantMessage = { role: 'assistant', content: [{ type: 'text', text: live.answer }] };
    this.append(live, { type: 'llm.turn.completed', data: { turn_index: 1, usage: usage(live), assistant_message } });
    const { id, content } = this.#keep(live, 'complete');
    assistant_message.content = [{ type: 'text', text: content }];
    this.#end(live, { type: 'run.completed', data: { usage: usage(live), message_id: id, assistant_message } });
  }

  /** Stores the answer as a message. It replaces the message that the run continues. */
  #keep(live: MockRun, completion: MessageCompletion): Message {
    const { account_id, thread_id, run_id } = live.run;
    const { time, now } = this.#engine;
    const of = { account_id, thread_id, run_id, created_by_user_id: null, role: 'assistant' as const, completion };
    const content = (live.continued?.content ?? '') + live.answer;
    const message: Message = { id: live.ids.id(now()), ...of, content, created_at: time() };
    if (live.continued) removeMessage(this.#engine, live.continued);
    addMessage(this.#engine, live.thread, message);
    return message;
  }

  #endIncomplete(live: MockRun, step: Extract<RunEventInput, { type: 'run.failed' | 'run.cancelled' }>) {
    if (live.answer.trim() !== '') step.data.message_id = this.#keep(live, step.type === 'run.failed' ? 'failed' : 'stopped').id;
    this.#end(live, step);
  }

  #end(live: MockRun, step: Extract<RunEventInput, { type: 'run.completed' | 'run.failed' | 'run.cancelled' }>) {
    const { run, thread } = live;
    const status = step.type.slice('run.'.length) as 'completed' | 'failed' | 'cancelled';
    const consumed = this.#consumedBy(live, step);
    const totals = {
      total_input_tokens: consumed.input_tokens,
      total_output_tokens: consumed.output_tokens,
      total_cost_usd: consumed.cost_usd ?? 0,
      usage_estimated: step.data.usage?.estimated ?? false,
    };
    const time = this.#engine.time();
    Object.assign(run, { status, [`${status}_at`]: time, duration_ms: Date.parse(time) - Date.parse(run.created_at), ...totals });
    if (step.type === 'run.failed') run.error = { error_class: step.data.error_class, message: step.data.message };
    release(this.#engine, run.account_id, live.reserved);
    run.credits_used = chargeRun(this.#engine, run, consumed, live.ids);
    thread.value.active_run_id = null;
    live.request = undefined;
    this.#webhooks.runEnded(run, step.type === 'run.failed' && step.data.resumable, live.ids);
    this.append(live, step);
    this.#engine.save();
  }

  /** A run that ends before the model answers consumes nothing. */
  #consumedBy(live: MockRun, { type }: { type: string }): MockUsage {
    const isUnanswered = type !== 'run.completed' && !live.spent && live.answer === '';
    return isUnanswered ? { input_tokens: 0, output_tokens: 0 } : usage(live);
  }

  #talkOf(live: MockRun): Talk {
    const transcript = messagesOf(this.#engine, live.run.thread_id).map(({ value }: { value: Json }) => value as Message);
    return {
      message: transcript[0]?.content ?? '',
      transcript: transcript.reverse(),
      newId: () => live.ids.hex(12),
      signal: live.stop.signal,
      answer: () => nextAnswer(live),
    };
  }
}

const add = (before: MockUsage | undefined, { input_tokens, output_tokens, cost_usd }: MockUsage): MockUsage => ({
  input_tokens: (before?.input_tokens ?? 0) + input_tokens,
  output_tokens: (before?.output_tokens ?? 0) + output_tokens,
  ...((before?.cost_usd !== undefined || cost_usd !== undefined) && { cost_usd: (before?.cost_usd ?? 0) + (cost_usd ?? 0) }),
});

/** Resolves with the next user input. */
function nextAnswer(live: MockRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const answer = live.answers.shift();
      if (answer === undefined) return;
      live.listeners.delete(look);
      resolve(answer);
    };
    live.listeners.add(look);
    live.stop.signal.addEventListener('abort', () => reject(live.stop.signal.reason), { once: true });
    look();
  });
}
