import type {
  Cost,
  RunError,
  RunEvent,
  RunLlmRetryEvent,
  RunStatus,
  RunWaitingForInputEvent,
  TodoUpdatedEvent,
  Usage,
} from '../generated/types.ts';
import type { RunPart, ToolCallPart } from './parts.ts';
import { openTranscript } from './transcript.ts';

export type PendingQuestion = Omit<RunWaitingForInputEvent['data'], 'trace_id'>;

/** One entry of the agent's todo list. */
export type Todo = TodoUpdatedEvent['data']['todos'][number];

/** A model call that failed, for example because of a rate limit, and is repeated. */
export type PendingRetry = Pick<
  RunLlmRetryEvent['data'],
  'attempt' | 'max_attempts' | 'delay_ms' | 'error_class' | 'message' | 'details'
> & {
  /** Time of the next attempt, in milliseconds since 1970. */
  readonly at: number;
};

/** The state of a run, derived from its events. */
export type RunView = {
  /** `idle` without a run. */
  readonly status: RunStatus | 'idle';
  /** Whether the run has ended: no more events will follow. */
  readonly ended: boolean;
  /** In order of their first event. */
  readonly parts: readonly RunPart[];
  /** All text parts, concatenated. */
  readonly text: string;
  readonly toolCalls: readonly ToolCallPart[];
  /** Set while the run waits for the user. */
  readonly question: PendingQuestion | undefined;
  /** Set while the run waits to repeat a failed model call. */
  readonly retry: PendingRetry | undefined;
  readonly todos: readonly Todo[];
  /** Undefined until a model is selected. */
  readonly model: string | undefined;
  /** ID of the provider of the model. */
  readonly providerId: string | undefined;
  /** Usage of the whole run; undefined until it ends. */
  readonly usage: Usage | undefined;
  readonly cost: Cost | undefined;
  /** Set if the run failed. */
  readonly failure: (RunError & { readonly resumable: boolean; readonly trace_id: string }) | undefined;
  /** The stored message with the answer, complete or incomplete. */
  readonly messageId: string | undefined;
  /** The incomplete message that this run continues. `text` and `parts` contain only the new text. */
  readonly continuesMessageId: string | undefined;
  /** `seq` of the last event. */
  readonly lastSeq: number;
};

export type RunViewer = { add(event: RunEvent): void; view(): RunView };

type RunState = Omit<RunView, 'parts' | 'text' | 'toolCalls'>;

const initialState: RunState = {
  status: 'idle',
  ended: false,
  question: undefined,
  retry: undefined,
  todos: [],
  model: undefined,
  providerId: undefined,
  usage: undefined,
  cost: undefined,
  failure: undefined,
  messageId: undefined,
  continuesMessageId: undefined,
  lastSeq: 0,
};

export const idleView: RunView = { ...initialState, parts: [], text: '', toolCalls: [] };

/** Builds the state of one run. `add` takes constant time; `view` is linear in the number of parts. */
export function openRunViewer(): RunViewer {
  const transcript = openTranscript();
  let facts: RunState = { ...initialState, status: 'running' };
  return {
    add(event) {
      transcript.add(event);
      facts = { ...facts, ...changesBy(event), lastSeq: event.seq };
    },
    view() {
      const parts = transcript.parts();
      return {
        ...facts,
        parts,
        text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
        toolCalls: parts.filter((part) => part.type === 'tool'),
      };
    },
  };
}

function changesBy(event: RunEvent): Partial<RunState> | undefined {
  switch (event.type) {
    case 'run.started':
      return { continuesMessageId: event.data.continues_message_id };
    case 'run.route.selected':
      return { model: event.data.model, providerId: event.data.credential_id };
    case 'run.waiting_for_input':
      return { status: 'waiting_for_input', question: event.data };
    case 'run.llm.retry':
      return { retry: { ...event.data, at: Date.parse(event.created_at) + event.data.delay_ms } };
    case 'message.delta':
    case 'tool.call.delta':
    case 'llm.turn.completed':
    case 'run.provider_fallback':
    case 'run.recovered':
      return { retry: undefined };
    case 'run.resumed':
      return { status: 'running', question: undefined };
    case 'run.cancel_requested':
      return { status: 'cancelling', question: undefined };
    case 'todo.updated':
      return { todos: event.data.todos };
    case 'run.completed':
      return { status: 'completed', ...endedBy(event) };
    case 'run.failed':
      return { status: 'failed', failure: event.data, ...endedBy(event) };
    case 'run.cancelled':
      return { status: 'cancelled', ...endedBy(event) };
  }
}

type EndData = { usage?: Usage | undefined; cost?: Cost | undefined; message_id?: string | undefined };

const endedBy = ({ data: { usage, cost, message_id: messageId } }: { data: EndData }) => ({
  ended: true,
  question: undefined,
  retry: undefined,
  messageId,
  usage,
  cost,
});
