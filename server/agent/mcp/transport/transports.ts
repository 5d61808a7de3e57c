import type { Transport } from '@modelcontextprotocol/client';
import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import { withoutSpan } from '../../../platform/telemetry/spans.ts';
import { streamEnded } from '../failures.ts';
import type { Server } from '../server.ts';
import { createServerFetch } from './serverFetch.ts';
import { stdioTransport } from './stdio.ts';

/** The protocol library. Loaded on first use. */
export type Sdk = typeof import('@modelcontextprotocol/client');

export type TransportDeps = { outbound: OutboundClient; log: Log };

/** `fail` is called with an error that makes the connection unusable. */
export type TransportFactory = (sdk: Sdk, server: Server, deps: TransportDeps, fail: (failure: Error) => void) => Transport;

export const openStdioTransport: TransportFactory = (sdk, server, { log }) =>
  stdioTransport(server, {
    parse: sdk.deserializeMessage,
    // A program serves many runs, so its log lines belong to no span.
    log: (line) => withoutSpan(() => log.info({ account_id: server.account_id, mcp_config_id: server.id, line }, 'a tool server says')),
  });

/** The older HTTP+SSE transport: an event stream for answers, and a POST for each message. */
export const openSseTransport: TransportFactory = (sdk, server, { outbound }, fail) =>
  new sdk.SSEClientTransport(new URL(server.url!), { fetch: createServerFetch(outbound, server, fail), redirectPolicy: 'follow' });

/** Limits for the delay after which an ended stream is reopened. The server proposes the delay. */
const reopenDelay = { minMs: 500, maxMs: 30_000 };

function reopenLater(reopen: () => void, askedMs: number): () => void {
  const timer = setTimeout(reopen, Math.min(reopenDelay.maxMs, Math.max(reopenDelay.minMs, askedMs))).unref();
  return () => clearTimeout(timer);
}

export const openHttpTransport: TransportFactory = (sdk, server, { outbound }, fail) => {
  const fetch = createServerFetch(outbound, server, fail);
  const options = { fetch, redirectPolicy: 'follow', reconnectionScheduler: reopenLater } as const;
  const transport: Transport = new sdk.StreamableHTTPClientTransport(new URL(server.url!), options);
  const send = transport.send.bind(transport);
  // Without this, the library waits forever if the stream that carries an answer ends first.
  transport.send = (message, options) => {
    const id = 'method' in message && 'id' in message ? message.id : undefined;
    const onRequestStreamEnd = () => {
      if (id !== undefined) transport.onmessage?.({ jsonrpc: '2.0', id, error: { code: 0, message: 'stream ended', data: streamEnded } });
    };
    return send(message, { ...options, onRequestStreamEnd });
  };
  return transport;
};
