import type { RunError, ToolProgressEvent } from '../generated/types.ts';

/** `preparing`: the model is still writing the arguments. */
export type ToolCallState = 'preparing' | 'running' | 'done' | 'failed' | 'denied';

/** When the first and the last event of a part were written (ISO 8601). */
type PartTimes = { readonly startedAt: string; readonly endedAt: string };

/** How far a call is. */
export type ToolProgress = Pick<ToolProgressEvent['data'], 'progress' | 'total' | 'message'>;

export type ToolCallPart = PartTimes & {
  readonly type: 'tool';
  readonly key: number;
  readonly callId: string | undefined;
  readonly name: string | undefined;
  readonly state: ToolCallState;
  /** The arguments as JSON text, possibly incomplete. */
  readonly argumentsText: string;
  /** Undefined until the arguments are complete. */
  readonly arguments: Readonly<Record<string, unknown>> | undefined;
  readonly result: Readonly<Record<string, unknown>> | undefined;
  readonly error: RunError | undefined;
  readonly durationMs: number | undefined;
  /** The newest progress of a running call, if its tool reports any. */
  readonly progress?: ToolProgress | undefined;
};

/** Text or thinking of the model, or user input sent during the run. */
export type TextPart = PartTimes & { readonly type: 'text' | 'thinking' | 'input'; readonly key: number; readonly text: string };

/** `key` is the `seq` of the part's first event. An unchanged part keeps its identity. */
export type RunPart = TextPart | ToolCallPart;

/** Text built from deltas, which can discard the deltas from a `seq` on. JavaScript engines concatenate lazily, when the text is read. */
export type DeltaText = { add(seq: number, more: string): void; discardFrom(seq: number): void; readonly text: string };

export function createDeltaText(): DeltaText {
  let text = '';
  const seqs: number[] = [];
  const starts: number[] = [];
  return {
    add(seq, more) {
      seqs.push(seq);
      starts.push(text.length);
      text += more;
    },
    discardFrom(seq) {
      const kept = seqs.findIndex((each) => each >= seq);
      if (kept < 0) return;
      text = text.slice(0, starts[kept]);
      seqs.length = kept;
      starts.length = kept;
    },
    get text() {
      return text;
    },
  };
}
