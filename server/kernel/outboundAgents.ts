import type { LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher, interceptors, ProxyAgent } from 'undici';
import { readToTheEnd } from './earlyAnswer.ts';

/** Limits of outbound requests: silence in milliseconds and repetitions. 0 leaves both to the call. */
export type OutboundLimits = { timeoutMs?: number; retryCount?: number };

/** One way out: for answers that are read whole, and for those whose body may be silent for long. */
export type Exit = { whole: Dispatcher; stream: Dispatcher; destroy(): Promise<void> };

/** Silence that is borne, in milliseconds: a little longer than the longest call of a tool server; others end by their own deadlines. */
const patience = { headersTimeout: 610_000, bodyTimeout: 610_000 };
const connectMs = 10_000;

/** Methods whose repetition changes nothing (RFC 9110 section 9.2.2), and answers that pass by themselves. */
const idempotent: Dispatcher.HttpMethod[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];
const passing = [429, 502, 503, 504];

/** A way out that resolves names by `lookup`. */
export const exitBy = (lookup: LookupFunction, limits: OutboundLimits): Exit =>
  exitOf(new Agent({ ...patience, connect: patientConnector({ lookup, timeout: connectMsOf(limits) }) }), limits);

const connectMsOf = ({ timeoutMs = 0 }: OutboundLimits) => (timeoutMs > 0 ? Math.min(timeoutMs, connectMs) : connectMs);

/** A way out through a proxy. */
export const exitThrough = (uri: string, limits: OutboundLimits): Exit => exitOf(new ProxyAgent({ ...patience, uri }), limits);

/** Makes connections whose answer is read although a write failed. `timeout` is that of connecting, in milliseconds. */
export function patientConnector(options: { lookup?: LookupFunction; timeout: number }): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, done) =>
    connect(target, (...[error, socket]) => (socket ? done(null, readToTheEnd(socket)) : done(error ?? new Error('no connection'), null)));
}

function exitOf(agent: Agent | ProxyAgent, { timeoutMs = 0, retryCount = 0 }: OutboundLimits): Exit {
  const limit = timeoutMs || undefined;
  const stream = limit ? agent.compose(within({ headersTimeout: limit })) : agent;
  const once = limit ? agent.compose(within({ headersTimeout: limit, bodyTimeout: limit })) : agent;
  const retry = {
    maxRetries: retryCount,
    minTimeout: 500,
    maxTimeout: 10_000,
    methods: idempotent,
    statusCodes: passing,
    throwOnError: false,
  };
  const whole = retryCount > 0 ? once.compose(interceptors.retry(retry)) : once;
  return { whole, stream, destroy: () => agent.destroy() };
}

const within =
  (limits: Pick<Dispatcher.DispatchOptions, 'headersTimeout' | 'bodyTimeout'>): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch({ ...options, ...limits }, handler);
