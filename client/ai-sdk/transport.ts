import type { ChatTransport, UIMessageChunk } from 'ai';
import { type PendingSend, prepareSend } from '../conversation/send.ts';
import type { NewRun } from '../generated/types.ts';
import { ApiError, type Client } from '../index.ts';
import { type Chunk, createChunkWriter } from './chunks.ts';
import { type ArkloopMessage, textOf, toNewMessage } from './messages.ts';

export type ArkloopChatTransportOptions = {
  client: Client;
  /** Options of every run. The `body` of `sendMessage` and `regenerate` overrides them. */
  run?: NewRun | undefined;
  /** Called when the first message of a chat has created its thread. A chat whose id is the id of a thread continues that thread. */
  onThread?: ((threadId: string, chatId: string) => void) | undefined;
};

type SendOptions = Parameters<ChatTransport<ArkloopMessage>['sendMessages']>[0];
type ReconnectOptions = Parameters<ChatTransport<ArkloopMessage>['reconnectToStream']>[0];

/** `serverRequest`: the `request_id` of a question that an MCP server has asked last. */
type ActiveRun = { readonly id: string; lastSeq: number; isWaiting: boolean; serverRequest?: string | undefined; answers: number };

type Chat = {
  threadId: string | undefined;
  run: ActiveRun | undefined;
  /** Settles when a run that was stopped has ended: until then the thread is busy. */
  stopping: Promise<void> | undefined;
  /** Messages that were not answered yet, by their id in the chat. */
  readonly sends: Map<string, PendingSend>;
  /** Ids of stored messages, by their id in the chat. */
  readonly stored: Map<string, string>;
  reconnects: number;
};

type Followed = { run: ActiveRun; messageId: string; answer?: string | undefined; replay?: boolean; signal: AbortSignal | undefined };

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** How long a page may take to load, in milliseconds. */
const recentMs = 15_000;
/** How long a send waits for the end of a run that was stopped, in milliseconds. */
const maxStopMs = 15_000;

/**
 * A transport for `useChat` and `Chat` of the AI SDK: `useChat({ id: threadId, transport, resume: true })`. Its requests reject with an `ApiError` or
 * a `ConnectionError`, which are the `error` of the chat. Aborting a stream cancels the run.
 */
export class ArkloopChatTransport implements ChatTransport<ArkloopMessage> {
  /** A reconnected stream begins with the first event of the run. */
  readonly resumeStreamIsReplay = true;
  readonly #options: ArkloopChatTransportOptions;
  readonly #chats = new Map<string, Chat>();

  constructor(options: ArkloopChatTransportOptions) {
    this.#options = options;
  }

  /** The thread of a chat; undefined until its first message has created one. */
  threadOf(chatId: string): string | undefined {
    return this.#chatOf(chatId).threadId;
  }

  /** Cancels the run of a chat, also one that waits for an answer. Resolves when it has ended. */
  async stop(chatId: string): Promise<void> {
    const chat = this.#chatOf(chatId);
    if (chat.run) this.#cancel(chat, chat.run);
    await chat.stopping;
  }

  /** Sends the last message, an edited one (`messageId`), or the answer to a question, or answers the last message again. */
  async sendMessages({ trigger, chatId, messageId, messages, abortSignal, body }: SendOptions): Promise<ReadableStream<UIMessageChunk>> {
    const chat = this.#chatOf(chatId);
    const last = messages.at(-1);
    if (last?.role !== 'user') throw new Error('The last message is not one of the user. Tools are executed by the server.');
    await chat.stopping;
    if (trigger === 'submit-message' && messageId === undefined && chat.run?.isWaiting) {
      const answered = await this.#answer(chat, chat.run, textOf(last));
      if (answered) return this.#follow(chat, { ...answered, signal: abortSignal });
    }
    const runId =
      messageId === undefined || trigger === 'regenerate-message'
        ? await this.#start(chat, chatId, last, trigger, { ...this.#options.run, ...body })
        : await this.#edit(chat, last, { ...this.#options.run, ...body });
    chat.run = { id: runId, lastSeq: 0, isWaiting: false, answers: 0 };
    return this.#follow(chat, { run: chat.run, messageId: runId, signal: abortSignal });
  }

  /**
   * Streams the active run of the thread from its first event, or a run whose answer was stored a moment ago, perhaps after the messages of the chat
   * were read. Resolves to null if there is none.
   */
  async reconnectToStream({ chatId, abortSignal }: ReconnectOptions): Promise<ReadableStream<UIMessageChunk> | null> {
    const chat = this.#chatOf(chatId);
    const attempt = ++chat.reconnects;
    if (chat.threadId === undefined) return null;
    const { active_run_id: active } = await this.#options.client.threads.get({ params: { thread_id: chat.threadId } });
    const id = active ?? (await this.#recentlyAnswered(chat.threadId));
    if (id === undefined || attempt !== chat.reconnects || abortSignal?.aborted) return null;
    chat.run = { id, lastSeq: 0, isWaiting: false, answers: 0 };
    return this.#follow(chat, { run: chat.run, messageId: id, replay: true, signal: abortSignal });
  }

  async #recentlyAnswered(thread_id: string): Promise<string | undefined> {
    const { data, headers } = await this.#options.client.messages.list({ params: { thread_id }, query: { limit: 1 } }).withResponse();
    const [newest] = data;
    if (newest?.role !== 'assistant') return undefined;
    // The clock of the server; a page of another origin cannot read it.
    const now = Date.parse(headers.get('date') ?? '') || Date.now();
    return now - Date.parse(newest.created_at) < recentMs ? newest.run_id : undefined;
  }

  #chatOf(chatId: string): Chat {
    const known = this.#chats.get(chatId);
    if (known) return known;
    const threadId = uuid.test(chatId) ? chatId : undefined;
    const chat: Chat = { threadId, run: undefined, stopping: undefined, sends: new Map(), stored: new Map(), reconnects: 0 };
    this.#chats.set(chatId, chat);
    return chat;
  }

  /** Starts a run for the last message. A message that was not answered because of an error is not stored a second time. */
  async #start(chat: Chat, chatId: string, last: ArkloopMessage, trigger: SendOptions['trigger'], run: NewRun): Promise<string> {
    const { client, onThread } = this.#options;
    if (trigger === 'regenerate-message' && !chat.sends.has(last.id)) return this.#regenerate(chat, last, run);
    const pending = chat.sends.get(last.id) ?? prepareSend(client, chat.threadId, await toNewMessage(client, last));
    chat.sends.set(last.id, pending);
    try {
      const { runId, message } = await pending.attempt(run);
      chat.sends.delete(last.id);
      chat.stored.set(last.id, message.id);
      return runId;
    } finally {
      if (chat.threadId === undefined && pending.threadId !== undefined) {
        chat.threadId = pending.threadId;
        onThread?.(pending.threadId, chatId);
      }
    }
  }

  /** The server repeats the last message of the thread. An earlier one is repeated by editing it without a change. */
  async #regenerate(chat: Chat, last: ArkloopMessage, run: NewRun): Promise<string> {
    const { client } = this.#options;
    const thread_id = threadOf(chat);
    const newest = (await client.messages.list({ params: { thread_id } })).findLast(({ role }) => role === 'user');
    if (newest && newest.id !== (chat.stored.get(last.id) ?? last.id)) return this.#edit(chat, last, run);
    return (await client.runs.retry({ params: { thread_id }, body: run })).run_id;
  }

  async #edit(chat: Chat, message: ArkloopMessage, run: NewRun): Promise<string> {
    const { client } = this.#options;
    const params = { thread_id: threadOf(chat), message_id: chat.stored.get(message.id) ?? message.id };
    return (await client.runs.editMessage({ params, body: { ...(await toNewMessage(client, message)), ...run } })).run_id;
  }

  /**
   * Resolves to undefined if the run has ended meanwhile: then the text is an ordinary message. Text for a question of the agent that has closed
   * steers the run. An MCP server gets only the answer to its own question.
   */
  async #answer(chat: Chat, run: ActiveRun, content: string): Promise<Omit<Followed, 'signal'> | undefined> {
    try {
      await this.#options.client.runs.input({ params: { run_id: run.id }, body: { content, request_id: run.serverRequest } });
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'question_closed') run.isWaiting = false;
      if (!(error instanceof ApiError) || error.reason !== 'run_not_active') throw error;
      chat.run = undefined;
      return undefined;
    }
    run.isWaiting = false;
    run.answers += 1;
    return { run, messageId: `${run.id}:${run.answers}`, answer: content };
  }

  #follow(chat: Chat, followed: Followed): ReadableStream<UIMessageChunk> {
    const { run, signal, replay } = followed;
    const attempt = chat.reconnects;
    let isShown = false;
    const abort = () =>
      // A newer reconnect aborts the one before it. React's strict mode also leaves a reconnect at once. Neither stops the run.
      void Promise.resolve().then(() => {
        if (attempt === chat.reconnects && (isShown || !replay)) this.#cancel(chat, run);
      });
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const chunks = this.#read(chat, followed);
    return new ReadableStream<UIMessageChunk>({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (!done) {
          isShown = true;
          return controller.enqueue(value);
        }
        signal?.removeEventListener('abort', abort);
        controller.close();
      },
      async cancel() {
        await chunks.return();
      },
    });
  }

  /** Yields the chunks until the run ends or waits for the user. */
  async *#read(chat: Chat, { run, messageId, answer, replay, signal }: Followed): AsyncGenerator<Chunk, void, undefined> {
    const { client } = this.#options;
    const writer = createChunkWriter({ threadId: threadOf(chat), runId: run.id, messageId, answer });
    yield* writer.start();
    // Among stored events a question may have been answered already, so the question that counts is the one after which they end.
    for (const follow of replay ? [false, true] : [true]) {
      for await (const event of client.runs.stream(run.id, { afterSeq: run.lastSeq, follow, signal })) {
        run.lastSeq = event.seq;
        if (event.type === 'run.waiting_for_input') run.serverRequest = event.data.mcp_server && event.data.request_id;
        yield* writer.write(event);
        if (event.type === 'run.completed' || event.type === 'run.failed' || event.type === 'run.cancelled') {
          if (chat.run === run) chat.run = undefined;
          return;
        }
        if (writer.isWaiting && follow) break;
      }
      if (writer.isWaiting) {
        run.isWaiting = true;
        return yield* writer.pause();
      }
    }
  }

  #cancel(chat: Chat, run: ActiveRun): void {
    const { client } = this.#options;
    if (chat.run === run) chat.run = undefined;
    const stopping = (async () => {
      await client.runs.cancel({ params: { run_id: run.id }, body: { last_seen_seq: run.lastSeq } });
      for await (const _ of client.runs.stream(run.id, { afterSeq: run.lastSeq, signal: AbortSignal.timeout(maxStopMs) })) continue;
    })();
    chat.stopping = stopping
      // The next request reports what is wrong.
      .catch(() => undefined)
      .finally(() => {
        chat.stopping = undefined;
      });
  }
}

function threadOf({ threadId }: Chat): string {
  if (threadId === undefined) throw new Error('The chat has no thread yet.');
  return threadId;
}
