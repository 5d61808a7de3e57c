import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { type Tool, type ToolContext, ToolFailure, type ToolOutput } from '../tools/tool.ts';
import { raceWithAbort } from './connectionGuard.ts';
import type { DiscoveredServer } from './discovery.ts';
import { failureOf, timedOut } from './failures.ts';
import type { ServerTool } from './serverTools.ts';
import { groupOf, toolNames } from './toolNames.ts';

type Json = Record<string, unknown>;

export type CallTool = (server: SealedServerRow, tool: ServerTool, args: Json, context: ToolContext) => Promise<ToolOutput>;

/** The tools of the servers as agent tools. A tool with the name of a built-in tool is left out. */
export function toAgentTools(found: readonly DiscoveredServer[], isBuiltin: (name: string) => boolean, call: CallTool): Tool[] {
  const offered = found.flatMap(({ row, tools }) => tools.map((tool) => ({ row, tool })));
  const names = toolNames(offered.map(({ row, tool }) => ({ server: row.name, tool: tool.name })));
  const tools = offered.map(({ row, tool }, at): Tool => ({
    name: names[at]!,
    description: tool.description || tool.title || `MCP tool: ${tool.name}`,
    parameters: tool.inputSchema,
    group: groupOf(row.name),
    // Questions of parallel calls could not be told apart.
    parallel: !isDestructive(tool.annotations) && !row.elicitation_enabled,
    sideEffects: tool.annotations?.readOnlyHint !== true,
    timeoutMs: row.call_timeout_ms,
    run: (args, context) => withToolFailures(context.signal, () => call(row, tool, args, context)),
  }));
  return tools.filter(({ name }) => !isBuiltin(name));
}

/** Whether a tool may be destructive: a tool that writes is, unless it declares otherwise (MCP 2025-06-18, `ToolAnnotations`). */
const isDestructive = ({ readOnlyHint, destructiveHint }: NonNullable<ServerTool['annotations']> = {}) =>
  readOnlyHint !== true && (destructiveHint ?? readOnlyHint === false);

/** Ends a call with its signal, and converts errors to a `ToolFailure` for the model. */
async function withToolFailures(signal: AbortSignal, call: () => Promise<ToolOutput>): Promise<ToolOutput> {
  try {
    return await raceWithAbort(signal, call);
  } catch (error) {
    if (!signal.aborted) throw failureOf(error);
    throw isTimeout(signal.reason) ? timedOut() : signal.reason;
  }
}

const isTimeout = (reason: unknown) =>
  reason instanceof ToolFailure ? reason.errorClass === 'tool.hard_timeout' : reason instanceof Error && reason.name === 'TimeoutError';
