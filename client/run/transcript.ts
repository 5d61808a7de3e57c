import type { RunEvent, ToolCallDeltaEvent, ToolCallEvent, ToolDeniedEvent, ToolResultEvent } from '../generated/types.ts';
import { createDeltaText, type DeltaText, type RunPart, type TextPart, type ToolCallPart } from './parts.ts';

export type Transcript = { add(event: RunEvent): void; parts(): readonly RunPart[] };

type Call = Omit<ToolCallPart, 'type' | 'key' | 'argumentsText'>;

/** A part under construction. `shown` caches its public form until it changes. `index` is the position of a tool call in its turn. */
type Building = { readonly key: number; readonly growing: DeltaText; shown?: RunPart | undefined } & (
  | { readonly type: TextPart['type'] }
  | { readonly type: 'tool'; readonly index: number | undefined; call: Call }
);
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
  const beginText = (key: number, type: TextPart['type']) => begin<Building>({ type, key, growing: createDeltaText() });
  const beginCall = (key: number, index?: number) =>
    begin<BuildingCall>({ type: 'tool', key, index, growing: createDeltaText(), call: noCall });
  const callWhere = (is: (call: Call, index: number | undefined) => boolean) =>
    parts.find((part): part is BuildingCall => part.type === 'tool' && is(part.call, part.index));

  const say = (seq: number, type: TextPart['type'], text: string) => {
    const last = parts.at(-1);
    const part = last?.type === type && type !== 'input' ? last : beginText(seq, type);
    part.growing.add(seq, text);
    part.shown = undefined;
  };
  const change = (part: BuildingCall | undefined, changes: Partial<Call>) => {
    if (!part) return;
    part.call = { ...part.call, ...changes };
    part.shown = undefined;
  };

  const prepare = ({ seq, data }: ToolCallDeltaEvent) => {
    const { tool_call_index: at, tool_call_id: callId, tool_name: name } = data;
    const part = callWhere(({ state }, index) => state === 'preparing' && index === at) ?? beginCall(seq, at);
    change(part, { ...(callId && { callId }), ...(name && { name }) });
    part.growing.add(seq, data.arguments_delta);
  };
  /** Calls are executed in the order in which the model wrote them. The server replaces unusable call ids. */
  const run = ({ seq, data }: ToolCallEvent) => {
    const part =
      callWhere(({ state, callId }) => state === 'preparing' && callId === data.tool_call_id) ??
      callWhere(({ state }) => state === 'preparing') ??
      beginCall(seq);
    change(part, { state: 'running', callId: data.tool_call_id, name: data.tool_name, arguments: data.arguments });
  };
  const settle = ({ data }: ToolResultEvent | ToolDeniedEvent, changes: Partial<Call>) =>
    change(
      callWhere(({ callId }) => callId === data.tool_call_id),
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
          return say(event.seq, event.data.channel ?? 'text', event.data.content);
        case 'tool.call.delta':
          return prepare(event);
        case 'tool.call':
          return run(event);
        case 'tool.denied':
          return settle(event, { state: 'denied' });
        case 'tool.result':
          return settle(event, resultOf(event, callWhere(({ callId }) => callId === event.data.tool_call_id)?.call.state));
        case 'run.input_provided':
        case 'run.steering_injected':
          return say(event.seq, 'input', event.data.content);
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
});

const show = (part: Building): RunPart =>
  part.type === 'tool'
    ? { type: 'tool', key: part.key, ...part.call, argumentsText: part.growing.text }
    : { type: part.type, key: part.key, text: part.growing.text };
