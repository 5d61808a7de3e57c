import type { RunError } from '../generated/types.ts';

/** How far a tool call is: its arguments are being written, it runs, or it is over. */
export type ToolCallState = 'preparing' | 'running' | 'done' | 'failed' | 'denied';

/** A tool call of a run. */
export type ToolCallPart = {
  readonly type: 'tool';
  readonly key: number;
  readonly callId: string | undefined;
  readonly name: string | undefined;
  readonly state: ToolCallState;
  /** JSON as far as the model has written it. */
  readonly argumentsText: string;
  /** Once they are complete. */
  readonly arguments: Readonly<Record<string, unknown>> | undefined;
  readonly result: Readonly<Record<string, unknown>> | undefined;
  readonly error: RunError | undefined;
  readonly durationMs: number | undefined;
};

/** What the model said or thought, in one piece, or what a person said to the run while it ran. */
export type TextPart = { readonly type: 'text' | 'thinking' | 'input'; readonly key: number; readonly text: string };

/** A piece of what a run shows, in the order in which it came; `key` is the number of its first event. One that did not change stays the same object. */
export type RunPart = TextPart | ToolCallPart;

/** Text that grows, remembers which event brought what, and can lose its end. The engine joins the pieces only when the text is read. */
export type GrowingText = { add(seq: number, more: string): void; discardFrom(seq: number): void; readonly text: string };

/** An empty text. */
export function growingText(): GrowingText {
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
