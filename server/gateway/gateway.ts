import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { health } from '../../contract/health.ts';
import { hasValidHost } from '../http/body/framing.ts';
import { rejectMalformedRequests } from '../http/body/malformedRequest.ts';
import { closeServer, enableLingeringClose, trackConnections, trackResponse } from '../http/connections.ts';
import { endOfResponse } from '../http/tracing.ts';
import type { Config } from '../platform/config/config.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { recordSpan, spanOf } from '../platform/telemetry/spans.ts';
import { callerOf } from './caller/clientIp.ts';
import { userAgentType } from './caller/userAgent.ts';
import { corsHeaders } from './cors.ts';
import { type GatewayOptions, openDependencies } from './dependencies.ts';
import { handleRequest, isApiPath } from './handleRequest.ts';
import { monitorReadiness, sendReadiness } from './readiness.ts';
import { newRequestContext, type RequestContext, statusOf } from './requestContext.ts';
import { sendError, sendProbeResponse } from './responses.ts';
import { type Certificates, openCertificates } from './tls.ts';
import { securityHeaders } from './upstream/headers.ts';

/** A running gateway. `address` is its base URL; `shutDown` lets running requests finish. */
export type Gateway = { address: string; droppedLines(): number; shutDown(): Promise<void> };

/** Maximum time for running requests to finish at shutdown, in milliseconds. */
const drainMs = 10_000;

/**
 * The headers must arrive within 5 s, then 1 KiB per second in each 30 s, or the rest of the body. Slower connections are closed within another second. Header fields
 * are counted in `framingErrorOf`, because Node.js silently drops those above `maxHeadersCount`.
 */
const serverOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 5_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000,
  // Checked in `framingErrorOf`, so that the error has the usual format.
  requireHostHeader: false,
  // Two `Authorization` headers are joined and therefore invalid. By default Node.js uses the first one.
  joinDuplicateHeaders: true,
};

/** Starts the reverse proxy in front of the API. The API does not have to be running. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, log } = options;
  const certificates = await openCertificates(config.gatewayTlsCertFile, config.gatewayTlsKeyFile, log);
  const dependencies = await openDependencies(options);
  const readiness = monitorReadiness(dependencies.api);
  const origins = new Set(config.gatewayCorsAllowedOrigins);
  let ending = false;
  // Responses are the last of their connections before they are closed, see `announceClose`.
  options.readiness?.onChange((state) => {
    ending = state === 'shutting down';
  });

  function arrive(request: IncomingMessage, response: ServerResponse): RequestContext {
    const { ip, secure } = callerOf(request, dependencies.liveConfig().proxies);
    const [path = ''] = (request.url ?? '').split('?', 1);
    const incoming = spanOf(request.headers, () => config.gatewayTrustIncomingTraceId);
    const span = isProbe(path) ? incoming : recordSpan(incoming, () => startOf(request));
    const { traceId } = span;
    const headers = { ...((isApiPath(path) || isProbe(path)) && securityHeaders(secure)), ...corsHeaders(request, origins) };
    const agent = userAgentType(request.headers['user-agent'] ?? '');
    return newRequestContext({
      request,
      response,
      span,
      traceId,
      path,
      ip,
      secure,
      location: dependencies.geo.locate(ip),
      userAgentType: agent,
      headers,
    });
  }
  function leave(context: RequestContext) {
    if (isProbe(context.path)) return;
    if (context.span.recording) context.span.end(endOfResponse(context.response));
    dependencies.accessLog.record(context);
    if (metricsEvents.gatewayResponded.hasListeners) metricsEvents.gatewayResponded.emit(answerOf(context));
  }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const context = arrive(request, response);
    trackResponse(response);
    response.once('close', () => leave(context));
    if (ending) context.headers.connection = 'close';
    if (!hasValidHost(request)) return sendError(context, 'invalid');
    if (context.path === health.live.path) return sendProbeResponse(context, 200, { status: 'ok' });
    if (context.path === health.ready.path)
      return sendReadiness(readiness, ending ? 'shutting down' : options.readiness?.reason(), context);
    handleRequest(dependencies, dependencies.liveConfig(), context).catch((err) => {
      log.error({ err, trace_id: context.traceId, span_id: context.span.spanId }, 'the gateway has a defect');
      sendError(context, 'internal');
    });
  };
  const { server, watching } = serverOf({ ...serverOptions, ...options.limits }, certificates, handle);
  rejectMalformedRequests(server, { headers: securityHeaders(certificates !== undefined), onRejected: metricsEvents.gatewayRejected.emit });
  try {
    await listen(server, config.gatewayAddr);
  } catch (error) {
    watching?.close();
    await dependencies.close();
    throw error;
  }
  server.on('error', (err) => log.error({ err }, 'the gateway had a problem'));
  return {
    address: baseUrl(server, config.gatewayAddr.host, certificates ? 'https' : 'http'),
    droppedLines: dependencies.accessLog.dropped,
    async shutDown() {
      ending = true;
      watching?.close();
      await closeServer(server, drainMs);
      readiness.stop();
      await dependencies.close();
    },
  };
}

/** An HTTP server, or with certificates an HTTPS server. */
function serverOf(
  options: ServerOptions,
  certificates: Certificates | undefined,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const secure = certificates && createSecureServer({ ...options, ...certificates.options }, handle);
  const server: Server | SecureServer = secure ?? createServer(options, handle);
  server.maxHeadersCount = 0;
  for (const event of ['checkContinue', 'checkExpectation']) server.on(event, handle);
  enableLingeringClose(server, secure ? 'secureConnection' : 'connection');
  trackConnections(server);
  // A handshake that fails has no HTTP response, not even after its timeout.
  secure?.prependListener('tlsClientError', (_error, socket) => socket.destroy());
  return { server, watching: secure && certificates.watch(secure) };
}

/** Without the path, which may contain a secret, such as that of a shared thread. */
const startOf = ({ method = 'GET' }: IncomingMessage) =>
  ({ name: method, kind: 'server', attributes: { 'http.request.method': method } }) as const;

const answerOf = ({ request, response, startedAt }: RequestContext) => ({
  method: request.method ?? '',
  status: statusOf(response),
  seconds: (performance.now() - startedAt) / 1_000,
});

/** Health probes are neither rate limited nor logged. */
const isProbe = (path: string) => path === health.live.path || path === health.ready.path;

function listen(server: Server | SecureServer, { host, port }: Config['gatewayAddr']) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

function baseUrl(server: Server | SecureServer, host: string, scheme: 'http' | 'https') {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}
