import { type Config, OperatorError } from '../kernel/config.ts';
import { isConnectionLost } from '../kernel/lostConnection.ts';
import { codeOf } from '../kernel/operatorError.ts';

const bindingFailures: Record<string, string> = {
  EADDRINUSE: 'is already in use',
  EACCES: 'may not be listened on (permission denied)',
  EADDRNOTAVAIL: 'is not an address of this machine',
  ENOTFOUND: 'is not an address of this machine',
};

/** Start something that listens; a refusal names the variable to change. */
export async function listening<T>(variable: string, { host, port }: Config['apiAddr'], start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const failure = bindingFailures[codeOf(error) ?? ''];
    const listens = error instanceof Error && 'syscall' in error && ['listen', 'bind', 'getaddrinfo'].includes(`${error.syscall}`);
    throw failure && listens ? new OperatorError(`${variable}: ${host.includes(':') ? `[${host}]` : host}:${port} ${failure}`) : error;
  }
}

/** What is told about an error that ends the process: lines for the operator, or the stack of a defect. */
export function complaint(error: unknown): string {
  if (error instanceof OperatorError) return error.message.replace(/^/gm, 'arkloop: ');
  if (isConnectionLost(error)) return 'arkloop: ARKLOOP_DATABASE_URL: the database took no connection in time, or cut it';
  return `arkloop: stopped by an unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
