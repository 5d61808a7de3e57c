import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { chat } from '../support/agent/vendor.ts';
import { listener } from '../support/app/listener.ts';

/** The last message of the user decides the answer, for example `deltas 1000`. */
type Behavior = (res: ServerResponse, amount: number) => Promise<void> | void;

/** Writes parts until there are none, or the client has left. Waits for the client to read. */
const stream = (res: ServerResponse, parts: Iterable<string>) => pipeline(Readable.from(parts), res).catch(() => undefined);

function* endless(part: string) {
  for (;;) yield part;
}

function* deltas(amount: number) {
  for (let at = 0; at < amount; at++) yield chat.text('x');
  yield chat.stop();
  yield chat.done;
}

function* calls(amount: number) {
  for (let at = 0; at < amount; at++) yield chat.call(at, { id: `call-${at}`, name: `unknown_${at}`, arguments: '{}' });
  yield chat.stop('tool_calls');
  yield chat.done;
}

const behaviors: Record<string, Behavior> = {
  endless: (res) => stream(res, endless(chat.text('x'.repeat(4_096)))),
  deltas: (res, amount) => stream(res, deltas(amount)),
  calls: (res, amount) => stream(res, calls(amount)),
  arguments: (res) =>
    stream(res, [
      chat.call(0, { id: 'call-0', name: 'unknown', arguments: '{"text":"' }),
      ...Array.from({ length: 10_000 }, () => chat.call(0, { arguments: 'x'.repeat(4_096) })),
    ]),
  line: (res) => stream(res, endless('x'.repeat(65_536))),
  silence: () => undefined,
};

/** A model server in the format of OpenAI, and a receiver of webhooks at `/hooks`, which calls `onDelivery`. */
export async function startModel(onDelivery: (body: unknown, res: ServerResponse) => void) {
  const server = createServer(
    listener(async (req, res) => {
      const body = (await json(req)) as { messages?: { role: string; content: string }[] };
      if (req.url?.startsWith('/hooks')) return onDelivery(body, res);
      const said = body.messages?.findLast(({ role }) => role === 'user')?.content ?? '';
      const [name = '', amount] = said.split(' ');
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const behavior = behaviors[name];
      if (behavior) return behavior(res, Number(amount));
      await stream(res, chat.answer('Answer to: ', said).steps as string[]);
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
