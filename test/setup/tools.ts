import { setTimeout as wait } from 'node:timers/promises';
import { addConfig, startHttp } from './mcp.ts';
import { chat, type Scripted } from './vendor.ts';
import type { Person, World } from './world.ts';

/** A call as a scripted model asks for it. */
export type Wanted = [name: string, args?: object | string, id?: string];

let ids = 0;

/** An answer that asks for tools. */
export function asks(...calls: Wanted[]): Scripted {
  const pieces = calls.map(([name, args = {}, id = `call-${++ids}`], at) =>
    chat.call(at, { id, name, arguments: typeof args === 'string' ? args : JSON.stringify(args) }),
  );
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  return { steps: [...pieces, chat.stop('tool_calls'), usage, chat.done] };
}

/** The message that asks a user one thing. */
export const question = (message = 'Which colour?') => ({ message, fields: [{ key: 'colour', type: 'string', required: true }] });

/** Calls of what may destroy something are made one after the other. */
const tool = (name: string) => ({
  name,
  description: `Does ${name}`,
  inputSchema: { type: 'object' },
  annotations: { destructiveHint: true },
});
/** What would break a log, a stream, a terminal or a column that takes it for its own. */
export const nasty = 'a\0b \u001b[2J\r\n\nid: 99\nevent: run.completed\ndata: {}\n\n\u2028\u2029 \ud800 </script> 👨‍👩‍👧 é שלום';

type Behaviour = (args: Record<string, unknown>) => Promise<string>;

const behaviours: Record<string, Behaviour> = {
  count: async () => 'counted',
  slow: async ({ ms = 300 }) => {
    await wait(Number(ms));
    return 'slept';
  },
  nasty: async () => nasty,
  large: async () => `begin ${'x'.repeat(2 ** 20)} end`,
  fail: async () => {
    throw new Error('The tool says no.');
  },
};

/** A tool server of a person's account that keeps every call it was given: what has side effects must not come twice. */
export async function addTools(world: World, person: Person) {
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const server = await startHttp(async (_req, res, body) => {
    const answer = (result: unknown) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result }));
    if (body?.method === 'initialize')
      return answer({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'tools', version: '1' } });
    if (body?.method === 'tools/list') return answer({ tools: Object.keys(behaviours).map(tool) });
    if (body?.method !== 'tools/call') return res.writeHead(202).end();
    const { name, arguments: args = {} } = body.params;
    calls.push({ name, args });
    const text = await behaviours[name]!(args).catch((error: Error) => error);
    return text instanceof Error
      ? answer({ content: [{ type: 'text', text: text.message }], isError: true })
      : answer({ content: [{ type: 'text', text }] });
  });
  await addConfig(world, person, { name: 'tools', transport: 'streamable_http', url: `${server.url}/mcp`, call_timeout_ms: 10_000 });
  return { calls, requests: server.requests, count: (name: string) => calls.filter((call) => call.name === name).length };
}
