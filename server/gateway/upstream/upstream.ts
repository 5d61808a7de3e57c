import { type Agent, type AgentOptions, type ClientRequestArgs, Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { delayWriteErrors } from '../../platform/network/earlyResponse.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';

/** A server behind the gateway. `name` is its address without credentials, for logs and metrics. */
export type Upstream = {
  name: string;
  url: URL;
  /** Keeps connections for further requests. */
  agent: Agent;
  /** Opens a connection for each request. */
  freshAgent: Agent;
  timeoutMs: number;
  /** Requests and streams that this gateway has open at it. */
  inFlight: number;
};

/** Maximum time to open a connection, in milliseconds. Without it, a host that drops packets is noticed only after minutes. */
const connectTimeoutMs = 5_000;
const connectTimeoutCode = 'UPSTREAM_CONNECT_TIMEOUT';

/**
 * How long a connection to the API is kept without a request, in milliseconds. Less than the 5 s of `ARKLOOP_SHUTDOWN_DRAIN_MS` in production: an API
 * that stops ends each connection with its next response, and closes the idle ones after that time, when none is left.
 */
const maxIdleMs = 4_000;

export function createUpstream(address: string, timeoutMs: number): Upstream {
  const url = new URL(address);
  const isSecure = url.protocol === 'https:';
  return {
    name: `${url.origin}${url.pathname.replace(/\/$/, '')}`,
    url,
    agent: createAgent(isSecure, { keepAlive: true, maxFreeSockets: 256, timeout: maxIdleMs }),
    freshAgent: createAgent(isSecure, { keepAlive: false }),
    timeoutMs,
    inFlight: 0,
  };
}

/** Ends all connections. */
export function closeConnections({ agent, freshAgent }: Upstream): void {
  agent.destroy();
  freshAgent.destroy();
}

function createAgent(isSecure: boolean, options: AgentOptions): Agent {
  const agent = new (isSecure ? SecureAgent : PlainAgent)(options);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (wanted: ClientRequestArgs, done) => {
    const socket = connect(wanted, done);
    if (socket) limitConnectTime(socket, isSecure ? 'secureConnect' : 'connect');
    return delayWriteErrors(socket);
  };
  return agent;
}

function limitConnectTime(socket: Duplex, connected: 'connect' | 'secureConnect') {
  const giveUp = () => socket.destroy(Object.assign(new Error('no connection in time'), { code: connectTimeoutCode }));
  const timer = setTimeout(giveUp, connectTimeoutMs).unref();
  const stop = () => clearTimeout(timer);
  socket.once(connected, stop).once('close', stop);
}

const connectErrors = new Set(['ECONNREFUSED', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', connectTimeoutCode]);

/** Whether no connection was opened, so that the upstream has seen nothing of the request. */
export const isConnectFailure = (error: unknown): boolean => connectErrors.has(`${errorCodeOf(error)}`);
