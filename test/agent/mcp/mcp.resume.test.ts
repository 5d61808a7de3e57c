import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { ToolFailure } from '../../../server/agent/tools/tool.ts';
import { addMcpConfig, callToolText, openMcp, startHttpServer } from '../../support/agent/mcp.ts';
import { toolNamed } from '../../support/agent/mcpScripted.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';

const app = await sharedTestApp();
const mcp = await openMcp(app);

const resumable = ['resumed', 'refused', 'again'];
const answerTo = (id: unknown) =>
  `data: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'pong' }] } })}\n\n`;
const streamTo = (res: ServerResponse) => res.writeHead(200, { 'content-type': 'text/event-stream' });

/** Responses to a GET that resumes a stream, by tool name. */
const resumptions: Record<string, (res: ServerResponse, id: unknown) => void> = {
  resumed: (res, id) => void streamTo(res).end(answerTo(id)),
  refused: (res) => void res.writeHead(405).end(),
  again: (res) => void streamTo(res).end(),
};

const server = await startHttpServer((req, res, body) => {
  const [name, id] = String(req.headers['last-event-id'] ?? '').split(' ');
  if (req.method === 'GET') return resumptions[name!]!(res, Number(id));
  if (body?.id === undefined) return res.writeHead(202).end();
  if (body.method === 'tools/call') {
    streamTo(res).write(`retry: 10\nid: ${body.params.name} ${body.id}\ndata:\n\n`);
    return setTimeout(() => res.socket?.destroy(), 50);
  }
  const initial = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } };
  const result = body.method === 'initialize' ? initial : { tools: resumable.map((name) => toolNamed(name)) };
  res.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result }));
});

test('an interrupted stream is resumed from the last event id, or fails as disconnected', async () => {
  const person = await app.signUp();
  await addMcpConfig(app, person, { name: 'web', transport: 'streamable_http', url: server.url, bearer_token: 'tok-4f9c2a71b8d0' });
  const { tools } = await mcp.tools({ account_id: person.accountId });
  const call = (name: string) => callToolText(tools, `mcp__web__${name}`).catch((error: ToolFailure) => error.errorClass);
  expect(await call('resumed')).toBe('pong');
  expect(await call('refused')).toBe('mcp.disconnected');
  expect(await call('again')).toBe('mcp.disconnected');
  expect(await call('resumed')).toBe('pong');
  expect(server.requests.filter(({ method }) => method === 'GET').length).toBeLessThan(10);
  expect(server.requests.every(({ headers }) => headers.authorization === 'Bearer tok-4f9c2a71b8d0')).toBe(true);
});
