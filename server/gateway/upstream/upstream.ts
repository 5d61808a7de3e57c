import { type Agent, Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { delayWriteErrors } from '../../platform/network/earlyResponse.ts';

export type Upstream = { url: URL; agent: Agent; timeoutMs: number };

export function createUpstream(address: string, timeoutMs: number): Upstream {
  const url = new URL(address);
  const agent = new (url.protocol === 'https:' ? SecureAgent : PlainAgent)({ keepAlive: true, maxFreeSockets: 256 });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => delayWriteErrors(connect(options, done));
  return { url, agent, timeoutMs };
}
