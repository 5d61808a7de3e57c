import type { ModelMessage, ToolCall } from '../model.ts';
import type { Answer } from './turn.ts';

/** What the loop needs of the run it is part of, beside being listened to. Everything rejects when the run must not go on here. */
export type RunPort = {
  /** Resolves when everything told so far is stored. */
  stored(): Promise<void>;
  /** Input that nobody has taken up yet, the oldest first; it is taken up by telling `run.steering_injected` for each. */
  pendingInput(): Promise<string[]>;
  /** The time by the clock that deadlines are kept by, in milliseconds since 1970. */
  now(): Promise<number>;
  /** Wait for the answer to a request whose events were told; undefined when none came until `expiresAt`. */
  answerTo(requestId: string, expiresAt: string): Promise<string | undefined>;
  /** Keeps what a provider wants back unchanged within the loop. */
  keepOpaque(turn: number, opaque: unknown): Promise<void>;
  /** End the run with an answer. False when input came before it was final. */
  complete(answer: Answer, trail: readonly ModelMessage[]): Promise<boolean>;
};

/** A request to the user that is under way; without a deadline the wait has not begun. `requestId` is undefined when nothing was asked yet. */
export type Pending = { requestId: string | undefined; expiresAt: string | undefined } & (
  | { reason: 'ask_user'; call: ToolCall }
  | { reason: 'check_in' }
);

/** Where the log of an earlier attempt leaves a run. */
export type Resume = {
  /** What was said in the turns so far. */
  trail: ModelMessage[];
  /** How many turns there were. */
  turns: number;
  /** The last turn when it asked for no tool. */
  answer: Answer | undefined;
  /** A question to the user that has no answer yet. */
  pending: Pending | undefined;
  /** The turn after which the last check-in was made. */
  checkedIn: number;
  /** The tools that were loaded. */
  loaded: string[];
};
