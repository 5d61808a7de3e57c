import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { chat, pause, type ScriptedResponse } from '../support/agent/vendor.ts';
import { listener } from '../support/app/listener.ts';
import type { Journal } from '../support/auditor/journal.ts';
import type { VendorMode } from './plan.ts';

type Message = { role: string; content: string };

/** The model, the tool server and the receiver of webhooks, and how each of them behaves. */
export type Upstream = {
  url: string;
  behave(part: 'vendor' | 'tools' | 'receiver', mode: VendorMode): void;
  close(): void;
};

/** Turns of a run before its answer. Each calls a tool. */
const toolTurns = 2;

/** Runs of a message that begins with it call no tools. */
export const probePrefix = 'probe';

const words = ['I ', 'look ', 'at ', 'this ', 'now. '];

/** The answer follows from the messages, because calls are repeated and arrive in no fixed order. */
function think(messages: readonly Message[]): ScriptedResponse {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const run = messages[asked]?.content ?? '';
  const step = messages.slice(asked).filter(({ role }) => role === 'assistant').length;
  const said = words.flatMap((word) => [chat.text(word), { wait: 10 }]);
  const usage = chat.usage({ prompt_tokens: 900, completion_tokens: 100, total_tokens: 1_000 });
  if (step >= toolTurns || run.startsWith(probePrefix)) return { steps: [...said, chat.stop(), usage, chat.done] };
  const call = { id: `call-${step}-${run}`, name: 'mcp__tools__count', arguments: JSON.stringify({ run, step }) };
  return { steps: [...said, chat.call(0, call), chat.stop('tool_calls'), usage, chat.done] };
}

/** Starts on a free port, outside of a test. */
export async function startUpstream(journal: Journal): Promise<Upstream> {
  const modes = { vendor: 'ok', tools: 'ok', receiver: 'ok' } as Record<'vendor' | 'tools' | 'receiver', VendorMode>;
  const hanging = new Map<ServerResponse, keyof typeof modes>();
  const server = createServer(
    listener(async (req, res) => {
      const body = await bodyOf(req);
      const part = req.url!.startsWith('/v1/') ? 'vendor' : req.url!.startsWith('/mcp') ? 'tools' : 'receiver';
      const mode = modes[part];
      res.on('close', () => hanging.delete(res));
      if (mode === 'hang') return void hanging.set(res, part);
      if (mode === '429' || mode === '500')
        return void res.writeHead(Number(mode), { 'retry-after': '0' }).end('{"error":{"message":"no"}}');
      if (mode === 'garbage')
        return void res.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"choices": [{"del\n\n<html>');
      if (mode === 'slow') await wait(400);
      if (part === 'vendor') return answer(res, think((body as { messages: Message[] }).messages), mode === 'cut');
      if (mode === 'cut') return void res.destroy();
      if (part === 'tools') return serveTools(journal, res, body as Call);
      journal.deliveries.add(String(req.headers['x-arkloop-delivery']));
      res.writeHead(200).end('ok');
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave(part, mode) {
      modes[part] = mode;
      for (const [res, of] of hanging) if (of === part) res.destroy();
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

async function answer(res: ServerResponse, { steps = [] }: ScriptedResponse, isCut: boolean) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const end = isCut ? Math.ceil(Math.random() * steps.length) : steps.length;
  for (const step of steps.slice(0, end)) {
    if (res.destroyed) return;
    if (typeof step === 'object' && 'wait' in step) await pause(step);
    else res.write(step);
  }
  if (isCut) res.destroy();
  else res.end();
}

type Call = { id?: number; method?: string; params?: { name: string; arguments?: { run?: string; step?: number } } };

const tool = { name: 'count', description: 'Counts', inputSchema: { type: 'object' }, annotations: { destructiveHint: true } };

function serveTools({ toolCalls }: Journal, res: ServerResponse, { id, method, params }: Call = {}) {
  const reply = (result: unknown) =>
    void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  if (method === 'initialize')
    return reply({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'tools', version: '1' } });
  if (method === 'tools/list') return reply({ tools: [tool] });
  if (method !== 'tools/call') return void res.writeHead(202).end();
  const subject = JSON.stringify(params?.arguments ?? {});
  toolCalls.set(subject, (toolCalls.get(subject) ?? 0) + 1);
  return reply({ content: [{ type: 'text', text: 'counted' }] });
}
