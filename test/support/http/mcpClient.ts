import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import type { TestApp } from '../app/testApp.ts';

/** The revision that a client begins with. */
export type Era = '2026-07-28' | 'legacy';

/** A client of the official SDK. Closed after the test. */
export async function connectMcp(url: string, token: string, era: Era = '2026-07-28') {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: era } } });
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  const result = (answer: CallToolResult) => JSON.parse((answer.content[0] as { text: string }).text);
  return {
    client,
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    /** Calls a tool that must succeed. The client compares the result with the schema of the tool. */
    async use(name: string, args: object = {}, options: object = {}) {
      const answer = (await client.callTool({ name, arguments: { ...args } }, options)) as CallToolResult;
      if (answer.isError) throw new Error(`${name}: ${JSON.stringify(answer.content)}`);
      return answer.structuredContent as any;
    },
    /** Calls a tool that must fail, and returns the error. */
    async fail(name: string, args: object = {}) {
      const answer = (await client.callTool({ name, arguments: { ...args } })) as CallToolResult;
      if (!answer.isError) throw new Error(`${name} did not fail: ${JSON.stringify(answer.content)}`);
      return result(answer) as { error: string; message: string; trace_id: string; details: any };
    },
  };
}

/** Sends a body to the MCP server without a client. Does not read the response. */
export const openMcp = ({ url }: Pick<TestApp, 'url'>, token: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(new URL('/mcp', url), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** Sends a body to the MCP server without a client. */
export async function postMcp(...request: Parameters<typeof openMcp>) {
  const response = await openMcp(...request);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
}
