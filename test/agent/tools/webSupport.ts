import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect } from 'vitest';
import { type ToolContext, ToolFailure } from '../../../server/agent/tools/tool.ts';
import { createWebTools, type WebToolDeps } from '../../../server/agent/tools/web/webTools.ts';
import { createOutboundClient, type OutboundOptions } from '../../../server/platform/outbound/outbound.ts';
import { createCacheInvalidation, invalidationChannel } from '../../../server/pubsub/cacheInvalidation.ts';
import { openPostgresChannel } from '../../../server/pubsub/postgresChannel.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { listener } from '../../support/app/listener.ts';
import { type Person, type TestApp, testKeys } from '../../support/app/testApp.ts';

type SiteRequest = { method: string; path: string; headers: IncomingMessage['headers']; body: any };
type Page = (res: ServerResponse, visit: SiteRequest) => unknown;

/** A test web server with pages by path (without query), which records requests in `visits`. */
export async function startSite(pages: Record<string, Page> = {}) {
  const visits: SiteRequest[] = [];
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
  onFileFinished(async () => {
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

/** Web tools with their own invalidation channel, as in a separate worker process. */
export function useWebTools({ database, databaseUrl }: Pick<TestApp, 'database' | 'databaseUrl'>, options: Options = {}) {
  const { cacheSeconds = 60, outboundOptions, ...deps } = options;
  const log = pino({ level: 'silent' });
  const channel = openPostgresChannel({ url: databaseUrl, database, topics: [invalidationChannel], log });
  const changes = createCacheInvalidation(channel, () => {});
  const outbound = createOutboundClient({ allowLoopbackHttp: true, trustFakeIp: false, ...outboundOptions });
  const config = { toolProviderCacheTtlSeconds: cacheSeconds };
  const web = createWebTools({ config, keys: testKeys, database, outbound, changes, log, ...deps });
  onFileFinished(async () => {
    await channel.close();
    await outbound.close();
  });

  /** Calls a tool for a run of `account`, by default a new account. */
  async function call(name: string, args: Record<string, unknown>, more: Partial<ToolContext> & { account?: string } = {}): Promise<any> {
    const { account = randomUUID(), ...rest } = more;
    const run = { id: randomUUID(), account_id: account, thread_id: randomUUID(), created_by_user_id: null, trace_id: '0'.repeat(32) };
    const context = { run, callId: 'call', signal: new AbortController().signal, memory: new Map(), ...rest };
    const tool = (await web.tools(run)).find((each) => each.name === name)!;
    return (await tool.run(args, context as ToolContext)).result;
  }
  /** Returns the tool error. Rethrows any other error. */
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

export async function putProvider(
  { call }: Pick<TestApp, 'call'>,
  { token }: Person,
  provider: string,
  verb: string,
  scope: 'account' | 'platform',
  body?: unknown,
) {
  const path = `/v1/tool-providers/${provider.split('.')[0]}/${provider}/${verb}?scope=${scope}`;
  expect((await call('PUT', path, { token, body })).status).toBe(204);
}

/** Polls for up to 1 s, the time within which a change must reach other processes. */
export const eventuallyWithin1s = (check: () => Promise<void>) => expectWithin(1_000, () => check().then(() => true, String), true);
