import type { Client, Progress, Transport } from '@modelcontextprotocol/client';
import type { McpPrompt, McpPromptResult } from '../../../contract/mcpConfigs.ts';
import { maxTimerMs } from '../../platform/timers.ts';
import { type ToolContext, ToolFailure, type ToolOutput, type ToolProgress } from '../tools/tool.ts';
import { getPrompt, listPrompts } from './calls/prompts.ts';
import { answerQuestions, type Questions } from './calls/questions.ts';
import { redact, redactToken } from './calls/redactToken.ts';
import { callResourceTool, resourceTools } from './calls/resources.ts';
import { CallResult, readResult } from './calls/results.ts';
import { type ConnectionGuard, createConnectionGuard } from './connectionGuard.ts';
import { disconnected, isProtocolError, isStreamError } from './failures.ts';
import type { Server } from './server.ts';
import { readTools, type ServerTool } from './serverTools.ts';
import { createMessageLimit } from './transport/messageLimit.ts';
import {
  openHttpTransport,
  openSseTransport,
  openStdioTransport,
  type Sdk,
  type TransportDeps,
  type TransportFactory,
} from './transport/transports.ts';

type Json = Record<string, unknown>;

/** `onToolsChanged` is called when a server announces that its tools have changed. `mayAsk`: whether the server is told that it may ask. */
export type ConnectionDeps = TransportDeps & { version: string; onToolsChanged(): void; mayAsk: boolean };

/** The part of a call's context that a connection needs. */
type CallContext = Pick<ToolContext, 'signal' | 'report' | 'ask'>;

/** An open session with a server. Throws only a `ToolFailure` or the reason of an aborted signal. */
export type Connection = {
  /** Whether the connection must be replaced before the next call. */
  isBroken(): boolean;
  listTools(signal?: AbortSignal): Promise<ServerTool[]>;
  callTool(tool: ServerTool, args: Json, context: CallContext): Promise<ToolOutput>;
  listPrompts(signal: AbortSignal): Promise<McpPrompt[]>;
  getPrompt(prompt: { name: string; arguments: Record<string, string> }, signal: AbortSignal): Promise<McpPromptResult>;
  close(): Promise<void>;
};

/** The first is requested. The others are accepted if the server answers with them. */
const protocolVersions = ['2025-06-18', '2025-11-25', '2025-03-26', '2024-11-05'];

/** Limits that never apply: the time of a call is limited by its signal, that of other requests by the guard. */
const timeout = maxTimerMs;

/** Connects to a server and initializes the session, within the server's timeout. */
export async function connect(server: Server, deps: ConnectionDeps, signal: AbortSignal): Promise<Connection> {
  const sdk = await import('@modelcontextprotocol/client');
  const by = (transportOf: TransportFactory) => converse(sdk, server, deps, transportOf, signal);
  if (server.transport === 'stdio') return by(openStdioTransport);
  try {
    return await by(openHttpTransport);
  } catch (error) {
    // A server with the older HTTP+SSE transport rejects the POST and expects a GET (MCP 2025-06-18, backwards compatibility).
    if (server.transport === 'http_sse' && rejectsPosts(error)) return by(openSseTransport);
    throw error;
  }
}

const rejectsPosts = (error: unknown) => {
  if (!(error instanceof ToolFailure) || error.errorClass === 'mcp.unauthorized') return false;
  const status = error.details?.status_code;
  return typeof status === 'number' && status < 500;
};

async function converse(
  sdk: Sdk,
  server: Server,
  deps: ConnectionDeps,
  transportOf: TransportFactory,
  signal: AbortSignal,
): Promise<Connection> {
  const client = new sdk.Client(
    { name: 'arkloop', version: deps.version },
    { supportedProtocolVersions: protocolVersions, capabilities: deps.mayAsk ? { elicitation: { form: {} } } : {} },
  );
  const questions = deps.mayAsk ? answerQuestions(sdk, client, server, (failure) => guard.fail(failure)) : undefined;
  client.setNotificationHandler('notifications/tools/list_changed', () => deps.onToolsChanged());
  const guard = createConnectionGuard(() => void transport.close().catch(() => undefined));
  const transport = transportOf(sdk, server, deps, guard.fail);
  const countMessage = createMessageLimit(guard.fail);
  // The library calls it before it handles a message.
  transport.onmessage = (message) => {
    countMessage(message);
    questions?.count(message);
  };
  client.onerror = (error) => {
    if (error instanceof ToolFailure || isProtocolError(error) || isStreamError(error)) guard.fail(error);
  };
  try {
    await guard.within(server.timeoutMs, signal, (bound) => client.connect(transport, { signal: bound, timeout }));
  } catch (error) {
    guard.fail(error as Error);
    throw error;
  }
  // Set only now: a failed handshake closes the connection before it reports its reason.
  client.onclose = () => guard.fail(disconnected());
  return { isBroken: guard.isBroken, ...callsOf(client, guard, server, questions), close: () => leave(client, transport) };
}

function callsOf(
  client: Client,
  guard: ConnectionGuard,
  server: Server,
  questions: Questions | undefined,
): Pick<Connection, 'listTools' | 'callTool' | 'listPrompts' | 'getPrompt'> {
  /** A request that is not a tool call, within the server's timeout. */
  const ask = <T>(signal: AbortSignal, request: (options: { signal: AbortSignal; timeout: number }) => Promise<T>) =>
    redactToken(server, () => guard.within(server.timeoutMs, signal, (bound) => request({ signal: bound, timeout })));
  return {
    listPrompts: (signal) => ask(signal, (options) => listPrompts(client, options)),
    getPrompt: (prompt, signal) => ask(signal, (options) => getPrompt(client, prompt, options)),
    async listTools(signal) {
      const { tools, resources } = client.getServerCapabilities() ?? {};
      const own = tools
        ? await guard.within(server.timeoutMs, signal, (bound) =>
            readTools((schema, cursor) =>
              client.request({ method: 'tools/list', params: cursor ? { cursor } : {} }, schema, { signal: bound, timeout }),
            ),
          )
        : [];
      // A tool of the server keeps its name.
      const added = resources ? resourceTools.filter(({ name }) => !own.some((tool) => tool.name === name)) : [];
      return [...own, ...added];
    },
    async callTool({ name, method }, args, { signal, report, ask: askUser }) {
      if (method) return ask(signal, (options) => callResourceTool(client, method, args, { server, ...options }));
      const request = { method: 'tools/call', params: { name, arguments: args } } as const;
      const onprogress = report && ((progress: Progress) => report(readProgress(redact(server, progress))));
      const call = (during: AbortSignal) =>
        guard.within(maxTimerMs, during, (bound) =>
          client.request(request, CallResult, { signal: bound, timeout, ...(onprogress && { onprogress }) }),
        );
      return redactToken(server, async () => {
        const answer = await (questions ? questions.during(askUser, signal, call) : call(signal));
        const output = await readResult(answer);
        if (answer.isError) throw new ToolFailure('mcp.tool_error', textOf(answer.content), output.result);
        return output;
      });
    },
  };
}

/** Characters of a progress message. */
const maxProgressChars = 500;

function readProgress({ progress, total, message }: Progress): ToolProgress {
  const text = message?.slice(0, maxProgressChars).toWellFormed().replaceAll('\u0000', '\ufffd');
  return { progress, ...(total !== undefined && { total }), ...(text && { message: text }) };
}

function textOf(content: readonly Json[] = []): string {
  const text = content.find(({ type }) => type === 'text')?.text;
  return typeof text === 'string' && text !== '' ? text : 'The tool reports an error.';
}

/** Ends the session of an HTTP server, waiting at most 500 ms, and closes the transport. */
async function leave(client: Client, transport: Transport): Promise<void> {
  client.onerror = () => undefined;
  const { terminateSession } = transport as { terminateSession?: () => Promise<void> };
  const patience = new Promise((resolve) => setTimeout(resolve, 500).unref());
  await Promise.race([Promise.resolve(terminateSession?.call(transport)).catch(() => undefined), patience]);
  await transport.close().catch(() => undefined);
}
