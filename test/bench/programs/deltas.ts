import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOpenAI } from '@ai-sdk/openai';
import { listener } from '../../support/app/listener.ts';

// Two programs, each started as a separate process: `source` streams an answer in the chat format, `reader` reads it with the bare SDK.

/** Deltas in an answer of the model `m`. */
export const deltaCount = 2_000;

/** Deltas in an answer of the models `long` and `paced`, and the number that `paced` writes per second. */
export const longCount = 6_667;
export const perSecond = 1_333;

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

function answer(count: number): Buffer[] {
  const pieces = Array.from({ length: count }, (_, n) => chunk({ content: `word${n} ` }));
  return [chunk({ role: 'assistant' }), ...pieces, chunk({}, 'stop'), 'data: [DONE]\n\n'].map((text) => Buffer.from(text));
}

async function listen(server: ReturnType<typeof createServer>) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.stdout.write(`API: http://127.0.0.1:${(server.address() as AddressInfo).port}\nis ready\n`);
}

/** Writes each delta separately, as fast as the reader accepts it. The model `paced` writes `perSecond` deltas per second. */
async function serveDeltas() {
  const short = answer(deltaCount);
  const long = answer(longCount);
  await listen(
    createServer(
      listener(async (req, res) => {
        const { model } = JSON.parse((await req.setEncoding('utf8').toArray()).join('')) as { model: string };
        res.socket?.setNoDelay(true);
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        await write(res, model === 'm' ? short : long, model === 'paced' ? perSecond : Number.POSITIVE_INFINITY);
        res.end();
      }),
    ),
  );
}

async function write(res: ServerResponse, pieces: readonly Buffer[], rate: number) {
  const began = performance.now();
  for (const [at, piece] of pieces.entries()) {
    while (at > ((performance.now() - began) / 1_000) * rate) await sleep(1);
    if (!res.write(piece)) await once(res, 'drain');
  }
}

/** `GET /?from=<base URL>` reads one answer and returns the duration in milliseconds. */
async function serveReader() {
  await listen(
    createServer(
      listener(async (req, res) => {
        const baseURL = new URL(req.url ?? '', 'http://localhost').searchParams.get('from') ?? '';
        const began = performance.now();
        const { stream } = await createOpenAI({ baseURL, apiKey: 'sk-bench' })
          .chat('m')
          .doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello!' }] }] });
        let pieces = 0;
        for await (const part of stream) if (part.type === 'text-delta') pieces++;
        res.end(JSON.stringify({ ms: performance.now() - began, pieces }));
      }),
    ),
  );
}

if (import.meta.main) await (process.argv[2] === 'source' ? serveDeltas() : serveReader());
