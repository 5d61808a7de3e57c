import type { LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher, interceptors, ProxyAgent } from 'undici';
import { delayWriteErrors } from '../network/earlyResponse.ts';

/** Limits of outbound requests: the longest silence in milliseconds, and the number of retries. With 0, each call decides. */
export type OutboundLimits = { timeoutMs?: number; retryCount?: number };

/** The dispatchers of a network zone: `buffered` for responses that are read completely, `streaming` for bodies that may be silent for long. */
export type ZoneDispatchers = { buffered: Dispatcher; streaming: Dispatcher; destroy(): Promise<void> };

/** In milliseconds: slightly longer than the longest tool call. Other calls have shorter deadlines of their own. */
const patience = { headersTimeout: 610_000, bodyTimeout: 610_000 };
const connectMs = 10_000;

/** Idempotent methods (RFC 9110 section 9.2.2), and transient status codes. */
const idempotent: Dispatcher.HttpMethod[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];
const passing = [429, 502, 503, 504];

/** Connects directly. Host names are resolved by `lookup`. */
export const createDirectDispatchers = (lookup: LookupFunction, limits: OutboundLimits): ZoneDispatchers =>
  exitOf(new Agent({ ...patience, connect: createEarlyResponseConnector({ lookup, timeout: connectMsOf(limits) }) }), limits);

const connectMsOf = ({ timeoutMs = 0 }: OutboundLimits) => (timeoutMs > 0 ? Math.min(timeoutMs, connectMs) : connectMs);

/** Connects through a proxy. */
export const createProxyDispatchers = (uri: string, limits: OutboundLimits): ZoneDispatchers =>
  exitOf(new ProxyAgent({ ...patience, uri }), limits);

/** Creates connections that still read the response after a failed write. `timeout` is the connect timeout in milliseconds. */
export function createEarlyResponseConnector(options: { lookup?: LookupFunction; timeout: number }): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, done) =>
    connect(target, (...[error, socket]) =>
      socket ? done(null, delayWriteErrors(socket)) : done(error ?? new Error('no connection'), null),
    );
}

function exitOf(agent: Agent | ProxyAgent, { timeoutMs = 0, retryCount = 0 }: OutboundLimits): ZoneDispatchers {
  const limit = timeoutMs || undefined;
  const streaming = limit ? agent.compose(withTimeouts({ headersTimeout: limit })) : agent;
  const once = limit ? agent.compose(withTimeouts({ headersTimeout: limit, bodyTimeout: limit })) : agent;
  const retry = {
    maxRetries: retryCount,
    minTimeout: 500,
    maxTimeout: 10_000,
    methods: idempotent,
    statusCodes: passing,
    throwOnError: false,
  };
  const buffered = retryCount > 0 ? once.compose(interceptors.retry(retry)) : once;
  return { buffered, streaming, destroy: () => agent.destroy() };
}

const withTimeouts =
  (limits: Pick<Dispatcher.DispatchOptions, 'headersTimeout' | 'bodyTimeout'>): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch({ ...options, ...limits }, handler);
