import type { ThreadMessageLike } from '@assistant-ui/react';
import type { Conversation, ConversationMessage, RunPart, UsedRun } from '../react/index.ts';

type Part = Exclude<ThreadMessageLike['content'], string>[number];
type Status = NonNullable<ThreadMessageLike['status']>;

const endings: Record<ConversationMessage['completion'], Status> = {
  complete: { type: 'complete', reason: 'stop' },
  stopped: { type: 'incomplete', reason: 'cancelled' },
  failed: { type: 'incomplete', reason: 'error' },
};

/** A stored message, or the user's message that is being sent. `metadata.custom` contains its `state`, and its `id` as `messageId`. */
export const toThreadMessage = ({ id, role, content, run_id, completion, created_at, state }: ConversationMessage): ThreadMessageLike => ({
  // An answer has the id of its run, because the run exists before the message.
  id: run_id ?? id,
  role,
  content: [{ type: 'text', text: content }],
  createdAt: new Date(created_at),
  ...(role === 'assistant' && { status: endings[completion] }),
  metadata: { custom: { state, messageId: id } },
});

/** The answer that is being written, or the error of a run without an answer. */
export function answerOf({ answer, run, runId }: Pick<Conversation, 'answer' | 'run' | 'runId'>): ThreadMessageLike | undefined {
  if (runId === undefined) return undefined;
  if (answer) return { id: runId, role: 'assistant', content: contentOf(answer), status: statusOf(answer) };
  return run.failure && run.messageId === undefined ? { id: runId, role: 'assistant', content: [], status: statusOf(run) } : undefined;
}

/** The parts of a run. The agent's question is also a part, `data-question`. */
export function contentOf({ parts, question }: Pick<UsedRun, 'parts' | 'question'>): Part[] {
  const content = parts.map(toPart);
  if (question?.message) content.push({ type: 'text', text: question.message });
  return question ? [...content, { type: 'data-question', data: question }] : content;
}

function toPart(part: RunPart): Part {
  if (part.type !== 'tool') {
    if (part.type === 'input') return { type: 'data-input', data: { content: part.text } };
    return { type: part.type === 'text' ? 'text' : 'reasoning', text: part.text };
  }
  const isOver = part.state !== 'preparing' && part.state !== 'running';
  return {
    type: 'tool-call',
    toolCallId: part.callId ?? String(part.key),
    toolName: part.name ?? '',
    argsText: part.argumentsText || JSON.stringify(part.arguments ?? {}),
    ...(isOver && { result: part.error ?? part.result ?? {}, isError: part.state !== 'done' }),
  };
}

function statusOf(run: UsedRun): Status {
  if (run.status === 'completed') return endings.complete;
  if (run.status === 'cancelled') return endings.stopped;
  if (run.failure) return { type: 'incomplete', reason: 'error', error: run.failure.message };
  return { type: 'running' };
}
