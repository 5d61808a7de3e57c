import type { RunEvent, ToolCallDeltaEvent, ToolCallEvent, ToolDeniedEvent, ToolResultEvent } from '../generated/types.ts';
import { createDeltaText, type DeltaText, type RunPart, type TextPart, type ToolCallPart } from './parts.ts';

export type Transcript = { add(event: RunEvent): void; parts(): readonly RunPart[] };

type Call = Omit<ToolCallPart, 'type' | 'key' | 'argumentsText' | 'startedAt' | 'endedAt'>;

/** A part under construction. `shown` caches its public form until it changes. `index` is the position of a tool call in its turn. */
type Building = {
  readonly key: number;
  readonly startedAt: string;
  endedAt: string;
  readonly growing: DeltaText;
  shown?: RunPart | undefined;
} & ({ readonly type: TextPart['type'] } | { readonly type: 'tool'; readonly index: number | undefined; call: Call });
type BuildingCall = Extract<Building, { type: 'tool' }>;

const noCall: Call = {
  callId: undefined,
  name: undefined,
  state: 'preparing',
  arguments: undefined,
  result: undefined,
  error: undefined,
  durationMs: undefined,
};

export function openTranscript(): Transcript {
  let parts: Building[] = [];

  const begin = <Part extends Building>(part: Part): Part => {
    parts.push(part);
    return part;
  };
  const startOf = ({ seq, created_at }: RunEvent) => ({
    key: seq,
    startedAt: created_at,
    endedAt: created_at,
    growing: createDeltaText(),
  });
  const beginText = (event: RunEvent, type: TextPart['type']) => begin<Building>({ ...startOf(event), type });
  const beginCall = (event: RunEvent, index?: number) => begin<BuildingCall>({ ...startOf(event), type: 'tool', index, call: noCall });
  const callWhere = (is: (call: Call, index: number | undefined) => boolean) =>
    parts.find((part): part is BuildingCall => part.type === 'tool' && is(part.call, part.index));

  const touch = (part: Building, { created_at }: RunEvent) => {
    part.endedAt = created_at;
    part.shown = undefined;
  };
  const say = (event: RunEvent, type: TextPart['type'], text: string) => {
    const last = parts.at(-1);
    const part = last?.type === type && type !== 'input' ? last : beginText(event, type);
    part.growing.add(event.seq, text);
    touch(part, event);
  };
  const change = (event: RunEvent, part: BuildingCall | undefined, changes: Partial<Call>) => {
    if (!part) return;
    part.call = { ...part.call, ...changes };
    touch(part, event);
  };

  const prepare = (event: ToolCallDeltaEvent) => {
    const { seq, data } = event;
    const { tool_call_index: at, tool_call_id: callId, tool_name: name } = data;
    const part = callWhere(({ state }, index) => state === 'preparing' && index === at) ?? beginCall(event, at);
    change(event, part, { ...(callId && { callId }), ...(name && { name }) });
    part.growing.add(seq, data.arguments_delta);
  };
  /** Calls are executed in the order in which the model wrote them. The server replaces unusable call ids. */
  const run = (event: ToolCallEvent) => {
    const { data } = event;
    const part =
      callWhere(({ state, callId }) => state === 'preparing' && callId === data.tool_call_id) ??
      callWhere(({ state }) => state === 'preparing') ??
      beginCall(event);
    change(event, part, { state: 'running', callId: data.tool_call_id, name: data.tool_name, arguments: data.arguments });
  };
  const settle = (event: ToolResultEvent | ToolDeniedEvent, changes: Partial<Call>) =>
    change(
      event,
      callWhere(({ callId }) => callId === event.data.tool_call_id),
      changes,
    );
  /** Discards text, thinking and calls that have not been executed. User input and executed calls stay. */
  const discard = (from: number) => {
    const canBeVoid = (part: Building) => (part.type === 'tool' ? part.call.state === 'preparing' : part.type !== 'input');
    for (const part of parts.filter(canBeVoid)) {
      part.growing.discardFrom(from);
      part.shown = undefined;
    }
    parts = parts.filter((part) => part.key < from || !canBeVoid(part));
  };

  return {
    add(event) {
      switch (event.type) {
        case 'message.delta':
          return say(event, event.data.channel ?? 'text', event.data.content);
        case 'tool.call.delta':
          return prepare(event);
        case 'tool.call':
          return run(event);
        case 'tool.progress': {
          const { tool_call_id: id, progress, total, message } = event.data;
          const running = callWhere(({ callId, state }) => callId === id && state === 'running');
          return change(event, running, { progress: { progress, total, message } });
        }
        case 'tool.denied':
          return settle(event, { state: 'denied' });
        case 'tool.result':
          return settle(event, resultOf(event, callWhere(({ callId }) => callId === event.data.tool_call_id)?.call.state));
        case 'run.input_provided':
          // The question of an MCP server can be declined without a word.
          if (event.data.content === '') return;
          return say(event, 'input', event.data.content);
        case 'run.steering_injected':
          return say(event, 'input', event.data.content);
        case 'run.llm.retry':
        case 'run.recovered':
          if (event.data.discard_from_seq !== undefined) discard(event.data.discard_from_seq);
      }
    },
    parts: () =>
      parts.map((part) => {
        part.shown ??= show(part);
        return part.shown;
      }),
  };
}

/** A denied call also has a result, with the reason; its state stays `denied`. */
const resultOf = ({ data: { result, error, duration_ms } }: ToolResultEvent, before: Call['state'] | undefined): Partial<Call> => ({
  state: before === 'denied' ? 'denied' : error ? 'failed' : 'done',
  result,
  error,
  durationMs: duration_ms,
  progress: undefined,
});

function show({ key, startedAt, endedAt, growing, ...part }: Building): RunPart {
  const common = { key, startedAt, endedAt };
  return part.type === 'tool'
    ? { type: 'tool', ...common, ...part.call, argumentsText: growing.text }
    : { type: part.type, ...common, text: growing.text };
}
