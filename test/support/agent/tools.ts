import { setTimeout as wait } from 'node:timers/promises';
import type { Person, TestApp } from '../app/testApp.ts';
import { addMcpConfig, startHttpServer } from './mcp.ts';
import { chat, type ScriptedResponse } from './vendor.ts';

/** A tool call of a scripted model. */
export type ToolCall = [name: string, args?: object | string, id?: string];

let ids = 0;

/** A model response that calls tools. */
export function callsTools(...calls: ToolCall[]): ScriptedResponse {
  const pieces = calls.map(([name, args = {}, id = `call-${++ids}`], at) =>
    chat.call(at, { id, name, arguments: typeof args === 'string' ? args : JSON.stringify(args) }),
  );
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  return { steps: [...pieces, chat.stop('tool_calls'), usage, chat.done] };
}

/** Arguments of `ask_user` with one field. */
export const askUserArgs = (message = 'Which colour?') => ({ message, fields: [{ key: 'colour', type: 'string', required: true }] });

/** Destructive tools are called sequentially. */
const tool = (name: string) => ({
  name,
  description: `Does ${name}`,
  inputSchema: { type: 'object' },
  annotations: { destructiveHint: true },
});
/** Text that breaks a log, an event stream, a terminal or a text column if it is not escaped. */
export const hostileText = 'a\0b \u001b[2J\r\n\nid: 99\nevent: run.completed\ndata: {}\n\n\u2028\u2029 \ud800 </script> 👨‍👩‍👧 é שלום';

type Behaviour = (args: Record<string, unknown>) => Promise<string>;

const behaviours: Record<string, Behaviour> = {
  count: async () => 'counted',
  slow: async ({ ms = 300 }) => {
    await wait(Number(ms));
    return 'slept';
  },
  nasty: async () => hostileText,
  large: async () => `begin ${'x'.repeat(2 ** 20)} end`,
  fail: async () => {
    throw new Error('The tool says no.');
  },
};

/** Adds a tool server that records every call, so that tests can detect repeated calls. With `slowUntil`, its tool `slow` waits for that. */
export async function addToolServer(app: TestApp, person: Person, slowUntil?: Promise<unknown>) {
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const server = await startHttpServer(async (_req, res, body) => {
    const answer = (result: unknown) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result }));
    if (body?.method === 'initialize')
      return answer({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'tools', version: '1' } });
    if (body?.method === 'tools/list') return answer({ tools: Object.keys(behaviours).map(tool) });
    if (body?.method !== 'tools/call') return res.writeHead(202).end();
    const { name, arguments: args = {} } = body.params;
    calls.push({ name, args });
    if (name === 'slow') await slowUntil;
    const text = await behaviours[name]!(args).catch((error: Error) => error);
    return text instanceof Error
      ? answer({ content: [{ type: 'text', text: text.message }], isError: true })
      : answer({ content: [{ type: 'text', text }] });
  });
  await addMcpConfig(app, person, { name: 'tools', transport: 'streamable_http', url: `${server.url}/mcp`, call_timeout_ms: 30_000 });
  return { calls, requests: server.requests, count: (name: string) => calls.filter((call) => call.name === name).length };
}
