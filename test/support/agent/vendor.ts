import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep, setImmediate as soon } from 'node:timers/promises';
import { listener } from '../app/listener.ts';

/**
 * One step of a scripted response: bytes, a pause, `cut` to break the connection, or `stall` to send nothing until the client disconnects.
 */
export type ResponseStep = string | Buffer | Pause | 'cut' | 'stall';

/**
 * A pause until a promise resolves; a function is called at this step. A number of milliseconds only spaces the bytes: what a test does meanwhile
 * may take longer on a busy machine.
 */
export type Pause = { wait: number | Promise<unknown> | (() => Promise<unknown>) };

/** A scripted vendor response. `everyByte` sends each byte as a separate chunk. */
export type ScriptedResponse = { status?: number; headers?: Record<string, string>; steps?: ResponseStep[]; everyByte?: boolean };

type RecordedRequest = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  at: number;
  closed: boolean;
};

/** In milliseconds. */
const maxSpacing = 50;

/** Throws if a step waits for longer than bytes are spaced. */
export function checkPauses({ steps = [] }: ScriptedResponse): void {
  for (const step of steps)
    if (typeof step === 'object' && 'wait' in step && typeof step.wait === 'number' && step.wait > maxSpacing)
      throw new Error(`A response waits for ${step.wait} ms. Above ${maxSpacing} ms, wait for what the test does meanwhile: a promise.`);
}

export async function pause({ wait }: Pause): Promise<void> {
  await (typeof wait === 'number' ? sleep(wait) : typeof wait === 'function' ? wait() : wait);
}

/** A fake model vendor over HTTP. Returns the scripted responses in order and records every request. */
export async function startVendor() {
  const requests: RecordedRequest[] = [];
  const scripted: { path: string | undefined; answer: ScriptedResponse }[] = [];
  const addResponses = (path: string | undefined, list: ScriptedResponse[]) => {
    list.forEach(checkPauses);
    scripted.push(...list.map((answer) => ({ path, answer })));
  };
  const server = createServer(
    listener(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      const source = Buffer.concat(chunks).toString();
      const path = req.url ?? '';
      const record = {
        method: req.method ?? '',
        path,
        headers: req.headers,
        body: source ? JSON.parse(source) : {},
        at: Date.now(),
        closed: false,
      };
      requests.push(record);
      res.on('close', () => {
        record.closed = true;
      });
      const next = scripted.findIndex((each) => each.path === undefined || each.path === path);
      const answer = next < 0 ? { status: 404, steps: ['<html>nothing here</html>'] } : scripted.splice(next, 1)[0]?.answer;
      await play(res, answer ?? {}).catch(() => res.destroy());
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    requests,
    /** Queues responses for any path. */
    respondWith: (...list: ScriptedResponse[]) => addResponses(undefined, list),
    /** Queues responses for one path. */
    respondAt: (path: string, ...list: ScriptedResponse[]) => addResponses(path, list),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Vendor = Awaited<ReturnType<typeof startVendor>>;

async function play(res: ServerResponse, { status = 200, headers, steps = [], everyByte = false }: ScriptedResponse) {
  res.socket?.setNoDelay(true);
  res.writeHead(status, { 'content-type': status === 200 ? 'text/event-stream' : 'application/json', ...headers });
  res.flushHeaders();
  for (const step of steps) {
    if (res.destroyed) return;
    if (step === 'cut') {
      // The bytes already written must be sent first.
      await sleep(20);
      return void res.destroy();
    }
    if (step === 'stall') return;
    if (typeof step === 'object' && 'wait' in step) await pause(step);
    else await write(res, Buffer.from(step), everyByte);
  }
  res.end();
}

async function write(res: ServerResponse, bytes: Buffer, everyByte: boolean) {
  if (!everyByte) return void res.write(bytes);
  for (const byte of bytes) {
    res.write(Buffer.from([byte]));
    await soon();
  }
}

type Json = Record<string, unknown>;
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: Json) => `event: ${value.type}\n${data(value)}`;
const failure = (status: number, error: Json, headers?: Record<string, string>): ScriptedResponse => ({
  status,
  steps: [JSON.stringify({ error })],
  ...(headers && { headers }),
});

/** The stream format of `POST /chat/completions`. */
export const chat = {
  delta: (delta: Json) =>
    data({ id: 'c1', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, finish_reason: null }] }),
  text: (content: string) => chat.delta({ content }),
  call: (index: number, call: { id?: string; name?: string; arguments?: string }) =>
    chat.delta({
      tool_calls: [
        {
          index,
          ...(call.id !== undefined && { id: call.id }),
          type: 'function',
          function: { name: call.name, arguments: call.arguments },
        },
      ],
    }),
  stop: (reason = 'stop') => data({ id: 'c1', choices: [{ index: 0, delta: {}, finish_reason: reason }] }),
  usage: (usage: Json) => data({ id: 'c1', choices: [], usage }),
  done: 'data: [DONE]\n\n',
  answer: (...texts: string[]): ScriptedResponse => ({
    steps: [
      chat.delta({ role: 'assistant', content: '' }),
      ...texts.map(chat.text),
      chat.stop(),
      chat.usage({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, prompt_tokens_details: { cached_tokens: 3 } }),
      chat.done,
    ],
  }),
  failure,
};

/** The stream format of `POST /responses`. */
export const responses = {
  event: named,
  created: named({ type: 'response.created', response: { id: 'r1', created_at: 1, model: 'm', status: 'in_progress' } }),
  text: (delta: string, output_index = 0) =>
    named({ type: 'response.output_text.delta', item_id: `msg_${output_index}`, output_index, delta }),
  call: (output_index: number, call_id: string, name: string) =>
    named({
      type: 'response.output_item.added',
      output_index,
      item: { type: 'function_call', id: `fc_${output_index}`, call_id, name, arguments: '' },
    }),
  argument: (output_index: number, delta: string) =>
    named({ type: 'response.function_call_arguments.delta', item_id: `fc_${output_index}`, output_index, delta }),
  callDone: (output_index: number, call_id: string, name: string, args: string) =>
    named({
      type: 'response.output_item.done',
      output_index,
      item: { type: 'function_call', id: `fc_${output_index}`, call_id, name, arguments: args },
    }),
  completed: (response: Json = {}) =>
    named({
      type: 'response.completed',
      response: {
        id: 'r1',
        status: 'completed',
        usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18, input_tokens_details: { cached_tokens: 3 } },
        ...response,
      },
    }),
  answer: (...texts: string[]): ScriptedResponse => ({
    steps: [responses.created, ...texts.map((each) => responses.text(each)), responses.completed()],
  }),
  failure,
};

/** The stream format of `POST /v1/messages`. */
export const messages = {
  event: named,
  start: named({
    type: 'message_start',
    message: {
      id: 'm1',
      role: 'assistant',
      usage: { input_tokens: 20, output_tokens: 1, cache_creation_input_tokens: 5, cache_read_input_tokens: 40 },
    },
  }),
  block: (index: number, content_block: Json) => named({ type: 'content_block_start', index, content_block }),
  delta: (index: number, delta: Json) => named({ type: 'content_block_delta', index, delta }),
  blockStop: (index: number) => named({ type: 'content_block_stop', index }),
  stop: named({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }) + named({ type: 'message_stop' }),
  text: (index: number, ...texts: string[]) =>
    [
      messages.block(index, { type: 'text', text: '' }),
      ...texts.map((text) => messages.delta(index, { type: 'text_delta', text })),
      messages.blockStop(index),
    ].join(''),
  thinking: (index: number, thinking: string, signature: string) =>
    [
      messages.block(index, { type: 'thinking', thinking: '', signature: '' }),
      messages.delta(index, { type: 'thinking_delta', thinking }),
      messages.delta(index, { type: 'signature_delta', signature }),
      messages.blockStop(index),
    ].join(''),
  answer: (...texts: string[]): ScriptedResponse => ({
    steps: [messages.start, named({ type: 'ping' }), messages.text(0, ...texts), messages.stop],
  }),
  error: (type: string, message = 'said the vendor') => named({ type: 'error', error: { type, message } }),
  failure: (status: number, type: string, headers?: Record<string, string>): ScriptedResponse => ({
    status,
    steps: [JSON.stringify({ type: 'error', error: { type, message: `vendor says ${type}` } })],
    ...(headers && { headers }),
  }),
};

const geminiUsage = {
  promptTokenCount: 11,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 2,
  totalTokenCount: 18,
  cachedContentTokenCount: 3,
};

/** The stream format of `POST /v1beta/models/{model}:streamGenerateContent?alt=sse`. */
export const gemini = {
  event: data,
  parts: (...parts: Json[]): string => gemini.candidate({ content: { parts, role: 'model' } }),
  candidate: (candidate: Json, rest: Json = {}) =>
    data({ candidates: [{ index: 0, ...candidate }], modelVersion: 'm', responseId: 'r1', ...rest }),
  text: (text: string) => gemini.parts({ text }),
  thought: (text: string) => gemini.parts({ text, thought: true }),
  call: (name: string, args: Json, rest: Json = {}) => gemini.parts({ functionCall: { name, args }, ...rest }),
  stop: (finishReason = 'STOP') =>
    gemini.candidate({ content: { parts: [{ text: '' }], role: 'model' }, finishReason }, { usageMetadata: geminiUsage }),
  answer: (...texts: string[]): ScriptedResponse => ({ steps: [...texts.map(gemini.text), gemini.stop()] }),
  /** An error of the API: `facts` are its `details`. */
  failure: (code: number, status: string, message = `vendor says ${status}`, facts: Json[] = []): ScriptedResponse =>
    failure(code, { code, message, status, ...(facts.length > 0 && { details: facts }) }),
};
