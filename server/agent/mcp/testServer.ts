import type { TestServer } from '../../resources/mcpConfigs/service.ts';
import { connect } from './connection.ts';
import { failureOf } from './failures.ts';
import { openServer } from './server.ts';
import type { ServerTool } from './serverTools.ts';

/** Of the whole test, in milliseconds: a user is waiting. */
const maxMs = 20_000;

/** Opens a connection of its own, so that a failure does not count in the circuit breakers of the workers. */
export const testServer: TestServer = async (app, row) => {
  const { config, outbound, log } = app;
  const started = performance.now();
  const since = () => Math.round(performance.now() - started);
  const server = { ...openServer(app, row), timeoutMs: Math.min(row.call_timeout_ms, maxMs) };
  const late = AbortSignal.timeout(maxMs);
  try {
    const connection = await connect(
      server,
      { outbound, log, version: config.workerVersion, onToolsChanged: () => undefined, mayAsk: row.elicitation_enabled },
      late,
    );
    try {
      return {
        success: true,
        latency_ms: since(),
        tools: (await connection.listTools(late)).filter(({ method }) => !method).map(viewTool),
      };
    } finally {
      await connection.close();
    }
  } catch (error) {
    return { success: false, latency_ms: since(), error: failureOf(error).message, tools: [] };
  }
};

const viewTool = ({ name, title, description, annotations }: ServerTool) => ({
  name,
  title: title ?? null,
  description: description ?? null,
  read_only: annotations?.readOnlyHint ?? false,
});
