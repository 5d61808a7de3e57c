import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chat } from '../support/agent/vendor.ts';
import { listener } from '../support/app/listener.ts';

/**
 * A turn of a model: calls of tools, or an answer. In texts, `{{n.path}}` is a value of the result number `n` of the tool calls since the question, from
 * 0. A text that is nothing else has the value itself.
 */
export type Turn = [name: string, args?: object][] | string;

/** The turns of a model by the text of the user message that it answers. The input of a sub-agent is such a message too. */
export type Recording = Readonly<Record<string, readonly Turn[]>>;

export type RecordedModel = {
  /** The base URL of the provider. */
  url: string;
  close(): void;
};

type Options = {
  /** Called before turn number `turn` of a question. The response has begun; it continues when the promise resolves. */
  pause?(question: string, turn: number): Promise<unknown> | undefined;
};

type Message = { role: string; content: unknown; tool_call_id?: string };

/**
 * Starts a server in the chat format of OpenAI that plays a recording. The prompt alone decides the response, so repeated and concurrent requests
 * are answered alike. A turn with a call that a crash cut off is played again, as a model would repeat the call.
 */
export async function startRecordedModel(recording: Recording, { pause }: Options = {}): Promise<RecordedModel> {
  let ids = 0;
  const server = createServer(
    listener(async (req, res) => {
      if (req.url !== '/v1/chat/completions') return void res.writeHead(404).end();
      const { messages, tools = [] } = JSON.parse(await textOf(req)) as { messages: Message[]; tools?: unknown[] };
      const { question, turn, results } = positionIn(recording, messages);
      const next = fill(recording[question]?.[turn] ?? 'There is no recording of this.', results);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      if (typeof next === 'string') res.write(chat.text(next.slice(0, 1)));
      else res.write(chat.delta({ role: 'assistant', content: '' }));
      await pause?.(question, turn);
      if (typeof next === 'string') res.write(chat.text(next.slice(1)));
      else
        for (const [at, [name, args = {}]] of next.entries())
          res.write(chat.call(at, { id: `c${++ids}`, name, arguments: JSON.stringify(args) }));
      const [prompt, completion] = [tokensIn([messages, tools]), tokensIn(next)];
      const usage = chat.usage({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion });
      res.end(chat.stop(typeof next === 'string' ? 'stop' : 'tool_calls') + usage + chat.done);
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function textOf(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of req.setEncoding('utf8')) text += chunk;
  return text;
}

/** About as many as a tokenizer counts in English. */
const tokensIn = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4);

/** The newest message that the recording answers, the number of the next turn, and the results of the turns before it. */
function positionIn(recording: Recording, messages: readonly Message[]): { question: string; turn: number; results: unknown[] } {
  const at = messages.findLastIndex(
    ({ role, content }) => role === 'user' && typeof content === 'string' && Object.hasOwn(recording, content),
  );
  const turns: unknown[][] = [];
  const byCall = new Map<string | undefined, unknown>();
  for (const { role, content, tool_call_id: id } of messages.slice(at + 1)) {
    if (role === 'assistant') turns.push([]);
    if (role !== 'tool') continue;
    // A call that is repeated after a crash can have an equal result, which the prompt has once.
    const result = parsed(content) as { same_as?: string } | null;
    byCall.set(id, byCall.get(result?.same_as) ?? result);
    turns.at(-1)?.push(byCall.get(id));
  }
  const whole = turns.filter((results) => !results.some(isInterrupted));
  return { question: String(messages[at]?.content ?? ''), turn: whole.length, results: whole.flat() };
}

/** The result of a tool. A note about images that were left out follows in a line of its own. */
function parsed(content: unknown): unknown {
  try {
    return JSON.parse(String(content).split('\n', 1)[0]!);
  } catch {
    return content;
  }
}

const isInterrupted = (result: unknown) =>
  (result as { error?: { error_class?: string } } | null)?.error?.error_class === 'tool.interrupted';

const place = /\{\{([\w.]+)\}\}/g;

function fill<T>(value: T, results: readonly unknown[]): T {
  const find = (path: string) => path.split('.').reduce<any>((found, key) => found?.[key], results);
  const shown = (found: unknown) => (typeof found === 'string' ? found : (JSON.stringify(found) ?? '?'));
  const filled = (each: unknown): unknown => {
    if (typeof each === 'string') {
      const [whole, path] = /^\{\{([\w.]+)\}\}$/.exec(each) ?? [];
      return whole ? (find(path!) ?? '?') : each.replace(place, (_, at: string) => shown(find(at)));
    }
    if (Array.isArray(each)) return each.map(filled);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, filled(inner)]));
  };
  // Texts become texts or values, and all else keeps its form.
  return (typeof value === 'string' ? shown(filled(value)) : filled(value)) as T;
}
