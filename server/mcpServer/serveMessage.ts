import { createMcpHandler, isLegacyRequest, Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { JsonRpcAnswer, JsonRpcMessage } from '../../contract/mcp.ts';
import { escapeBreaks } from '../../contract/shared/text.ts';
import type { CallContext } from '../http/pipeline/callOperation.ts';
import { eventStream } from '../http/sse.ts';
import { newId } from '../platform/crypto/ids.ts';
import { failWith, ForeignFailure } from '../platform/failure.ts';
import { limiterKeyOf } from '../platform/limiterKey.ts';
import type { EventBroker } from '../runs/follow/eventBroker.ts';
import { asksToWait, callTool, listTools, type ToolCall } from './tools.ts';

/** Distinguishes the clients of older revisions, which send it back. Nothing is kept under it. */
const sessionHeader = 'mcp-session-id';

const instructions =
  'Threads are conversations, and runs answer them: create_thread, then send_message. Projects have workspaces with files of the user and of runs.';

/** Answers a message of a client. Each has a server of its own, so nothing is kept between the requests of a client. */
export async function serveMessage(eventBroker: EventBroker, call: CallContext, message: JsonRpcMessage) {
  const { app, authenticated, signal } = call;
  const onError = (err: unknown) =>
    app.log.debug({ err, trace_id: authenticated.client.traceId }, 'a message to the MCP server was refused');
  const asks = message.method === 'tools/call' && asksToWait(message.params ?? {});
  // Without a free stream, the call is a request like others, which does not wait.
  const isStreamed = asks && (await acquireStream(eventBroker, call));
  const request = requestOf(call);
  const isLegacy = await isLegacyRequest(request, message);
  const server = createServer(eventBroker, call, message, { isLegacy, isStreamed });
  const response = isLegacy
    ? await serveLegacy(server, request, message, isStreamed)
    : await createMcpHandler(() => server, {
        legacy: 'reject',
        responseMode: isStreamed ? 'sse' : 'auto',
        keepAliveMs: 0,
        maxSubscriptions: 0,
        onerror: onError,
      }).fetch(request, { parsedBody: message });
  const cancelled = isLegacy && message.method === 'notifications/cancelled' ? callOf(call, message.params?.requestId) : undefined;
  if (cancelled) app.callCancellation.cancel(cancelled);
  if (response.status === 202) return { status: 202 as const, body: undefined };
  if (response.headers.get('content-type')?.startsWith('text/event-stream'))
    return { status: 200 as const, body: eventStream(chunksOf(response), { heartbeatMs: eventBroker.heartbeatMs, signal, onError }) };
  if (signal.aborted) throw failWith('upstream', 'client_disconnected', 'The client disconnected.');
  const body = await response.json();
  if (response.status >= 400) throw protocolFailure(response.status, body as { error: { message: string } });
  const headers = isLegacy && message.method === 'initialize' ? { [sessionHeader]: newId() } : {};
  return { status: 200 as const, body: body as JsonRpcAnswer, headers };
}

/** Counts a stream for its user until the response is closed. False if the user has too many. */
async function acquireStream({ openStreams }: EventBroker, { authenticated, signal }: CallContext): Promise<boolean> {
  const leave = await openStreams.acquire(limiterKeyOf('streams', authenticated.actor!.userId));
  if (!leave) return false;
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return true;
}

/** The request for the SDK, without the body, which is passed parsed, and without the credential. */
function requestOf({ req, signal }: CallContext): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers))
    if (typeof value === 'string' && name !== 'authorization' && name !== 'cookie' && name !== 'content-length') headers.set(name, value);
  // Clients that are no SDK often do not name both types.
  headers.set('accept', 'application/json, text/event-stream');
  return new Request('http://localhost/mcp', { method: 'POST', headers, signal });
}

/** Revisions before 2026-07-28, which begin with `initialize`. The answer is JSON unless it is streamed. */
async function serveLegacy(server: Server, request: Request, message: JsonRpcMessage, isStreamed: boolean): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: undefined,
    enableJsonResponse: !isStreamed,
    keepAliveMs: 0,
  });
  await server.connect(transport);
  request.signal.addEventListener('abort', () => void server.close(), { once: true });
  return transport.handleRequest(request, { parsedBody: message });
}

type Mode = { isLegacy: boolean; isStreamed: boolean };

function createServer(eventBroker: EventBroker, call: CallContext, message: JsonRpcMessage, { isLegacy, isStreamed }: Mode): Server {
  const { app, authenticated } = call;
  const server = new Server(
    { name: 'arkloop', title: 'Arkloop', version: app.config.workerVersion },
    { capabilities: { tools: {} }, instructions },
  );
  server.setRequestHandler('tools/list', () => ({ tools: listTools(authenticated.access!.permissions) }));
  server.setRequestHandler('tools/call', async ({ params: { name, arguments: args = {} } }, { mcpReq }) => {
    const { progressToken } = mcpReq._meta ?? {};
    const onProgress: ToolCall['onProgress'] = (progress) =>
      void mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...progress } }).catch(() => undefined);
    // Before 2026-07-28, the end of a connection did not mean that the client had cancelled its call.
    const cancelled = isLegacy ? new AbortController() : undefined;
    const own = cancelled && callOf(call, message.id);
    const unwatch = own && app.callCancellation.watch(own, () => cancelled?.abort());
    try {
      return await callTool(eventBroker, name, args, {
        ...call,
        signal: cancelled ? AbortSignal.any([mcpReq.signal, cancelled.signal]) : mcpReq.signal,
        isStreamed,
        isCancelled: () => (cancelled?.signal ?? mcpReq.signal).aborted,
        ...(progressToken !== undefined && { onProgress }),
      });
    } finally {
      unwatch?.();
    }
  });
  return server;
}

/** Identifies a call of a client. Undefined without a session: clients number their requests, so the number alone is not enough. */
function callOf({ authenticated: { actor }, req }: CallContext, id: unknown): unknown[] | undefined {
  const session = req.headers[sessionHeader];
  return session === undefined ? undefined : [actor?.apiKeyId ?? actor?.userId, session, id];
}

/** The events of the SDK, with JSON as their data. */
async function* chunksOf({ body }: Response): AsyncGenerator<Buffer> {
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) yield Buffer.from(escapeBreaks(text));
}

/** An error of the protocol, with the status that the SDK has chosen. */
function protocolFailure(status: number, body: { error: { message: string } }): ForeignFailure {
  return new ForeignFailure(status === 404 ? 'not_found' : status >= 500 ? 'internal' : 'invalid', body.error.message, body);
}
