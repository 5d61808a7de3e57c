import { isTransientDatabaseError } from '../database/connection/connectionErrors.ts';
import { type Config, OperatorError } from '../platform/config/config.ts';
import { errorCodeOf } from '../platform/operatorError.ts';

const bindingFailures: Record<string, string> = {
  EADDRINUSE: 'is already in use',
  EACCES: 'may not be listened on (permission denied)',
  EADDRNOTAVAIL: 'is not an address of this machine',
  ENOTFOUND: 'is not an address of this machine',
};

/** Starts a listener. A bind error becomes an `OperatorError` that names the variable to change. */
export async function withBindErrors<T>(variable: string, { host, port }: Config['apiAddr'], start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const failure = bindingFailures[errorCodeOf(error) ?? ''];
    const listens = error instanceof Error && 'syscall' in error && ['listen', 'bind', 'getaddrinfo'].includes(`${error.syscall}`);
    throw failure && listens ? new OperatorError(`${variable}: ${host.includes(':') ? `[${host}]` : host}:${port} ${failure}`) : error;
  }
}

/** The message of an error that ends the process: lines for the operator, or the stack of a bug. */
export function fatalErrorMessage(error: unknown): string {
  if (error instanceof OperatorError) return error.message.replace(/^/gm, 'arkloop: ');
  // Of what a start connects to, only the database ends the process.
  if (isTransientDatabaseError(error))
    return `arkloop: ARKLOOP_DATABASE_URL: the database took no connection in time, or cut it${errorCodeOf(error) ? `: ${(error as Error).message.split('\n')[0]}` : ''}`;
  return `arkloop: stopped by an unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
