import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, onTestFinished } from 'vitest';
import { createMcp, type McpDeps } from '../../server/agent/mcp/mcp.ts';
import type { Tool } from '../../server/agent/tools/tool.ts';
import { openChannel } from '../../server/db/channel.ts';
import { changeChannel, createChanges } from '../../server/jobs/changes.ts';
import { createOutbound, type OutboundOptions } from '../../server/kernel/outbound.ts';
import { eventually } from './conversation.ts';
import { listener } from './listener.ts';
import { allCalls, type Script } from './mcpScripted.ts';
import { freePort } from './ports.ts';
import { type Person, testKeys, type World } from './world.ts';

/** After the test that asks for it, or after the file's last one when no test does. */
function whenDone(close: () => unknown) {
  try {
    onTestFinished(async () => void (await close()));
  } catch {
    afterAll(async () => void (await close()));
  }
}

type Options = Omit<Partial<McpDeps>, 'log'> & { outboundOptions?: Partial<OutboundOptions>; log?: string[] };

/** The tool servers as a worker has them, beside an installation without one; what is logged is added to `log`. */
export async function openMcp(world: World, { outboundOptions, log: lines, ...deps }: Options = {}) {
  const log = pino({ level: 'info' }, { write: (line: string) => void lines?.push(line) });
  const channel = openChannel(world.databaseUrl, [changeChannel], log);
  const changes = createChanges(world.database, channel, () => undefined);
  const up = new Promise<void>((resolve) => changes.onState((state) => state && resolve()));
  const outbound = createOutbound({ allowLoopbackHttp: true, trustFakeIp: false, ...outboundOptions });
  const mcp = createMcp({ config: world.config, keys: testKeys, database: world.database, outbound, changes, log: log as never, ...deps });
  await up;
  const close = async () => {
    await mcp.close();
    await channel.close();
    await outbound.close();
  };
  whenDone(close);
  return { ...mcp, changes };
}

type Config = { id: string; name: string };

/** Adds a tool server through the API. */
export async function addConfig({ call }: World, { token }: Person, fields: object): Promise<Config> {
  const answer = await call('POST', '/v1/mcp-configs', { token, body: fields });
  if (answer.status !== 201) throw new Error(`mcp config: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The fields of a scripted server that is a program. */
export const scripted = (name: string, script: Script = {}, more: object = {}) => ({
  name,
  transport: 'stdio',
  command: process.execPath,
  args: [fileURLToPath(new URL('./mcpScripted.ts', import.meta.url)), JSON.stringify({ tools: allCalls, ...script })],
  call_timeout_ms: 5_000,
  ...more,
});

/** Calls a tool, or says how it failed. */
export async function callTool(tools: readonly Tool[], name: string, args: object = {}, signal = AbortSignal.timeout(15_000)) {
  const tool = tools.find((each) => each.name === name);
  if (!tool) throw new Error(`no tool ${name} among ${tools.map((each) => each.name).join(', ')}`);
  const run = { id: '', account_id: '', thread_id: '', created_by_user_id: null, trace_id: '' };
  return tool.run(args as Record<string, unknown>, { run, callId: 'c1', signal, memory: new Map() });
}

/** Calls a tool and reads its first text, or says how it failed. */
export async function use(tools: readonly Tool[], name: string, args: object = {}, signal?: AbortSignal): Promise<string> {
  const { result } = await callTool(tools, name, args, signal);
  return (result.content as { text: string }[])[0]!.text;
}

/** A process by its number is still there. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A server of HTTP that does as it is told, for as long as the test, or the file, that starts it. */
export async function startHttp(handle: (req: IncomingMessage, res: ServerResponse, body: any) => unknown) {
  const requests: { method: string; url: string; headers: IncomingMessage['headers']; body: any }[] = [];
  const server = createServer(
    listener(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const body = text === '' ? undefined : JSON.parse(text);
      requests.push({ method: req.method!, url: req.url!, headers: req.headers, body });
      await handle(req, res, body);
    }),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  whenDone(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hangUp: () => server.closeAllConnections() };
}

/** The public server that shows everything the protocol has, over HTTP, for as long as the test that starts it. */
export async function startEverything(kind: 'sse' | 'streamableHttp'): Promise<string> {
  const port = await freePort();
  const child = spawn(process.execPath, [everything, kind], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' });
  whenDone(() => void child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}${kind === 'sse' ? '/sse' : '/mcp'}`;
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined;
  await eventually(answers, 'the server of everything', 15_000);
  return url;
}

const require = createRequire(import.meta.url);

/** The programs of the public servers. */
export const everything = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
export const filesystem = require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js');
