import { ToolFailure } from '../tools/tool.ts';

/** An HTTP response with status 400 or higher. `isSessionLost`: the server does not know the session of the request. */
export class HttpStatusError extends Error {
  override name = 'HttpRefusal';
  readonly status: number;
  readonly isSessionLost: boolean;
  constructor(status: number, isSessionLost: boolean) {
    super(`The server answered with status ${status}.`);
    this.status = status;
    this.isSessionLost = isSessionLost;
  }
}

export const isSessionLost = (error: unknown): boolean =>
  error instanceof ToolFailure && error.cause instanceof HttpStatusError && error.cause.isSessionLost;

/**
 * Marks an error response that this process creates when a stream ends before its answer. A server cannot send it,
 * because it is compared by identity.
 */
export const streamEnded = Object.freeze({});

export const timedOut = () => new ToolFailure('mcp.timeout', 'The tool server did not answer in time.');
export const disconnected = () =>
  new ToolFailure('mcp.disconnected', 'The tool server cannot be reached, or the connection to it was lost.');
/** A server of which no access token works. The status makes the pool replace the connection. */
export const unauthorized = (hadToken: boolean) =>
  new ToolFailure(
    'mcp.unauthorized',
    hadToken ? 'The access to the tool server has expired and must be granted again.' : 'The tool server requires authorization.',
    { status_code: 401 },
  );
export const notRenewed = () => new ToolFailure('mcp.disconnected', 'The access to the tool server could not be renewed.');
export const protocolError = (what = 'The tool server sent what is not a valid answer.') => new ToolFailure('mcp.protocol_error', what);

/** Whether one line of a message says "unknown tool", or "tool … not found". */
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
 * Converts an error of the protocol library, the transport or the network. Never repeats network error messages: they
 * would reveal which ports are open.
 */
export function failureOf(error: unknown): ToolFailure {
  if (error instanceof ToolFailure) return error;
  if (error instanceof HttpStatusError) return Object.assign(refused(error.status), { cause: error });
  if (!(error instanceof Error)) return disconnected();
  const { name, code, data } = error as Known;
  if (name === 'TimeoutError' || code === 'REQUEST_TIMEOUT') return timedOut();
  if (isStreamError(error)) return typeof code !== 'number' ? disconnected() : code >= 400 ? refused(code) : protocolError();
  // Numeric codes are JSON-RPC errors. The library's own errors have string codes.
  if (typeof code === 'number' && !(error instanceof DOMException)) return rpcError(code, error.message, data);
  if (isProtocolError(error) || code === 'INVALID_RESULT' || code === 'CLIENT_HTTP_UNEXPECTED_CONTENT') return protocolError();
  // A plain Error without a code is the library's complaint about the server's answer. System errors have a code or their own class.
  return error.constructor === Error && code === undefined && error.message !== 'Not connected' ? protocolError() : disconnected();
}

const refused = (status: number) =>
  new ToolFailure('mcp.rpc_error', `The tool server answered with status ${status}.`, { status_code: status });

function rpcError(code: number, message: string, data: unknown): ToolFailure {
  if (data === streamEnded) return disconnected();
  const details = { code, ...(data !== undefined && { data }) };
  const errorClass = code === -32602 && saysUnknownTool(message) ? 'mcp.protocol_error' : 'mcp.rpc_error';
  return new ToolFailure(errorClass, message || 'The tool server refused.', details);
}

/** The stream of the older transport was rejected or has ended. The library exports the class under this name but no error codes. */
export const isStreamError = (error: Error): boolean => error.constructor.name === 'SseError';

/** Text that is not JSON, or JSON that is not a protocol message. */
export const isProtocolError = (error: Error): boolean => error instanceof SyntaxError || /^\$?ZodError$/.test(error.name);
