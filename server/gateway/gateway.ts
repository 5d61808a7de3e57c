import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { health } from '../../contract/health.ts';
import { closeInStages, closeServer, noteAnswer } from '../http/connections.ts';
import { refuseUnreadable } from '../http/unreadable.ts';
import type { Config } from '../kernel/config.ts';
import { facts } from '../kernel/facts.ts';
import type { Log } from '../kernel/log.ts';
import type { Readiness } from '../kernel/readiness.ts';
import { spanOf } from '../kernel/spans.ts';
import { answerProbe, refuse } from './answers.ts';
import { callerOf } from './clientIp.ts';
import { corsHeaders } from './cors.ts';
import { securityHeaders } from './headers.ts';
import { openParts } from './parts.ts';
import { answerReadiness } from './readiness.ts';
import { isOfApi, serve } from './serve.ts';
import { userAgentType } from './userAgent.ts';
import { newVisit, statusOf, type Visit } from './visit.ts';

/** A running gateway: its base URL, and a shutdown that finishes running requests. */
export type Gateway = { address: string; droppedLines(): number; shutDown(): Promise<void> };

/** What a gateway works with. Without a database it keeps no log, and leaves keys, rules and stored settings to the API; without the secret everybody is anonymous. */
export type GatewayDeps = {
  config: Config;
  log: Log;
  env?: NodeJS.ProcessEnv;
  jwtSecret?: Buffer | undefined;
  databaseUrl?: string | undefined;
  /** That of the process; without it only the API's counts. */
  readiness?: Readiness | undefined;
};

/** How long running requests may take to finish at shutdown, in milliseconds. */
const drainMs = 10_000;

/** Headers have 5 s and the whole request 2 minutes; whoever is slower is let go within a second. Fields are counted elsewhere: those above a maximum would be left out silently. */
const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 5_000,
  requestTimeout: 120_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000,
  // Asked for in `flawOf`, so that who leaves it out is answered like everybody.
  requireHostHeader: false,
  // Two credentials are none, instead of the one that happens to be first.
  joinDuplicateHeaders: true,
};

/** Start the reverse proxy in front of the API; the API may come and go. */
export async function startGateway(deps: GatewayDeps): Promise<Gateway> {
  const { config, log } = deps;
  const parts = await openParts(deps);
  const origins = new Set(config.gatewayCorsAllowedOrigins);
  let ending = false;

  function arrive(request: IncomingMessage, response: ServerResponse): Visit {
    const { ip, secure } = callerOf(request, parts.rules().proxies);
    const [path = ''] = (request.url ?? '').split('?', 1);
    const span = spanOf(request.headers, () => config.gatewayTrustIncomingTraceId);
    const { traceId } = span;
    const headers = { ...((isOfApi(path) || isProbe(path)) && securityHeaders(secure)), ...corsHeaders(request, origins) };
    const agent = userAgentType(request.headers['user-agent'] ?? '');
    return newVisit({ request, response, span, traceId, path, ip, secure, place: parts.geo.placeOf(ip), agent, headers });
  }
  function leave(visit: Visit) {
    if (isProbe(visit.path)) return;
    parts.accessLog.note(visit);
    if (facts.gatewayAnswered.isHeard) facts.gatewayAnswered.tell(answerOf(visit));
  }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const visit = arrive(request, response);
    noteAnswer(response);
    response.once('close', () => leave(visit));
    if (ending) visit.headers.connection = 'close';
    if (visit.path === health.live.path) return answerProbe(visit, 200, { status: 'ok' });
    if (visit.path === health.ready.path) return answerReadiness(parts.api, ending ? 'shutting down' : deps.readiness?.reason(), visit);
    serve(parts, parts.rules(), visit).catch((err) => {
      log.error({ err, trace_id: visit.traceId, span_id: visit.span.spanId }, 'the gateway has a defect');
      refuse(visit, 'internal');
    });
  };
  const server = createServer(limits, handle);
  server.maxHeadersCount = 0;
  for (const event of ['checkContinue', 'checkExpectation']) server.on(event, handle);
  closeInStages(server);
  refuseUnreadable(server, { headers: securityHeaders(false), onRefused: facts.gatewayRefused.tell });
  try {
    await listen(server, config.gatewayAddr);
  } catch (error) {
    await parts.close();
    throw error;
  }
  server.on('error', (err) => log.error({ err }, 'the gateway had a problem'));
  return {
    address: baseUrl(server, config.gatewayAddr.host),
    droppedLines: parts.accessLog.dropped,
    async shutDown() {
      ending = true;
      await closeServer(server, drainMs);
      await parts.close();
    },
  };
}

const answerOf = ({ request, response, began }: Visit) => ({
  method: request.method ?? '',
  status: statusOf(response),
  seconds: (performance.now() - began) / 1_000,
});

/** The probes, which are neither limited nor noted. */
const isProbe = (path: string) => path === health.live.path || path === health.ready.path;

function listen(server: Server, { host, port }: Config['gatewayAddr']) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

function baseUrl(server: Server, host: string) {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}
