import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { afterAll, onTestFinished } from 'vitest';
import { listener } from '../app/listener.ts';

/** The error response for an unknown session: 404 by the protocol; older servers send others. */
export type SessionError = { status: number; message: string };
const byProtocol: SessionError = { status: 404, message: 'Session not found' };

/** Returns whether it has answered a request. `url` is that of the tool server. */
type Guard = (req: IncomingMessage, res: ServerResponse, url: string) => boolean;

/**
 * A tool server over streamable HTTP, built with the public SDK. `build` adds the tools of each session. Closed after the current test, or
 * after the file if no test is running. `guard` sees every request first. `restart` drops all sessions and listens again at the same address.
 */
export async function startSdkServer(build: (server: McpServer) => void, refusal = byProtocol, guard: Guard = () => false) {
  const requests: { method: string; rpc: string | undefined }[] = [];
  let sessions = new Map<string, { server: McpServer; transport: StreamableHTTPServerTransport }>();

  async function open() {
    const server = new McpServer({ name: 'sdk', version: '1' }, { capabilities: { tools: { listChanged: true } } });
    build(server);
    const onsessioninitialized = (id: string) => void sessions.set(id, { server, transport });
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized,
    });
    await server.connect(transport as never);
    return transport;
  }
  async function handle(req: IncomingMessage, res: ServerResponse) {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    if (guard(req, res, url)) return;
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? undefined : JSON.parse(text);
    requests.push({ method: req.method!, rpc: body?.method });
    const id = req.headers['mcp-session-id'];
    const transport = typeof id === 'string' ? sessions.get(id)?.transport : await open();
    if (transport) return transport.handleRequest(req, res, body);
    const error = { code: -32_001, message: refusal.message };
    res.writeHead(refusal.status, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: null, error }));
  }
  const listen = (port: number) => {
    const http = createServer(listener(handle));
    return new Promise<typeof http>((done) => http.listen(port, '127.0.0.1', () => done(http)));
  };
  let http = await listen(0);
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/mcp`;
  const close = async () => {
    sessions = new Map();
    http.closeAllConnections();
    await new Promise((done) => http.close(done));
  };
  try {
    onTestFinished(close);
  } catch {
    afterAll(close);
  }
  return {
    url,
    requests,
    count: (rpc: string) => requests.filter((request) => request.rpc === rpc).length,
    /** One for each open session. */
    servers: () => [...sessions.values()].map(({ server }) => server),
    async restart() {
      await close();
      http = await listen(port);
    },
  };
}
