import type { Client, Transport } from '@modelcontextprotocol/client';
import { ToolFailure, type ToolOutput } from '../tools/tool.ts';
import { disconnected, isGarbage, isStreamError } from './failures.ts';
import { createGuard, type Guard } from './guard.ts';
import { CallResult, readResult } from './results.ts';
import { discreet } from './secrets.ts';
import type { Server } from './server.ts';
import { readTools, type ServerTool } from './tools.ts';
import { eventSourceOf, programOf, type Sdk, streamableOf, type TransportDeps, type TransportOf } from './transports.ts';

type Json = Record<string, unknown>;

/** `onToolsChanged` is told when a server says that its tools are others now. */
export type ConnectionDeps = TransportDeps & { version: string; onToolsChanged(): void };

/** An open conversation with a server. Everything it throws is a `ToolFailure`, or the reason of an aborted signal. */
export type Connection = {
  /** Whether the next call needs another one. */
  broken(): boolean;
  listTools(signal?: AbortSignal): Promise<ServerTool[]>;
  callTool(name: string, args: Json, signal: AbortSignal): Promise<ToolOutput>;
  close(): Promise<void>;
};

/** The one that is asked for, and those that a server may answer with instead. */
const protocolVersions = ['2025-06-18', '2025-11-25', '2025-03-26', '2024-11-05'];

/** No call takes longer, whoever set its time: it is the longest that can be configured, in milliseconds. */
const longestCallMs = 600_000;

/** Connect to a server and shake hands, within its time and until the signal is aborted. */
export async function connect(server: Server, deps: ConnectionDeps, signal: AbortSignal): Promise<Connection> {
  const sdk = await import('@modelcontextprotocol/client');
  const by = (transportOf: TransportOf) => converse(sdk, server, deps, transportOf, signal);
  if (server.transport === 'stdio') return by(programOf);
  try {
    return await by(streamableOf);
  } catch (error) {
    // A server of the older kind refuses the POST and waits for a GET (MCP 2025-06-18, backwards compatibility).
    if (server.transport === 'http_sse' && refusesPosts(error)) return by(eventSourceOf);
    throw error;
  }
}

const refusesPosts = (error: unknown) => {
  const status = error instanceof ToolFailure ? error.details?.status_code : undefined;
  return typeof status === 'number' && status < 500;
};

async function converse(
  sdk: Sdk,
  server: Server,
  deps: ConnectionDeps,
  transportOf: TransportOf,
  signal: AbortSignal,
): Promise<Connection> {
  const client = new sdk.Client({ name: 'arkloop', version: deps.version }, { supportedProtocolVersions: protocolVersions });
  client.setNotificationHandler('notifications/tools/list_changed', () => deps.onToolsChanged());
  const guard = createGuard(() => void transport.close().catch(() => undefined));
  const transport = transportOf(sdk, server, deps, guard.fail);
  client.onerror = (error) => {
    if (error instanceof ToolFailure || isGarbage(error) || isStreamError(error)) guard.fail(error);
  };
  try {
    await guard.within(server.timeoutMs, signal, (bound) => client.connect(transport, { signal: bound, timeout: longestCallMs }));
  } catch (error) {
    guard.fail(error as Error);
    throw error;
  }
  // Not before: a handshake that fails hangs up and then says why.
  client.onclose = () => guard.fail(disconnected());
  return { broken: guard.broken, ...callsOf(client, guard, server), close: () => leave(client, transport) };
}

function callsOf(client: Client, guard: Guard, { timeoutMs, bearerToken }: Server): Pick<Connection, 'listTools' | 'callTool'> {
  // The guard keeps the time; the library's own limit is out of its way.
  const timeout = longestCallMs;
  return {
    async listTools(signal) {
      if (client.getServerCapabilities()?.tools === undefined) return [];
      return guard.within(timeoutMs, signal, (bound) =>
        readTools((schema, cursor) =>
          client.request({ method: 'tools/list', params: cursor ? { cursor } : {} }, schema, { signal: bound, timeout }),
        ),
      );
    },
    async callTool(name, args, signal) {
      const request = { method: 'tools/call', params: { name, arguments: args } } as const;
      return discreet(bearerToken, async () => {
        const answer = await guard.within(longestCallMs, signal, (bound) =>
          client.request(request, CallResult, { signal: bound, timeout }),
        );
        const output = await readResult(answer);
        if (answer.isError) throw new ToolFailure('mcp.tool_error', textOf(answer.content), output.result);
        return output;
      });
    },
  };
}

/** What a tool says went wrong. */
function textOf(content: readonly Json[] = []): string {
  const text = content.find(({ type }) => type === 'text')?.text;
  return typeof text === 'string' && text !== '' ? text : 'The tool reports an error.';
}

/** Tell an HTTP server that its session is over, if it listens, and hang up. */
async function leave(client: Client, transport: Transport): Promise<void> {
  client.onerror = () => undefined;
  const { terminateSession } = transport as { terminateSession?: () => Promise<void> };
  const patience = new Promise((resolve) => setTimeout(resolve, 500).unref());
  await Promise.race([Promise.resolve(terminateSession?.call(transport)).catch(() => undefined), patience]);
  await transport.close().catch(() => undefined);
}
