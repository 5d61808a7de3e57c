import type { AssistantMessage, RunEvent, RunStep } from '../../contract/events.ts';
import type { Message, MessageCompletion } from '../../contract/messages.ts';
import type { Run, RunSummary } from '../../contract/runs.ts';
import { pause } from '../waiting.ts';
import type { Engine } from './context.ts';
import { type Script, type ScriptStep, standardScript, type Talk } from './scripts.ts';
import type { Json, Row } from './state.ts';
import { addMessage, messagesOf, removeMessage } from './threads.ts';

type Surroundings = Omit<Engine, 'runs'>;

/** All that is kept of a run. */
type Facts = Run & RunSummary;

/** A run with its events. */
export type Live = {
  facts: Facts;
  thread: Row;
  events: RunEvent[];
  /** Aborts when it is to stop. */
  stop: AbortController;
  inputKeys: Set<string>;
  /** The question that waits for an answer. */
  request: string | undefined;
  answers: string[];
  /** Called at each event. */
  listeners: Set<() => void>;
  said: string;
  /** The incomplete message that it goes on from. */
  continued: Message | undefined;
  ids: ReturnType<Engine['fakes']['branch']>;
};

/** Ends of runs. */
export const isOver = ({ facts: { status } }: Live) => ['completed', 'failed', 'cancelled'].includes(status);

const usage = (live: Live) => {
  const output_tokens = live.events.filter(({ type }) => type === 'message.delta').length;
  return { input_tokens: 20, output_tokens, total_tokens: 20 + output_tokens };
};

/** The usage of a turn that was cut off, which no provider reports. */
const estimatedUsage = (live: Live) => ({ ...usage(live), estimated: true });

/** The runs of the mock: scripts that go on by themselves, and the events they leave. */
export class Runs {
  readonly all = new Map<string, Live>();
  readonly #engine: Surroundings;
  readonly #stepMs: number;
  #planned: Script[] = [];

  constructor(engine: Surroundings, stepMs: number) {
    this.#engine = engine;
    this.#stepMs = stepMs;
  }

  /** The next runs follow these scripts, one each. */
  plan(...scripts: Script[]) {
    this.#planned.push(...scripts);
  }

  /** Begin a run whose `run.started` says `started`. */
  begin(facts: Facts, thread: Row, started: Extract<RunStep, { type: 'run.started' }>['data'], continued?: Message): Live {
    const stop = new AbortController();
    const ids = this.#engine.fakes.branch(facts.run_id);
    const live: Live = {
      ...{
        facts,
        thread,
        events: [],
        stop,
        ids,
        inputKeys: new Set(),
        request: undefined,
        answers: [],
        listeners: new Set(),
        said: '',
        continued,
      },
    };
    this.all.set(facts.run_id, live);
    thread.value.active_run_id = facts.run_id;
    this.append(live, { type: 'run.started', data: started });
    void this.#perform(live, this.#planned.shift() ?? standardScript);
    return live;
  }

  /** Write an event. */
  append(live: Live, { type, data }: RunStep) {
    const { facts, events, ids } = live;
    const created_at = this.#engine.time();
    const envelope = { event_id: ids.id(this.#engine.now()), run_id: facts.run_id, seq: events.length + 1, type };
    const of = { data: { ...data, trace_id: facts.trace_id }, created_at, ts: created_at };
    const named = {
      ...('tool_name' in data && { tool_name: data.tool_name }),
      ...('error_class' in data && { error_class: data.error_class }),
    };
    // One object of the union; the compiler does not follow type and data together.
    events.push({ ...envelope, ...of, ...named } as RunEvent);
    for (const listener of live.listeners) listener();
  }

  /** Stop everything and forget it. */
  clear() {
    const forgotten = [...this.all.values()];
    this.all.clear();
    this.#planned = [];
    for (const { facts, stop, listeners } of forgotten) {
      facts.status = 'cancelled';
      stop.abort();
      for (const listener of listeners) listener();
    }
  }

  /** Cancel what goes on in a thread. */
  stopThread(threadId: string) {
    for (const live of this.all.values()) if (live.facts.thread_id === threadId && !isOver(live)) live.stop.abort();
  }

  async #perform(live: Live, script: Script) {
    const { signal } = live.stop;
    const { run_id, account_id, model, persona_id } = live.facts;
    try {
      await pause(0, signal);
      this.append(live, { type: 'worker.job.received', data: { job_id: run_id, job_type: 'run.execute', account_id, attempt: 1 } });
      const route = { route_id: 'mock', model: model ?? 'mock', credential_id: 'mock', credential_name: 'mock' };
      this.append(live, { type: 'run.route.selected', data: { ...route, owner_kind: 'static', provider_kind: 'stub' } });
      Object.assign(live.facts, { model: model ?? 'mock', persona_id: persona_id ?? 'normal' });
      for await (const step of script(this.#talkOf(live))) {
        signal.throwIfAborted();
        if (this.#take(live, step)) return;
        await pause('pause' in step ? step.pause : this.#stepMs, signal);
      }
      this.#complete(live);
    } catch (error) {
      // A run that was forgotten with everything else leaves no trace.
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

  /** Writes what a script says; true when that was the end. */
  #take(live: Live, step: ScriptStep): boolean {
    if ('pause' in step) return false;
    if (step.type === 'run.completed') {
      this.#end(live, step);
      return true;
    }
    if (step.type === 'run.failed' || step.type === 'run.cancelled') {
      this.#endIncomplete(live, step);
      return true;
    }
    if (step.type === 'message.delta' && !step.data.channel) live.said += step.data.content;
    if (step.type === 'run.waiting_for_input') {
      live.request = step.data.request_id;
      live.facts.status = 'waiting_for_input';
      this.append(live, { ...step, data: { ...step.data, expires_at: this.#engine.time(step.data.timeout_ms) } });
    } else this.append(live, step);
    return false;
  }

  #complete(live: Live) {
    const assistant_message: AssistantMessage = { role: 'assistant', content: [{ type: 'text', text: live.said }] };
    this.append(live, { type: 'llm.turn.completed', data: { turn_index: 1, usage: usage(live), assistant_message } });
    const { id, content } = this.#keep(live, 'complete');
    assistant_message.content = [{ type: 'text', text: content }];
    this.#end(live, { type: 'run.completed', data: { usage: usage(live), message_id: id, assistant_message } });
  }

  /** Adds what a run said as a message, in place of the one that it went on from. */
  #keep(live: Live, completion: MessageCompletion): Message {
    const { account_id, thread_id, run_id } = live.facts;
    const { time, now } = this.#engine;
    const of = { account_id, thread_id, run_id, created_by_user_id: null, role: 'assistant' as const, completion };
    const content = (live.continued?.content ?? '') + live.said;
    const message: Message = { id: live.ids.id(now()), ...of, content, created_at: time() };
    if (live.continued) removeMessage(this.#engine, live.continued);
    addMessage(this.#engine, live.thread, message);
    return message;
  }

  #endIncomplete(live: Live, step: Extract<RunStep, { type: 'run.failed' | 'run.cancelled' }>) {
    if (live.said.trim() !== '') step.data.message_id = this.#keep(live, step.type === 'run.failed' ? 'failed' : 'stopped').id;
    this.#end(live, step);
  }

  #end(live: Live, step: Extract<RunStep, { type: 'run.completed' | 'run.failed' | 'run.cancelled' }>) {
    const { facts, thread } = live;
    const status = step.type.slice('run.'.length) as 'completed' | 'failed' | 'cancelled';
    const { input_tokens, output_tokens } = usage(live);
    const totals = {
      total_input_tokens: input_tokens,
      total_output_tokens: output_tokens,
      total_cost_usd: 0,
      usage_estimated: step.data.usage?.estimated ?? false,
      credits_used: 0,
    };
    const time = this.#engine.time();
    Object.assign(facts, { status, [`${status}_at`]: time, duration_ms: Date.parse(time) - Date.parse(facts.created_at), ...totals });
    if (step.type === 'run.failed') facts.error = { error_class: step.data.error_class, message: step.data.message };
    thread.value.active_run_id = null;
    live.request = undefined;
    this.append(live, step);
  }

  #talkOf(live: Live): Talk {
    const transcript = messagesOf(this.#engine, live.facts.thread_id).map(({ value }: { value: Json }) => value as Message);
    return {
      message: transcript[0]?.content ?? '',
      transcript: transcript.reverse(),
      newId: () => live.ids.hex(12),
      signal: live.stop.signal,
      answer: () => nextAnswer(live),
    };
  }
}

/** The answer that is there, or comes. */
function nextAnswer(live: Live): Promise<string> {
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
