import type { Transport } from '@modelcontextprotocol/client';
import type { Log } from '../../kernel/log.ts';
import type { Outbound } from '../../kernel/outbound.ts';
import { withinNone } from '../../kernel/spans.ts';
import { streamEnded } from './failures.ts';
import { fetchOf } from './http.ts';
import type { Server } from './server.ts';
import { stdioTransport } from './stdio.ts';

/** The protocol library, which is loaded when the first server is spoken to. */
export type Sdk = typeof import('@modelcontextprotocol/client');

export type TransportDeps = { outbound: Outbound; log: Log };

/** Makes the way to a server; `fail` hears of what leaves the connection without use. */
export type TransportOf = (sdk: Sdk, server: Server, deps: TransportDeps, fail: (failure: Error) => void) => Transport;

/** A program on this machine. */
export const programOf: TransportOf = (sdk, server, { log }) =>
  stdioTransport(server, {
    parse: sdk.deserializeMessage,
    // A program serves many runs.
    log: (line) => withinNone(() => log.info({ account_id: server.account_id, mcp_config_id: server.id, line }, 'a tool server says')),
  });

/** The older kind of HTTP: a stream of events for the answers, and a POST for each message. */
export const eventSourceOf: TransportOf = (sdk, server, { outbound }, fail) =>
  new sdk.SSEClientTransport(new URL(server.url!), { fetch: fetchOf(outbound, server, fail), redirectPolicy: 'follow' });

/** Streams that ended are taken up again when the server says so, within these milliseconds. */
const reopening = { leastMs: 500, mostMs: 30_000 };

function reopenLater(reopen: () => void, askedMs: number): () => void {
  const timer = setTimeout(reopen, Math.min(reopening.mostMs, Math.max(reopening.leastMs, askedMs))).unref();
  return () => clearTimeout(timer);
}

/** Streamable HTTP. */
export const streamableOf: TransportOf = (sdk, server, { outbound }, fail) => {
  const fetch = fetchOf(outbound, server, fail);
  const options = { fetch, redirectPolicy: 'follow', reconnectionScheduler: reopenLater } as const;
  const transport: Transport = new sdk.StreamableHTTPClientTransport(new URL(server.url!), options);
  const send = transport.send.bind(transport);
  // The library lets a request wait on when the stream that should bring its answer has ended.
  transport.send = (message, options) => {
    const id = 'method' in message && 'id' in message ? message.id : undefined;
    const onRequestStreamEnd = () => {
      if (id !== undefined) transport.onmessage?.({ jsonrpc: '2.0', id, error: { code: 0, message: 'stream ended', data: streamEnded } });
    };
    return send(message, { ...options, onRequestStreamEnd });
  };
  return transport;
};
