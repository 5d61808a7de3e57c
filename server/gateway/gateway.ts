import { createServer, type IncomingMessage, Agent as PlainAgent, type Server, type ServerResponse } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../kernel/config.ts';
import type { Log } from '../kernel/log.ts';
import { codeOf } from '../kernel/operatorError.ts';
import { answerJson, refuse, refuseSocket } from './answers.ts';
import { forward, type Upstream } from './forward.ts';
import { newTraceId, traceOf } from './headers.ts';
import { answerReadiness } from './readiness.ts';

/** A running gateway: its base URL, and a shutdown that finishes running requests. */
export type Gateway = { address: string; shutDown(): Promise<void> };

type GatewayConfig = Pick<Config, 'gatewayAddr' | 'gatewayUpstream' | 'gatewayUpstreamTimeoutMs' | 'gatewayTrustIncomingTraceId'>;

/** How long running requests may take to finish at shutdown, in milliseconds. */
const drainMs = 10_000;

/** Start the reverse proxy in front of the API; the API may come and go. */
export async function startGateway({ config, log }: { config: GatewayConfig; log: Log }): Promise<Gateway> {
  const url = new URL(config.gatewayUpstream ?? 'http://127.0.0.1:19001');
  const agent = new (url.protocol === 'https:' ? SecureAgent : PlainAgent)({ keepAlive: true, maxFreeSockets: 64 });
  const upstream: Upstream = { url, agent, timeoutMs: config.gatewayUpstreamTimeoutMs };
  let ending = false;

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const traceId = traceOf(request, config.gatewayTrustIncomingTraceId);
    const [pathname] = (request.url ?? '').split('?');
    response.once('close', () => ending && setImmediate(() => server.closeIdleConnections()));
    if (ending) response.setHeader('connection', 'close');
    if (pathname === '/healthz') return answerHealth(request, response);
    if (pathname === '/readyz') return answerReadiness(upstream, ending, request, response);
    if (!request.url?.startsWith('/')) return refuse(response, 'invalid', traceId);
    forward(upstream, request, response, traceId);
  };
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 5_000, requestTimeout: 120_000, keepAliveTimeout: 65_000 }, handle);
  server.on('clientError', (error, socket) => {
    const code = codeOf(error);
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return void socket.end('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n');
    refuseSocket(socket, code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'invalid', newTraceId());
  });
  await listen(server, config.gatewayAddr);
  server.on('error', (error) => log.error({ err: error }, 'the gateway had a problem'));

  async function shutDown() {
    ending = true;
    await drain(server);
    agent.destroy();
  }
  return { address: baseUrl(server, config.gatewayAddr.host), shutDown };
}

function answerHealth({ method }: IncomingMessage, response: ServerResponse) {
  if (method === 'GET' || method === 'HEAD') return answerJson(response, 200, { status: 'ok' });
  answerJson(response, 405, { status: 'method not allowed' }, { allow: 'GET, HEAD' });
}

function listen(server: Server, { host, port }: Config['gatewayAddr']) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

/** Stop accepting, let running requests finish, then cut what is still open. */
async function drain(server: Server) {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  await Promise.race([promise, sleep(drainMs, undefined, { ref: false })]);
  server.closeAllConnections();
  await promise;
}

function baseUrl(server: Server, host: string) {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}
