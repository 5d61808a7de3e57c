import { ToolFailure } from '../tools/tool.ts';

/** An answer of HTTP with a status of 400 or more; `isSessionLost` when it means that the server does not know the session of the request. */
export class HttpRefusal extends Error {
  override name = 'HttpRefusal';
  readonly status: number;
  readonly isSessionLost: boolean;
  constructor(status: number, isSessionLost: boolean) {
    super(`The server answered with status ${status}.`);
    this.status = status;
    this.isSessionLost = isSessionLost;
  }
}

/** Whether a call failed because the server does not know its session. */
export const isSessionLost = (error: unknown): boolean =>
  error instanceof ToolFailure && error.cause instanceof HttpRefusal && error.cause.isSessionLost;

/** The mark on an answer that this process makes itself when a stream ends before its answer; no server can send it. */
export const streamEnded = Object.freeze({});

export const timedOut = () => new ToolFailure('mcp.timeout', 'The tool server did not answer in time.');
export const disconnected = () =>
  new ToolFailure('mcp.disconnected', 'The tool server cannot be reached, or the connection to it was lost.');
export const garbled = (what = 'The tool server sent what is not a valid answer.') => new ToolFailure('mcp.protocol_error', what);

/** Whether a message says "unknown tool", or "tool … not found" in one line. */
function saysUnknownTool(message: string): boolean {
  return message
    .toLowerCase()
    .split('\n')
    .some((line) => {
      const tool = line.search(/\btool\b/);
      return line.includes('unknown tool') || (tool >= 0 && line.includes(' not found', tool));
    });
}

type Known = Error & { code?: unknown; data?: unknown };

/**
 * What a failure of the protocol library, the transport or the network is to a model. It does not repeat what the network said: that
 * would tell open ports from closed ones.
 */
export function failureOf(error: unknown): ToolFailure {
  if (error instanceof ToolFailure) return error;
  if (error instanceof HttpRefusal) return Object.assign(refused(error.status), { cause: error });
  if (!(error instanceof Error)) return disconnected();
  const { name, code, data } = error as Known;
  if (name === 'TimeoutError' || code === 'REQUEST_TIMEOUT') return timedOut();
  if (isStreamError(error)) return typeof code !== 'number' ? disconnected() : code >= 400 ? refused(code) : garbled();
  // The numbers of the library are those of JSON-RPC, its own reasons are words.
  if (typeof code === 'number' && !(error instanceof DOMException)) return rpcError(code, error.message, data);
  if (isGarbage(error) || code === 'INVALID_RESULT' || code === 'CLIENT_HTTP_UNEXPECTED_CONTENT') return garbled();
  // Without a reason it complains about what the server said; what the system reports has a code or a class of its own.
  return error.constructor === Error && code === undefined && error.message !== 'Not connected' ? garbled() : disconnected();
}

const refused = (status: number) =>
  new ToolFailure('mcp.rpc_error', `The tool server answered with status ${status}.`, { status_code: status });

function rpcError(code: number, message: string, data: unknown): ToolFailure {
  if (data === streamEnded) return disconnected();
  const details = { code, ...(data !== undefined && { data }) };
  const errorClass = code === -32602 && saysUnknownTool(message) ? 'mcp.protocol_error' : 'mcp.rpc_error';
  return new ToolFailure(errorClass, message || 'The tool server refused.', details);
}

/** The stream of a server of the older kind was refused or has ended; the library names the class, not its errors. */
export const isStreamError = (error: Error): boolean => error.constructor.name === 'SseError';

/** Text that is no JSON, or JSON that is no message of the protocol. */
export const isGarbage = (error: Error): boolean => error instanceof SyntaxError || /^\$?ZodError$/.test(error.name);
