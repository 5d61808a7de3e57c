import type { Message } from '../../contract/messages.ts';
import { provisionalTitle } from '../../contract/titles.ts';
import type { EngineBase } from './engine.ts';
import { resourceType } from './resourceTypes.ts';
import type { Row } from './state.ts';

const messageKind = resourceType('/v1/threads/{thread_id}/messages');

/** The visible messages of a thread, newest first. */
export const messagesOf = ({ state }: Pick<EngineBase, 'state'>, threadId: string): Row[] =>
  state.rows(messageKind, ({ parents }) => parents.thread_id === threadId);

/** Adds a message and moves the thread to the front of the lists. */
export function addMessage({ state, time }: Pick<EngineBase, 'state' | 'time'>, thread: Row, message: Message) {
  state.add(messageKind, { owner: thread.owner, parents: { thread_id: message.thread_id }, value: message });
  thread.value.updated_at = time();
  if (message.role === 'user') {
    thread.value.title ??= provisionalTitle(message);
    thread.value.archived_at = null;
  }
  state.touch(thread);
}

export const removeMessage = ({ state }: Pick<EngineBase, 'state'>, { id }: Message) =>
  state.remove(messageKind, ({ value }) => value.id === id);
