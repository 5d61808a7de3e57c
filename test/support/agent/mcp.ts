import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, onTestFinished } from 'vitest';
import { createMcp, type McpDeps } from '../../../server/agent/mcp/mcp.ts';
import type { Tool } from '../../../server/agent/tools/tool.ts';
import { createOutboundClient, type OutboundOptions } from '../../../server/platform/outbound/outbound.ts';
import { createCacheInvalidation, invalidationChannel } from '../../../server/pubsub/cacheInvalidation.ts';
import { openPostgresChannel } from '../../../server/pubsub/postgresChannel.ts';
import { listener } from '../app/listener.ts';
import { freePort } from '../app/ports.ts';
import { type Person, type TestApp, testKeys } from '../app/testApp.ts';
import { eventually } from '../resources/conversation.ts';
import { allCalls, type Script } from './mcpScripted.ts';

/** Runs `close` after the current test, or after the file if no test is running. */
function whenDone(close: () => unknown) {
  try {
    onTestFinished(async () => void (await close()));
  } catch {
    afterAll(async () => void (await close()));
  }
}

type Options = Omit<Partial<McpDeps>, 'log'> & { outboundOptions?: Partial<OutboundOptions>; log?: string[] };

/** The MCP tool servers of a worker, for a test app without a worker. Log lines are added to `log`. */
export async function openMcp(app: TestApp, { outboundOptions, log: lines, ...deps }: Options = {}) {
  const log = pino({ level: 'info' }, { write: (line: string) => void lines?.push(line) });
  const channel = openPostgresChannel({ url: app.databaseUrl, database: app.database, topics: [invalidationChannel], log });
  const changes = createCacheInvalidation(channel, () => undefined);
  const up = new Promise<void>((resolve) => changes.onConnectionChange((state) => state && resolve()));
  const outbound = createOutboundClient({ allowLoopbackHttp: true, trustFakeIp: false, ...outboundOptions });
  const mcp = createMcp({ config: app.config, keys: testKeys, database: app.database, outbound, changes, log: log as never, ...deps });
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

export async function addMcpConfig({ call }: TestApp, { token }: Person, fields: object): Promise<Config> {
  const answer = await call('POST', '/v1/mcp-configs', { token, body: fields });
  if (answer.status !== 201) throw new Error(`mcp config: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The config of a stdio server that runs `mcpScripted.ts`. */
export const scriptedServer = (name: string, script: Script = {}, more: object = {}) => ({
  name,
  transport: 'stdio',
  command: process.execPath,
  args: [fileURLToPath(new URL('./mcpScripted.ts', import.meta.url)), JSON.stringify({ tools: allCalls, ...script })],
  call_timeout_ms: 30_000,
  ...more,
});

/** Throws if there is no such tool. */
export async function callTool(tools: readonly Tool[], name: string, args: object = {}, signal = AbortSignal.timeout(60_000)) {
  const tool = tools.find((each) => each.name === name);
  if (!tool) throw new Error(`no tool ${name} among ${tools.map((each) => each.name).join(', ')}`);
  const run = { id: '', account_id: '', thread_id: '', created_by_user_id: null, trace_id: '' };
  return tool.run(args as Record<string, unknown>, { run, callId: 'c1', signal, memory: new Map() });
}

/** Calls a tool and returns the first text of its result. */
export async function callToolText(tools: readonly Tool[], name: string, args: object = {}, signal?: AbortSignal): Promise<string> {
  const { result } = await callTool(tools, name, args, signal);
  return (result.content as { text: string }[])[0]!.text;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * An HTTP server that records requests and answers with `handle`. Closed after the current test, or after the file if no test is running.
 */
export async function startHttpServer(handle: (req: IncomingMessage, res: ServerResponse, body: any) => unknown) {
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

/** Starts the reference server `server-everything` over HTTP and returns its URL. Killed when the test ends. */
export async function startEverything(kind: 'sse' | 'streamableHttp'): Promise<string> {
  const port = await freePort();
  const child = spawn(process.execPath, [everything, kind], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' });
  whenDone(() => void child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}${kind === 'sse' ? '/sse' : '/mcp'}`;
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined;
  await eventually(answers, 'the server of everything');
  return url;
}

const require = createRequire(import.meta.url);

/** Entry points of the reference servers. */
export const everything = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
export const filesystem = require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js');
