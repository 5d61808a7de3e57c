import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listener } from '../../support/app/listener.ts';

// A model server that answers one word in the chat format. The model `counted` reports 3,000 tokens; any other model reports so few that they are free.

const counted = { prompt_tokens: 2_000, completion_tokens: 1_000, total_tokens: 3_000 };
const free = { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 };

const chunk = (rest: object) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...rest })}\n\n`;

const word = chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: 'Yes.' }, finish_reason: null }] });
const stop = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
const usageOf = (model: string) => chunk({ choices: [], usage: model === 'counted' ? counted : free });
const done = 'data: [DONE]\n\n';

async function serveAnswers() {
  const server = createServer(
    listener(async (req, res) => {
      const { model } = JSON.parse((await req.setEncoding('utf8').toArray()).join('')) as { model: string };
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end(word + stop + usageOf(model) + done);
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.stdout.write(`API: http://127.0.0.1:${(server.address() as AddressInfo).port}\nis ready\n`);
}

if (import.meta.main) await serveAnswers();
