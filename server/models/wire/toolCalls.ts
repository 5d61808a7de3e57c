import { randomUUID } from 'node:crypto';
import type { ModelEvent, ToolCall } from '../model.ts';
import { type AnswerLimits, overheadBytes } from './answerLimits.ts';
import { createLongText, type LongText } from './longText.ts';
import type { ToolNames } from './toolNames.ts';

/** A part of a tool call. `key` identifies the call within one answer. */
export type ToolPiece = { key: string | number; id?: string; name?: string; arguments?: string };

type ToolDelta = Extract<ModelEvent, { type: 'tool_delta' }>;

/** Collects the tool calls of one answer. `takenIds` are ids of earlier answers: an id must be unique within a run. */
export function createToolCalls(names: ToolNames, takenIds: Iterable<string>, limits: AnswerLimits) {
  const taken = new Set(takenIds);
  const calls = new Map<string | number, { id: string; name: string; index: number; written: LongText }>();

  function begin(piece: ToolPiece) {
    limits.takeCall();
    limits.take(piece.id ?? '', overheadBytes);
    const wanted = piece.id?.trim();
    const id = wanted && !taken.has(wanted) ? wanted : `call_${randomUUID().replaceAll('-', '')}`;
    const call = { id, name: '', index: calls.size, written: createLongText() };
    taken.add(call.id);
    calls.set(piece.key, call);
    return call;
  }

  return {
    /** Adds a piece. Returns nothing if it adds no information. */
    take(piece: ToolPiece): ToolDelta[] {
      const known = calls.get(piece.key);
      const call = known ?? begin(piece);
      const named = call.name === '' && piece.name ? { tool_name: names.original(piece.name) } : {};
      if (named.tool_name) {
        limits.take(named.tool_name);
        call.name = named.tool_name;
      }
      const delta = piece.arguments ?? '';
      limits.take(delta);
      call.written.add(delta);
      if (known && delta === '' && !named.tool_name) return [];
      return [{ type: 'tool_delta', index: call.index, tool_call_id: call.id, ...named, arguments_delta: delta }];
    },
    /** The calls in the order they began. Empty arguments become `{}`. */
    all: (): ToolCall[] =>
      [...calls.values()].map(({ id, name, written }) => {
        const text = written.toString();
        return { id, name, arguments: text.trim() === '' ? '{}' : text };
      }),
  };
}
