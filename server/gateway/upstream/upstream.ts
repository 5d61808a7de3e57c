import { type Agent, Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { delayWriteErrors } from '../../platform/network/earlyResponse.ts';

export type Upstream = { url: URL; agent: Agent; timeoutMs: number };

/**
 * How long a connection to the API is kept without a request, in milliseconds. Less than the 5 s of `ARKLOOP_SHUTDOWN_DRAIN_MS` in production: an API
 * that stops ends each connection with its next response, and closes the idle ones after that time, when none is left.
 */
const maxIdleMs = 4_000;

export function createUpstream(address: string, timeoutMs: number): Upstream {
  const url = new URL(address);
  const agent = new (url.protocol === 'https:' ? SecureAgent : PlainAgent)({ keepAlive: true, maxFreeSockets: 256, timeout: maxIdleMs });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => delayWriteErrors(connect(options, done));
  return { url, agent, timeoutMs };
}
