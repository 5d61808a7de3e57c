import { sql } from 'kysely';
import type { Cost, RunEvent, RunEventInput, RunEventType, Usage } from '../../../contract/events.ts';
import type { AnswerImage, RunState, UsageTotals } from '../../agent/loop/runLoop.ts';
import { askUserTool, parseQuestion } from '../../agent/tools/askUser.ts';
import { loadedToolNames, loadToolsName } from '../../agent/tools/availableTools.ts';
import { toolMessage } from '../../agent/tools/executeCalls.ts';
import { isRepeatable } from '../../agent/tools/subagentTools.ts';
import { hashArguments } from '../../agent/tools/validateCalls.ts';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { usdOfMicros } from '../../models/cost.ts';
import type { ModelMessage, ToolCall } from '../../models/model.ts';
import { addUsage } from '../../models/usage.ts';

export type StoredEvent = { [T in RunEventType]: Pick<Extract<RunEvent, { type: T }>, 'seq' | 'type' | 'data'> }[RunEventType];
type Stored<T extends RunEventType> = Extract<StoredEvent, { type: T }>;

const replayedTypes = [
  'message.image',
  'llm.turn.completed',
  'tool.call',
  'tool.result',
  'run.route.selected',
  'run.input_requested',
  'run.waiting_for_input',
  'run.input_provided',
  'run.resumed',
  'run.steering_injected',
  'run.llm.retry',
  'run.context_compact',
  'run.recovered',
] as const;
/** The types of which the messages of turns consist. */
export const turnTypes = [
  'llm.turn.completed',
  'tool.result',
  'run.input_requested',
  'run.waiting_for_input',
  'run.input_provided',
  'run.resumed',
  'run.steering_injected',
] as const satisfies readonly RunEventType[];
const literals = (types: readonly RunEventType[]) => types.map((type) => sql.lit(type));

/** Deltas count only after the last finished turn or failed attempt. */
const selectReplayedEvents = statement<{ runId: string }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('run_events')
    .select(['seq', 'type', 'data'])
    .where('run_id', '=', $.runId)
    .where((eb) =>
      eb.or([
        eb('type', 'in', literals(replayedTypes)),
        eb.and([
          eb('type', 'in', literals(['message.delta', 'tool.call.delta'])),
          eb(
            'seq',
            '>',
            eb.fn.coalesce(
              eb
                .selectFrom('run_events')
                .select(({ fn }) => fn.max('seq').as('seq'))
                .where('run_id', '=', $.runId)
                .where('type', 'in', literals(['llm.turn.completed', 'run.llm.retry', 'run.recovered'])),
              sql<number>`0`,
            ),
          ),
        ]),
      ]),
    )
    .orderBy('seq')
    // The event type determines the shape of its data.
    .$castTo<StoredEvent>(),
);

const selectOpaque = statement<{ runId: string }>({ bound: 'run' })((db, $) =>
  db.selectFrom('run_turns').select(['turn_index', 'opaque']).where('run_id', '=', $.runId),
);

/** A run as replayed from the events of its earlier attempts. */
export type ReplayedRun = RunState & {
  /** The question of an MCP server that is still open, although its call was cut off. */
  openElicitation: string | undefined;
  /** Events to write for calls that were started but have no result and must not be executed again, because of side effects. */
  missingSteps: RunEventInput[];
  usageTotals: UsageTotals;
  /** Output of the model call that has no end: text, thinking and tool calls. */
  partialOutput: string;
  /** The first event after the last finished turn. */
  resumeSeq: number;
  /** Images of the model call that has no end. */
  partialImages: AnswerImage[];
  /** Whether the event of the route is stored. */
  isRouted: boolean;
};

/** Replays the events of a run. Throws if they cannot be read. */
export async function replayRun(connection: Queryable, runId: string): Promise<ReplayedRun> {
  const events = await connection.rows(selectReplayedEvents, { runId });
  const opaque = events.some(({ type }) => type === 'llm.turn.completed') ? await connection.rows(selectOpaque, { runId }) : [];
  const reader = createReplay(new Map(opaque.map((turn) => [turn.turn_index, turn.opaque])));
  for (const event of events) reader.take(event);
  return reader.finish();
}

/** The messages of completed turns: those without calls whose result is missing, and without the answer. */
export function turnsOf(events: readonly StoredEvent[]): ModelMessage[] {
  const reader = createReplay(new Map());
  for (const event of events) reader.take(event);
  return reader.completedTurns();
}

type OpenCall = { call: ToolCall; args: Record<string, unknown>; isAnnounced: boolean };
type UserRequest = { id: string; iter: number | undefined; expiresAt?: string; answer?: string };

function createReplay(opaque: ReadonlyMap<number, unknown>) {
  const replayed: ReplayedRun = {
    history: [],
    turns: 0,
    answer: undefined,
    pending: undefined,
    unfinished: [],
    lastCheckInTurn: 0,
    loadedTools: [],
    images: [],
    partialImages: [],
    openElicitation: undefined,
    missingSteps: [],
    usageTotals: { usage: undefined, cost: '0' },
    partialOutput: '',
    resumeSeq: 2,
    isRouted: false,
  };
  const open = new Map<string, OpenCall>();
  let request: UserRequest | undefined;

  function takeTurn({ data }: Stored<'llm.turn.completed'>) {
    const { assistant_message: message } = data;
    replayed.images.push(...replayed.partialImages);
    replayed.partialImages = [];
    // An answer followed by another turn was not the final one.
    if (replayed.answer) replayed.history.push({ role: 'assistant', content: replayed.answer.text });
    const text = message.content.map((part) => part.text ?? '').join('');
    const calls = message.tool_calls?.map((call) => ({
      id: call.tool_call_id,
      name: call.tool_name,
      arguments: JSON.stringify(call.arguments),
    }));
    replayed.turns = data.turn_index;
    replayed.answer = calls?.length ? undefined : { llmCallId: data.llm_call_id ?? '', text, message };
    if (!calls?.length) return;
    replayed.history.push({ role: 'assistant', content: text, tool_calls: calls, ...withOpaque(opaque.get(data.turn_index)) });
    open.clear();
    request = undefined;
    calls.forEach((call, at) => {
      open.set(call.id, { call, args: message.tool_calls![at]!.arguments, isAnnounced: false });
    });
  }

  function receive(text: string) {
    replayed.partialOutput += text;
  }

  function addSpent({ usage, cost }: { usage?: Usage | undefined; cost?: Cost | undefined }) {
    const { usage: earlier, cost: dollars } = replayed.usageTotals;
    replayed.usageTotals = {
      usage: addUsage(earlier, usage),
      cost: usdOfMicros(cost?.amount_micros ?? 0)
        .plus(dollars)
        .toString(),
    };
  }

  function takeResult({ data }: Stored<'tool.result'>) {
    const { tool_call_id: id, tool_name: name, result, error } = data;
    open.delete(id);
    if (name === askUserTool.name) request = undefined;
    if (name === loadToolsName) replayed.loadedTools.push(...loadedToolNames(result));
    replayed.history.push(toolMessage(id, name, { ...(result && { result }), ...(error && { error }) }));
  }

  function takeResumed({ data }: Stored<'run.resumed'>) {
    if (request?.id !== data.request_id || request.iter === undefined) return;
    replayed.lastCheckInTurn = request.iter;
    if (data.reason === 'user_input_received') say(request.answer ?? '');
    request = undefined;
  }

  /** User input after an answer means that the answer was not the final one. */
  function say(content: string) {
    if (replayed.answer) replayed.history.push({ role: 'assistant', content: replayed.answer.text });
    replayed.answer = undefined;
    replayed.history.push({ role: 'user', content });
  }

  return {
    take(event: StoredEvent) {
      if (event.type === 'message.delta') return receive(event.data.content);
      if (event.type === 'tool.call.delta') return receive((event.data.tool_name ?? '') + event.data.arguments_delta);
      if (event.type === 'message.image') return void (event.data.attachment && replayed.partialImages.push(event.data.attachment));
      if (isOfModelCall(event)) addSpent(event.data);
      if (event.type === 'run.llm.retry' || event.type === 'run.recovered') replayed.partialImages = [];
      // Other `run.*` events do not count: the API can append them in the middle of an answer.
      if (!event.type.startsWith('run.') || event.type === 'run.route.selected' || event.type === 'run.steering_injected')
        replayed.resumeSeq = event.seq + 1;
      if (event.type === 'run.route.selected') replayed.isRouted = true;
      else if (event.type === 'llm.turn.completed') takeTurn(event);
      else if (event.type === 'tool.call') markAnnounced(open.get(event.data.tool_call_id));
      else if (event.type === 'tool.result') takeResult(event);
      else if (event.type === 'run.steering_injected') say(event.data.content);
      else if (event.type === 'run.input_requested' && event.data.mcp_server) replayed.openElicitation = event.data.request_id;
      else if (event.type === 'run.resumed' && event.data.request_id === replayed.openElicitation) replayed.openElicitation = undefined;
      else if (event.type === 'run.input_requested') request = { id: event.data.request_id, iter: event.data.iter };
      else if (event.type === 'run.waiting_for_input' && request) request.expiresAt = event.data.expires_at;
      else if (event.type === 'run.input_provided' && request && event.data.request_id === request.id) request.answer = event.data.content;
      else if (event.type === 'run.resumed') takeResumed(event);
    },
    completedTurns(): ModelMessage[] {
      const { history } = replayed;
      return open.size === 0
        ? history
        : history.slice(
            0,
            history.findLastIndex(({ role }) => role === 'assistant'),
          );
    },
    finish(): ReplayedRun {
      const asked = [...open.values()].find(isQuestion);
      const times = { requestId: request?.id, expiresAt: request?.expiresAt };
      if (asked) replayed.pending = { ...times, reason: 'ask_user', call: asked.call };
      else if (request?.iter !== undefined) replayed.pending = { ...times, reason: 'check_in' };
      replayed.unfinished = [...open.values()].filter(({ call }) => isRepeatable(call.name)).map(({ call }) => call);
      const ended = [...open.values()].filter((call) => call !== asked && !isRepeatable(call.call.name));
      replayed.missingSteps = [...[...open.values()].filter(({ isAnnounced }) => !isAnnounced).map(callStep), ...ended.map(interruption)];
      for (const { call } of ended) replayed.history.push(toolMessage(call.id, call.name, { error: interruptedError }));
      return replayed;
    },
  };
}

/** The events that report the usage of model calls. Each call is reported by exactly one of them. */
const callTypes = ['llm.turn.completed', 'run.llm.retry', 'run.context_compact', 'run.route.selected', 'run.recovered'] as const;
const isOfModelCall = (event: StoredEvent): event is Stored<(typeof callTypes)[number]> =>
  (callTypes as readonly string[]).includes(event.type);

const markAnnounced = (call: OpenCall | undefined) => {
  if (call) call.isAnnounced = true;
};

const withOpaque = (opaque: unknown): Pick<Extract<ModelMessage, { role: 'assistant' }>, 'opaque'> =>
  opaque === undefined ? {} : { opaque };

function isQuestion({ call, args }: OpenCall): boolean {
  if (call.name !== askUserTool.name) return false;
  try {
    return parseQuestion(args) !== undefined;
  } catch {
    return false;
  }
}

/** The error of a call without a result. */
export const interruptedError = { error_class: 'tool.interrupted', message: 'The call was cut off before the tool had ended.' };

const interruption = ({ call: { id, name } }: OpenCall): RunEventInput => ({
  type: 'tool.result',
  data: { tool_call_id: id, tool_name: name, error: interruptedError, duration_ms: 0 },
});

const callStep = ({ call: { id, name }, args }: OpenCall): RunEventInput => ({
  type: 'tool.call',
  data: { tool_call_id: id, tool_name: name, arguments: args, args_hash: hashArguments(args) },
});
