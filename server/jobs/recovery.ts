import type { Cost, RunEvent, RunEventType, RunStep, Usage } from '../../contract/events.ts';
import type { Resume, Spent } from '../agent/loop.ts';
import type { ModelMessage, ToolCall } from '../agent/model.ts';
import { askUserTool, readQuestion } from '../agent/tools/askUser.ts';
import { toolMessage } from '../agent/tools/calls.ts';
import { loadedBy, loadToolsName } from '../agent/tools/offer.ts';
import { hashArguments } from '../agent/tools/policy.ts';
import { addUsage } from '../agent/usage.ts';
import { type Sql, statement } from '../kernel/sql.ts';

type StoredEvent = { [T in RunEventType]: Pick<Extract<RunEvent, { type: T }>, 'seq' | 'type' | 'data'> }[RunEventType];
type Stored<T extends RunEventType> = Extract<StoredEvent, { type: T }>;

const selectLog = statement<{ seq: number; type: string; data: unknown }>(`
  select seq, type, data from run_events where run_id = $1
    and (type in ('llm.turn.completed', 'tool.call', 'tool.result', 'run.route.selected', 'run.input_requested', 'run.waiting_for_input',
      'run.input_provided', 'run.resumed', 'run.steering_injected', 'run.llm.retry', 'run.context_compact', 'run.recovered')
    or (type in ('message.delta', 'tool.call.delta') and seq > coalesce((
      select max(seq) from run_events where run_id = $1 and type in ('llm.turn.completed', 'run.llm.retry', 'run.recovered')), 0)))
  order by seq`);

const selectOpaque = statement<{ turn_index: number; opaque: unknown }>('select turn_index, opaque from run_turns where run_id = $1');

/** What an earlier attempt of a run, or the run it takes up, has left in the log. */
export type Log = Resume & {
  /** Events to write for calls that were begun and never ended: side effects are not repeated. */
  interrupted: RunStep[];
  spent: Spent;
  /** What the model had said in a call that the log does not end: text, thinking and calls of tools. */
  received: string;
  /** The first event after the last finished turn. */
  resumeSeq: number;
  /** Whether the route was told. */
  isRouted: boolean;
};

/** Read the log of a run. Throws when it cannot be understood. */
export async function readLog(sql: Sql, runId: string): Promise<Log> {
  const events = (await sql.rows(selectLog, [runId])) as StoredEvent[];
  const opaque = events.some(({ type }) => type === 'llm.turn.completed') ? await sql.rows(selectOpaque, [runId]) : [];
  const reader = createReader(new Map(opaque.map((turn) => [turn.turn_index, turn.opaque])));
  for (const event of events) reader.take(event);
  return reader.log();
}

type OpenCall = { call: ToolCall; args: Record<string, unknown>; isTold: boolean };
/** A request to the user, with what came of it. */
type Request = { id: string; iter: number | undefined; expiresAt?: string; answer?: string };

function createReader(opaque: ReadonlyMap<number, unknown>) {
  const log: Log = {
    trail: [],
    turns: 0,
    answer: undefined,
    pending: undefined,
    checkedIn: 0,
    loaded: [],
    interrupted: [],
    spent: { usage: undefined, cost: '0' },
    received: '',
    resumeSeq: 2,
    isRouted: false,
  };
  const open = new Map<string, OpenCall>();
  let request: Request | undefined;

  function takeTurn({ data }: Stored<'llm.turn.completed'>) {
    const { assistant_message: message } = data;
    // An answer that others followed was not the last.
    if (log.answer) log.trail.push({ role: 'assistant', content: log.answer.text });
    const text = message.content.map((part) => part.text ?? '').join('');
    const calls = message.tool_calls?.map((call) => ({
      id: call.tool_call_id,
      name: call.tool_name,
      arguments: JSON.stringify(call.arguments),
    }));
    log.turns = data.turn_index;
    log.answer = calls?.length ? undefined : { llmCallId: data.llm_call_id ?? '', text, message };
    if (!calls?.length) return;
    log.trail.push({ role: 'assistant', content: text, tool_calls: calls, ...withOpaque(opaque.get(data.turn_index)) });
    open.clear();
    request = undefined;
    calls.forEach((call, at) => {
      open.set(call.id, { call, args: message.tool_calls![at]!.arguments, isTold: false });
    });
  }

  function receive(text: string) {
    log.received += text;
  }

  function addSpent({ usage, cost }: { usage?: Usage | undefined; cost?: Cost | undefined }) {
    log.spent = { usage: addUsage(log.spent.usage, usage), cost: addMicros(log.spent.cost, cost?.amount_micros ?? 0) };
  }

  function takeResult({ data }: Stored<'tool.result'>) {
    const { tool_call_id: id, tool_name: name, result, error } = data;
    open.delete(id);
    if (name === askUserTool.name) request = undefined;
    if (name === loadToolsName) log.loaded.push(...loadedBy(result));
    log.trail.push(toolMessage(id, name, { ...(result && { result }), ...(error && { error }) }));
  }

  function takeResumed({ data }: Stored<'run.resumed'>) {
    if (request?.id !== data.request_id || request.iter === undefined) return;
    log.checkedIn = request.iter;
    if (data.reason === 'user_input_received') say(request.answer ?? '');
    request = undefined;
  }

  /** What a user said after an answer keeps that from being the last. */
  function say(content: string) {
    if (log.answer) log.trail.push({ role: 'assistant', content: log.answer.text });
    log.answer = undefined;
    log.trail.push({ role: 'user', content });
  }

  return {
    take(event: StoredEvent) {
      if (event.type === 'message.delta') return receive(event.data.content);
      if (event.type === 'tool.call.delta') return receive((event.data.tool_name ?? '') + event.data.arguments_delta);
      if (isOfModelCall(event)) addSpent(event.data);
      // What the API appends, it may append in the middle of an answer.
      if (!event.type.startsWith('run.') || event.type === 'run.route.selected' || event.type === 'run.steering_injected')
        log.resumeSeq = event.seq + 1;
      if (event.type === 'run.route.selected') log.isRouted = true;
      else if (event.type === 'llm.turn.completed') takeTurn(event);
      else if (event.type === 'tool.call') tell(open.get(event.data.tool_call_id));
      else if (event.type === 'tool.result') takeResult(event);
      else if (event.type === 'run.steering_injected') say(event.data.content);
      else if (event.type === 'run.input_requested') request = { id: event.data.request_id, iter: event.data.iter };
      else if (event.type === 'run.waiting_for_input' && request) request.expiresAt = event.data.expires_at;
      else if (event.type === 'run.input_provided' && request && event.data.request_id === request.id) request.answer = event.data.content;
      else if (event.type === 'run.resumed') takeResumed(event);
    },
    log(): Log {
      const asked = [...open.values()].find(isQuestion);
      const times = { requestId: request?.id, expiresAt: request?.expiresAt };
      if (asked) log.pending = { ...times, reason: 'ask_user', call: asked.call };
      else if (request?.iter !== undefined) log.pending = { ...times, reason: 'check_in' };
      const ended = [...open.values()].filter((call) => call !== asked);
      log.interrupted = [...[...open.values()].filter(({ isTold }) => !isTold).map(callStep), ...ended.map(interruption)];
      for (const { call } of ended) log.trail.push(toolMessage(call.id, call.name, { error: interrupted }));
      return log;
    },
  };
}

/** The events that report what model calls used: each call is in one of them. */
const callTypes = ['llm.turn.completed', 'run.llm.retry', 'run.context_compact', 'run.route.selected', 'run.recovered'] as const;
const isOfModelCall = (event: StoredEvent): event is Stored<(typeof callTypes)[number]> =>
  (callTypes as readonly string[]).includes(event.type);

const tell = (call: OpenCall | undefined) => {
  if (call) call.isTold = true;
};

const withOpaque = (opaque: unknown): Pick<Extract<ModelMessage, { role: 'assistant' }>, 'opaque'> =>
  opaque === undefined ? {} : { opaque };

function isQuestion({ call, args }: OpenCall): boolean {
  if (call.name !== askUserTool.name) return false;
  try {
    return readQuestion(args) !== undefined;
  } catch {
    return false;
  }
}

/** The result of a call that has no other. */
export const interrupted = { error_class: 'tool.interrupted', message: 'The call was cut off before the tool had ended.' };

const interruption = ({ call: { id, name } }: OpenCall): RunStep => ({
  type: 'tool.result',
  data: { tool_call_id: id, tool_name: name, error: interrupted, duration_ms: 0 },
});

const callStep = ({ call: { id, name }, args }: OpenCall): RunStep => ({
  type: 'tool.call',
  data: { tool_call_id: id, tool_name: name, arguments: args, args_hash: hashArguments(args) },
});

const addMicros = (dollars: string, micros: number) => String((Math.round(Number(dollars) * 1e6) + micros) / 1e6);
