import type { App } from '../../http/app.ts';
import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { connect, type Connection } from './connection.ts';
import { openServer } from './server.ts';

/** Of the whole work, in milliseconds: a user is waiting. */
const maxMs = 20_000;

type WithOptions = { mayAsk: boolean; signal?: AbortSignal };

/**
 * Works with a connection to a remote server that is closed afterwards. It is not one of a worker, so a failure does not count in their circuit
 * breakers. Throws a `ToolFailure`, the reason of the signal, or `TimeoutError` after 20 s.
 */
export async function withServer<T>(
  app: App,
  row: SealedServerRow,
  { mayAsk, signal }: WithOptions,
  work: (connection: Connection, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { config, outbound, log } = app;
  const server = { ...openServer(app, row), timeoutMs: Math.min(row.call_timeout_ms, maxMs) };
  const late = AbortSignal.timeout(maxMs);
  const bound = signal ? AbortSignal.any([late, signal]) : late;
  const connection = await connect(
    server,
    { outbound, log, version: config.workerVersion, onToolsChanged: () => undefined, mayAsk },
    bound,
  );
  try {
    return await work(connection, bound);
  } finally {
    await connection.close();
  }
}
