import type { mcp as mcpRoutes } from '../../../contract/mcp.ts';
import { describeTools } from '../../../contract/mcpToolSchemas.ts';
import type { RouteHandlers } from '../context.ts';

const serverInfo = { name: 'arkloop', version: 'mock' };
const capabilities = { tools: {} };

/** The results of the methods. The tools are listed, but not executed: their operations have mocks of their own. */
const results: Readonly<Record<string, (params: Record<string, unknown>) => Record<string, unknown>>> = {
  initialize: ({ protocolVersion = '2025-11-25' }) => ({ protocolVersion, capabilities, serverInfo }),
  'server/discover': () => ({ supportedVersions: ['2026-07-28'], capabilities, serverInfo }),
  ping: () => ({}),
  'tools/list': () => ({ tools: describeTools() }),
  'tools/call': () => ({ isError: true, content: [{ type: 'text', text: 'The mock server does not execute tools.' }] }),
};

export const mcp: RouteHandlers<typeof mcpRoutes> = {
  call: ({ body: { id, method, params = {} } }) => {
    if (id === undefined) return { status: 202, body: undefined };
    const result = Object.hasOwn(results, method) && results[method]!(params);
    const answer = result ? { result } : { error: { code: -32_601, message: 'Method not found' } };
    return { status: 200, body: { jsonrpc: '2.0', id, ...answer } };
  },
};
