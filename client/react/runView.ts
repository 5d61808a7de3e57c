import type { Cost, RunError, RunEvent, RunStatus, RunWaitingForInputEvent, TodoUpdatedEvent, Usage } from '../generated/types.ts';
import type { RunPart, ToolCallPart } from './parts.ts';
import { openTranscript } from './transcript.ts';

/** What the agent asks and waits for. */
export type PendingQuestion = Omit<RunWaitingForInputEvent['data'], 'trace_id'>;

/** One entry of the agent's list of things to do. */
export type Todo = TodoUpdatedEvent['data']['todos'][number];

/** What is known of a run from its events. */
export type RunView = {
  /** `idle` without a run. */
  readonly status: RunStatus | 'idle';
  /** Whether nothing will follow. */
  readonly ended: boolean;
  /** Everything to show, in order. */
  readonly parts: readonly RunPart[];
  /** The answer alone: all texts, one after the other. */
  readonly text: string;
  readonly toolCalls: readonly ToolCallPart[];
  /** The question the run waits with. */
  readonly question: PendingQuestion | undefined;
  readonly todos: readonly Todo[];
  /** The model that answers, once it is chosen. */
  readonly model: string | undefined;
  /** Of the whole run, at its end. */
  readonly usage: Usage | undefined;
  readonly cost: Cost | undefined;
  /** Why it failed. */
  readonly failure: (RunError & { readonly resumable: boolean; readonly trace_id: string }) | undefined;
  /** The message it became, complete or not. */
  readonly messageId: string | undefined;
  /** The incomplete message whose text it goes on with; `text` and `parts` hold only what is new. */
  readonly continuesMessageId: string | undefined;
  /** The number of the last event. */
  readonly lastSeq: number;
};

/** Takes events and gives views. */
export type RunViewer = { add(event: RunEvent): void; view(): RunView };

type Facts = Omit<RunView, 'parts' | 'text' | 'toolCalls'>;

const nothing: Facts = {
  status: 'idle',
  ended: false,
  question: undefined,
  todos: [],
  model: undefined,
  usage: undefined,
  cost: undefined,
  failure: undefined,
  messageId: undefined,
  continuesMessageId: undefined,
  lastSeq: 0,
};

/** What is shown without a run. */
export const idleView: RunView = { ...nothing, parts: [], text: '', toolCalls: [] };

/** A viewer of one run. Taking an event costs the same however long the run is; a view costs as much as it shows. */
export function openRunViewer(): RunViewer {
  const transcript = openTranscript();
  let facts: Facts = { ...nothing, status: 'running' };
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

function changesBy(event: RunEvent): Partial<Facts> | undefined {
  switch (event.type) {
    case 'run.started':
      return { continuesMessageId: event.data.continues_message_id };
    case 'run.route.selected':
      return { model: event.data.model };
    case 'run.waiting_for_input':
      return { status: 'waiting_for_input', question: event.data };
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
  messageId,
  usage,
  cost,
});
