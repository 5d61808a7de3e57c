import { type Agent, Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { readToTheEnd } from '../kernel/earlyAnswer.ts';

/** A server behind the gateway. */
export type Upstream = { url: URL; agent: Agent; timeoutMs: number };

/** The server at an address, which may come and go. */
export function upstreamAt(address: string, timeoutMs: number): Upstream {
  const url = new URL(address);
  const agent = new (url.protocol === 'https:' ? SecureAgent : PlainAgent)({ keepAlive: true, maxFreeSockets: 256 });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => readToTheEnd(connect(options, done));
  return { url, agent, timeoutMs };
}
