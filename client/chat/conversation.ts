import { printable } from '../../contract/shared/text.ts';
import type { Client, PendingQuestion, RunEvent } from '../index.ts';
import { jsonPrinter, type Output, textPrinter } from './printer.ts';

export type Conversation = {
  /** Sends a message, prints the answer, and resolves to true if the run completed. */
  ask(text: string): Promise<boolean>;
  /** The first call cancels the run; a second call stops waiting for it. */
  interrupt(): void;
  /** Undefined until the first message is sent. */
  readonly threadId: string | undefined;
};

export type ConversationOptions = {
  client: Client;
  output: Output;
  json: boolean;
  model: string | undefined;
  threadId: string | undefined;
  /** Printed once if the stub model answered. */
  stubHint: string;
  /** Reads the user's answer to a question of the agent; undefined if standard input is not a terminal. */
  reply: ((question: string, signal: AbortSignal) => Promise<string>) | undefined;
};

type Answer = { stop: AbortController; runId: string | undefined; lastSeq: number; cancelling: boolean };

/** Without a `threadId`, the first message creates the thread. */
export function openConversation({ client, output, json, model, threadId, stubHint, reply }: ConversationOptions): Conversation {
  let thread = threadId;
  let present: Answer | undefined;
  let hinted = false;

  const threadOf = async (signal: AbortSignal) => {
    thread ??= (await client.threads.create({}, { signal })).id;
    return { thread_id: thread };
  };
  /** Not awaited by the event loop: the agent may stop waiting before the user has typed an answer. */
  const replyTo = ({ request_id, message = '' }: PendingQuestion, run_id: string, asking: AbortController) => {
    reply?.(printable(message), asking.signal)
      .then(async (content) => {
        if (content.trim()) await client.runs.input({ params: { run_id }, body: { content, request_id } });
      })
      .catch((error: unknown) => {
        if (!asking.signal.aborted) output.note(printable(error instanceof Error ? error.message : String(error)));
      });
  };

  const follow = async (text: string, answer: Answer) => {
    const { signal } = answer.stop;
    const printer = (json ? jsonPrinter : textPrinter)(output);
    const params = await threadOf(signal);
    await client.messages.create({ params, body: { content: text } }, { signal });
    const { run_id } = await client.runs.create({ params, body: { model } }, { signal });
    answer.runId = run_id;
    let last: RunEvent['type'] | undefined;
    let asking = new AbortController();
    try {
      for await (const event of client.runs.stream(run_id, { signal })) {
        answer.lastSeq = event.seq;
        last = event.type;
        printer.show(event);
        if (event.type === 'run.resumed') asking.abort();
        if (event.type !== 'run.waiting_for_input') continue;
        asking = new AbortController();
        replyTo(event.data, run_id, asking);
      }
    } finally {
      asking.abort();
    }
    if (printer.stub && !hinted) output.note(stubHint);
    hinted ||= printer.stub;
    return last === 'run.completed';
  };

  return {
    get threadId() {
      return thread;
    },
    async ask(text) {
      const answer: Answer = { stop: new AbortController(), runId: undefined, lastSeq: 0, cancelling: false };
      present = answer;
      try {
        return await follow(text, answer);
      } catch (error) {
        if (error !== answer.stop.signal.reason) throw error;
        output.note('(stopped)');
        return false;
      } finally {
        present = undefined;
      }
    },
    interrupt() {
      if (!present) return;
      const { stop, runId, lastSeq, cancelling } = present;
      if (runId === undefined || cancelling) return stop.abort(new Error('stopped'));
      present.cancelling = true;
      client.runs.cancel({ params: { run_id: runId }, body: { last_seen_seq: lastSeq } }).catch((error: unknown) => stop.abort(error));
    },
  };
}
