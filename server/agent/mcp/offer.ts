import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { type Tool, ToolFailure, type ToolOutput } from '../tools/tool.ts';
import type { Found } from './discovery.ts';
import { failureOf, timedOut } from './failures.ts';
import { aborting } from './guard.ts';
import { groupOf, toolNames } from './names.ts';
import type { ServerTool } from './tools.ts';

type Json = Record<string, unknown>;

/** Calls a tool of a server by the name that it has there. */
export type CallTool = (server: SealedServerRow, tool: string, args: Json, signal: AbortSignal) => Promise<ToolOutput>;

/** What servers offer as tools for a model; one whose name is that of a tool of the product is left out. */
export function offer(found: readonly Found[], isBuiltin: (name: string) => boolean, call: CallTool): Tool[] {
  const offered = found.flatMap(({ row, tools }) => tools.map((tool) => ({ row, tool })));
  const names = toolNames(offered.map(({ row, tool }) => ({ server: row.name, tool: tool.name })));
  const tools = offered.map(
    ({ row, tool: { name: remote, description, title, inputSchema, annotations } }, at): Tool => ({
      name: names[at]!,
      description: description || title || `MCP tool: ${remote}`,
      parameters: inputSchema,
      group: groupOf(row.name),
      parallel: !isDestructive(annotations),
      sideEffects: annotations?.readOnlyHint !== true,
      timeoutMs: row.call_timeout_ms,
      run: (args, { signal }) => told(signal, () => call(row, remote, args, signal)),
    }),
  );
  return tools.filter(({ name }) => !isBuiltin(name));
}

/** Whether a server says that a tool may destroy something: what writes does so unless it is said not to (MCP 2025-06-18, `ToolAnnotations`). */
const isDestructive = ({ readOnlyHint, destructiveHint }: NonNullable<ServerTool['annotations']> = {}) =>
  readOnlyHint !== true && (destructiveHint ?? readOnlyHint === false);

/** A call that ends with its signal, and fails with what a model should be told. */
async function told(signal: AbortSignal, call: () => Promise<ToolOutput>): Promise<ToolOutput> {
  try {
    return await aborting(signal, call);
  } catch (error) {
    if (!signal.aborted) throw failureOf(error);
    throw isTimeout(signal.reason) ? timedOut() : signal.reason;
  }
}

const isTimeout = (reason: unknown) =>
  reason instanceof ToolFailure ? reason.errorClass === 'tool.hard_timeout' : reason instanceof Error && reason.name === 'TimeoutError';
