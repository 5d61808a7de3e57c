import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, expect } from 'vitest';
import { type ToolContext, ToolFailure } from '../../server/agent/tools/tool.ts';
import { createWebTools, type WebToolDeps } from '../../server/agent/tools/web/webTools.ts';
import { openChannel } from '../../server/db/channel.ts';
import { changeChannel, createChanges } from '../../server/jobs/changes.ts';
import { createOutbound, type OutboundOptions } from '../../server/kernel/outbound.ts';
import { listener } from '../setup/listener.ts';
import { type Person, testKeys, type World } from '../setup/world.ts';

export type Visit = { method: string; path: string; headers: IncomingMessage['headers']; body: any };
type Page = (res: ServerResponse, visit: Visit) => unknown;

/** A web server of a test: pages by path without query, and who came. */
export async function startSite(pages: Record<string, Page> = {}) {
  const visits: Visit[] = [];
  const server = createServer(
    listener(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const visit = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, body: text && JSON.parse(text) };
      visits.push(visit);
      const page = pages[visit.path.split('?', 1)[0]!];
      if (page) return page(res, visit);
      res.writeHead(404).end('nothing here');
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${port}`, port, pages, visits };
}

export const json =
  (value: unknown): Page =>
  (res) =>
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
export const html =
  (text: string | Buffer, type = 'text/html; charset=utf-8'): Page =>
  (res) =>
    res.writeHead(200, { 'content-type': type }).end(text);
export const redirect =
  (location: string, status = 302): Page =>
  (res) =>
    res.writeHead(status, { location }).end('moved');
export const status =
  (code: number): Page =>
  (res) =>
    res.writeHead(code).end('sorry');

type Options = Partial<Omit<WebToolDeps, 'config'>> & { cacheSeconds?: number; outboundOptions?: Partial<OutboundOptions> };

/** The web tools of another process than the API's, hearing of changes as a worker does. */
export function useWebTools({ database, databaseUrl }: Pick<World, 'database' | 'databaseUrl'>, options: Options = {}) {
  const { cacheSeconds = 60, outboundOptions, ...deps } = options;
  const log = pino({ level: 'silent' });
  const channel = openChannel(databaseUrl, [changeChannel], log);
  const changes = createChanges(database, channel, () => {});
  const outbound = createOutbound({ allowLoopbackHttp: true, trustFakeIp: false, ...outboundOptions });
  const config = { toolProviderCacheTtlSeconds: cacheSeconds };
  const web = createWebTools({ config, keys: testKeys, database, outbound, changes, log, ...deps });
  afterAll(async () => {
    await channel.close();
    await outbound.close();
  });

  /** Calls a tool as a run of an account does. */
  async function call(name: string, args: Record<string, unknown>, more: Partial<ToolContext> & { account?: string } = {}): Promise<any> {
    const { account = randomUUID(), ...rest } = more;
    const run = { id: randomUUID(), account_id: account, thread_id: randomUUID(), created_by_user_id: null, trace_id: '0'.repeat(32) };
    const context = { run, callId: 'call', signal: new AbortController().signal, memory: new Map(), ...rest };
    const tool = (await web.tools(run)).find((each) => each.name === name)!;
    return (await tool.run(args, context as ToolContext)).result;
  }
  /** The error that the model is told. */
  async function failure(name: string, args: Record<string, unknown>, more: Parameters<typeof call>[2] = {}) {
    const error = await call(name, args, more).then(
      (result) => new Error(`no failure: ${JSON.stringify(result)}`),
      (thrown) => thrown,
    );
    if (!(error instanceof ToolFailure)) throw error;
    return { errorClass: error.errorClass, details: error.details, message: error.message };
  }
  return { web, call, failure };
}

/** Sets up a tool provider through the API. */
export async function putProvider(
  { call }: Pick<World, 'call'>,
  { token }: Person,
  provider: string,
  verb: string,
  scope: 'account' | 'platform',
  body?: unknown,
) {
  const path = `/v1/tool-providers/${provider.split('.')[0]}/${provider}/${verb}?scope=${scope}`;
  expect((await call('PUT', path, { token, body })).status).toBe(204);
}

/** Waits until another process has heard of a change: a second at most. */
export const soon = (check: () => Promise<void>) =>
  expect.poll(() => check().then(() => true, String), { timeout: 1_000, interval: 20 }).toBe(true);
