import type { CallToolResult } from '@modelcontextprotocol/server';
import { ToolFailure } from '../agent/tools/tool.ts';
import { failureOf } from '../http/errors.ts';
import type { Log } from '../platform/telemetry/log.ts';

/** Largest JSON of a result, in bytes. It becomes part of the conversation of another agent. */
const maxResultBytes = 100_000;

export const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
export const fits = (value: unknown): boolean => sizeOf(value) <= maxResultBytes;

/** The next smaller value of an argument that sizes a result. Undefined if there is none. */
export function smallerThan(current: number, size: number): number | undefined {
  const next = Math.floor((current * maxResultBytes * 0.9) / size);
  return current > 1 ? Math.min(current - 1, Math.max(1, next)) : undefined;
}

/** A result with its JSON as text, for clients that do not read structured content. Long texts are cut if it is too large. */
export function successResult(value: Record<string, unknown>): CallToolResult {
  let content = value;
  for (let most = 65_536; !fits(content); most /= 2) {
    if (most < 256)
      return problemResult({
        error: 'payload_too_large',
        message: `The result has ${sizeOf(value)} bytes, more than ${maxResultBytes}. Ask for less.`,
        details: { reason: 'result_too_large' },
      });
    content = cutTexts(value, most) as Record<string, unknown>;
  }
  return { content: [{ type: 'text', text: JSON.stringify(content) }], structuredContent: content };
}

function cutTexts(value: unknown, most: number): unknown {
  if (typeof value === 'string')
    return value.length <= most ? value : `${value.slice(0, most).toWellFormed()}… (cut after ${most} of ${value.length} characters)`;
  if (Array.isArray(value)) return value.map((each) => cutTexts(each, most));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, cutTexts(each, most)]));
}

type ToolProblem = { error: string; message: string; trace_id?: string; details: Record<string, unknown> };

const problemResult = (problem: ToolProblem): CallToolResult => ({
  isError: true,
  content: [{ type: 'text', text: JSON.stringify(problem) }],
});

type FailedCall = { traceId: string; log: Log; tool: string; signal: AbortSignal };

/**
 * An error of the API as a result, so that the agent can read it and do something else. `acceptedRun` is the run of a call that was accepted before the
 * error: then nothing suggests to repeat the call.
 */
export function errorResult(error: unknown, { traceId, log, tool, signal }: FailedCall, acceptedRun?: string): CallToolResult {
  if (error instanceof ToolFailure)
    return problemResult({ error: error.errorClass, message: error.message, trace_id: traceId, details: error.details ?? {} });
  const { code, message, details, status, headers } = failureOf(error);
  // A cancelled call ends with an error that nobody needs to look at.
  if (status === 500 && !signal.aborted) log.error({ err: error, trace_id: traceId, tool }, 'a tool of the MCP server failed');
  else if (status === 503) log.warn({ err: error, trace_id: traceId, tool }, 'a tool met a dependency that is down');
  if (acceptedRun !== undefined)
    return problemResult({
      error: code,
      message: `The call was accepted; continue with get_run. ${message}`,
      trace_id: traceId,
      details: { ...details, run_id: acceptedRun },
    });
  const wait = headers['retry-after'] && { retry_after_seconds: Number(headers['retry-after']) };
  return problemResult({ error: code, message, trace_id: traceId, details: { ...details, ...wait } });
}
