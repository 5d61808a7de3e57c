import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { type McpTool, type McpToolName, mcpTools, toolOperations } from '../../contract/mcpTools.ts';
import { type DescribedTool, describeTools } from '../../contract/mcpToolSchemas.ts';
import { requiredPermissionsOf } from '../../contract/shared/policy.ts';
import type { Route } from '../../contract/shared/route.ts';
import { type CallContext, callOperation } from '../http/pipeline/callOperation.ts';
import type { Implementation, RouteHandler } from '../http/pipeline/implement.ts';
import { projectHandlers } from '../resources/projects/handlers.ts';
import { threadHandlers } from '../resources/threads/handlers.ts';
import type { EventBroker } from '../runs/follow/eventBroker.ts';
import { recheckMs } from '../runs/follow/stream.ts';
import { toolOperationHandlers } from './operations.ts';
import { reportProgress } from './progress.ts';
import * as queries from './queries.ts';
import { errorResult, fits, sizeOf, smallerThan, successResult } from './results.ts';
import { isSettled, waitForRun } from './waitForRun.ts';

/** A call of a tool. `signal` aborts when the client cancels the call, or is gone. */
export type ToolCall = CallContext & {
  isCancelled(): boolean;
  /** Whether the answer is a stream, so that the call may wait for a run. */
  isStreamed: boolean;
  onProgress?: (progress: { progress: number; message: string }) => void;
};

const implementations: readonly Implementation[] = [threadHandlers, projectHandlers, toolOperationHandlers];
const handlers = new Map(
  implementations.flatMap(({ routeHandlers }) => Object.values(routeHandlers).map((each): [Route, RouteHandler] => [each.route, each])),
);
const handlerOf = (route: Route): RouteHandler => handlers.get(route)!;

let described: Map<string, DescribedTool> | undefined;
const describedTools = () => (described ??= new Map(describeTools().map((tool) => [tool.name, tool])));

/** The tools that a caller with these permissions can call. */
export const listTools = (permissions: ReadonlySet<string>): DescribedTool[] =>
  [...describedTools().values()].filter(({ name }) =>
    requiredPermissionsOf(mcpTools[name].route.metadata).every((each) => permissions.has(each)),
  );

/** A number among the arguments, or its default. */
function numberIn(tool: McpToolName, args: Record<string, unknown>, name: string): number {
  const { properties } = describedTools().get(tool)!.inputSchema;
  const given = args[name] ?? properties[name]!.default;
  return typeof given === 'object' ? Number.NaN : Number(given);
}

const isTool = (name: string): name is McpToolName => Object.hasOwn(mcpTools, name);

/** Whether a call of a tool asks to wait for a run. */
export const asksToWait = ({ name, arguments: args }: Record<string, unknown>): boolean =>
  typeof name === 'string' && isTool(name) && 'waits' in mcpTools[name] && numberIn(name, { ...(args as object) }, 'wait_seconds') > 0;

/** Calls a tool. Errors of the API become results; an unknown tool is an error of the protocol. */
export async function callTool(
  eventBroker: EventBroker,
  name: string,
  args: Record<string, unknown>,
  call: ToolCall,
): Promise<CallToolResult> {
  if (!isTool(name)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${JSON.stringify(name.slice(0, 100))}.`);
  try {
    return 'waits' in mcpTools[name] ? await askRun(eventBroker, name, args, call) : successResult(await read(name, args, call));
  } catch (error) {
    return errorResult(error, contextOf(name, call));
  }
}

const contextOf = (tool: McpToolName, { app, authenticated, signal }: ToolCall) => ({
  traceId: authenticated.client.traceId,
  log: app.log,
  tool,
  signal,
});

/** Calls the operation of a tool. A result that is too large is read again with a smaller page. */
async function read(name: McpToolName, args: Record<string, unknown>, call: ToolCall): Promise<Record<string, unknown>> {
  const { route, rows, sizedBy }: McpTool = mcpTools[name];
  const { body, next } = await callOperation(call, handlerOf(route), args);
  const result = { ...(rows ? { [rows]: body } : (body as object)), ...(next !== undefined && { next_cursor: next }) };
  const smaller = sizedBy && !fits(result) ? smallerThan(numberIn(name, args, sizedBy), sizeOf(result)) : undefined;
  return smaller === undefined ? result : read(name, { ...args, [sizedBy!]: smaller }, call);
}

/**
 * Calls an operation of a run, waits until the run ends or asks something, and returns its state. Errors after the call has changed something name the
 * run, so that the call is not repeated.
 */
async function askRun(eventBroker: EventBroker, name: McpToolName, args: Record<string, unknown>, call: ToolCall): Promise<CallToolResult> {
  const { route, waits }: McpTool = mcpTools[name];
  const { body } = await callOperation(call, handlerOf(route), args);
  const { run_id } = body as { run_id: string };
  try {
    await wait(eventBroker, run_id, numberIn(name, args, 'wait_seconds') * 1_000, call);
    if (waits === 'own' && call.isCancelled()) await callOperation(call, handlerOf(toolOperations.cancelRun), { run_id });
    const state = await callOperation(call, handlerOf(toolOperations.getRun), { run_id });
    return successResult(state.body as Record<string, unknown>);
  } catch (error) {
    if (route.method === 'GET') throw error;
    return errorResult(error, contextOf(name, call), run_id);
  }
}

/** Throws if the caller loses access. A call without a stream does not wait. */
async function wait(eventBroker: EventBroker, runId: string, maxMs: number, call: ToolCall): Promise<void> {
  const { app, authenticated, signal, isStreamed, onProgress = () => undefined } = call;
  if (!isStreamed || maxMs <= 0) return;
  const { accountId } = authenticated.access!;
  const lost = new AbortController();
  const recheck = setInterval(() => {
    authenticated.recheckAccess({ expired: 'accept' }).catch((error: { status?: number }) => {
      if (error.status !== undefined && error.status < 500) lost.abort(error);
    });
  }, recheckMs);
  using progress = reportProgress(onProgress);
  try {
    const end = performance.now() + maxMs;
    const stop = AbortSignal.any([signal, lost.signal]);
    for (;;) {
      const position = await app.database.row(queries.selectPosition, { accountId, id: runId });
      const left = end - performance.now();
      if (!position || isSettled(position.status) || left <= 0) return;
      const { onEvents } = progress;
      if (!(await waitForRun(eventBroker, { runId, after: position.next_seq - 1, maxMs: left, signal: stop, onEvents }))) break;
    }
    if (!signal.aborted) lost.signal.throwIfAborted();
  } finally {
    clearInterval(recheck);
  }
}
