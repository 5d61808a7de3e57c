import type { Client, RunEvent } from '../index.ts';
import { jsonPrinter, type Output, textPrinter } from './printer.ts';

/** A thread to talk in. */
export type Conversation = {
  /** Asks, shows the answer, and tells whether the run completed. */
  ask(text: string): Promise<boolean>;
  /** Stops the present answer: the first time by cancelling the run, the second time by not waiting for it any longer. */
  interrupt(): void;
  /** Undefined until the first question. */
  readonly threadId: string | undefined;
};

/** What a conversation is made from. */
export type ConversationOptions = {
  client: Client;
  output: Output;
  json: boolean;
  model: string | undefined;
  threadId: string | undefined;
  /** How to add a provider, said once if the stub model answered. */
  stubHint: string;
  /** Answers a question of the agent; undefined where nobody can. */
  reply: ((question: string, signal: AbortSignal) => Promise<string>) | undefined;
};

type Answer = { stop: AbortController; runId: string | undefined; lastSeq: number; cancelling: boolean };

/** Opens a conversation; the thread is made with the first question, unless it goes on in one. */
export function openConversation({ client, output, json, model, threadId, stubHint, reply }: ConversationOptions): Conversation {
  let thread = threadId;
  let present: Answer | undefined;
  let hinted = false;

  const threadOf = async (signal: AbortSignal) => {
    thread ??= (await client.threads.create({}, { signal })).id;
    return { thread_id: thread };
  };
  /** Does not hold up the events: the agent may stop waiting before the person has typed. */
  const replyTo = (question: string, run_id: string, asking: AbortController) => {
    reply?.(question, asking.signal)
      .then(async (content) => {
        if (content.trim()) await client.runs.input({ params: { run_id }, body: { content } });
      })
      .catch((error: unknown) => {
        if (!asking.signal.aborted) output.note(error instanceof Error ? error.message : String(error));
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
        replyTo(event.data.message ?? '', run_id, asking);
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
