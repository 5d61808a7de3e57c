import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOpenAI } from '@ai-sdk/openai';
import { listener } from '../setup/listener.ts';

// Two programs in one file, so that each has a process of its own: `source` streams an answer in the chat format, `reader` reads it with the bare SDK.

/** Pieces of one answer. */
export const deltaCount = 2_000;

/** Pieces of the answers of the models `long` and `paced`, and how many of them `paced` writes in a second. */
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

/** Every piece is a write of its own: as fast as the reader takes them, but for the model `paced`. */
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

/** `GET /?from=<base url>` reads one answer and says how many milliseconds it took. */
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
