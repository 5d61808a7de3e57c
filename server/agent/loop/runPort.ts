import type { AssistantMessage, InputAction, RunEventInput } from '../../../contract/events.ts';
import type { ModelMessage, ToolCall } from '../../models/model.ts';

type ImageData = Extract<RunEventInput, { type: 'message.image' }>['data'];

/** An image of the model that is stored. It becomes an attachment when the answer is stored. */
export type AnswerImage = NonNullable<ImageData['attachment']>;

/**
 * What the loop needs from its run, besides consuming its events. Every function rejects when the run must not continue
 * in this process.
 */
export type RunPort = {
  /** Resolves when all events yielded so far are stored. */
  flush(): Promise<void>;
  /** Input that was not taken up yet, oldest first. A `run.steering_injected` event for each marks it as taken up. */
  pendingInput(): Promise<string[]>;
  /** Milliseconds since 1970 by the clock that deadlines use (the database's). */
  now(): Promise<number>;
  /** Waits for the answer to a request that was already yielded as events. Undefined if none came before `expiresAt`, or before `withdrawn` is aborted. */
  waitForAnswer(requestId: string, expiresAt: string, withdrawn?: AbortSignal): Promise<UserReply | undefined>;
  /** Stores data that a provider wants back unchanged within the loop. */
  keepOpaque(turn: number, opaque: unknown): Promise<void>;
  /** Stores an image for the answer, or says why it cannot be stored. `data` is base64. */
  keepImage(image: { data: string }): Promise<Pick<ImageData, 'attachment' | 'error'>>;
};

/** Only the answer to the question of an MCP server has an action. */
export type UserReply = { content: string; action?: InputAction };

/** A turn that called no tool. */
export type TurnAnswer = { llmCallId: string; text: string; message: AssistantMessage };

/** An open request to the user. Without `expiresAt` the wait has not begun; `requestId` is undefined if nothing was asked yet. */
export type PendingRequest = { requestId: string | undefined; expiresAt: string | undefined } & (
  | { reason: 'ask_user'; call: ToolCall }
  | { reason: 'check_in' }
);

/** The state of a run between two turns. An attempt starts with the state replayed from the events of earlier ones; the loop updates it. */
export type RunState = {
  history: ModelMessage[];
  turns: number;
  /** The last turn, if it called no tool. */
  answer: TurnAnswer | undefined;
  pending: PendingRequest | undefined;
  /** Calls that a crash cut off, and that can be executed again. */
  unfinished: ToolCall[];
  /** The turn after which the last check-in was made. */
  lastCheckInTurn: number;
  loadedTools: string[];
  /** Of all turns, oldest first. */
  images: AnswerImage[];
};
