import type { TestServer } from '../../resources/mcpConfigs/service.ts';
import { failureOf } from './failures.ts';
import type { ServerTool } from './serverTools.ts';
import { withServer } from './withServer.ts';

export const testServer: TestServer = async (app, row) => {
  const started = performance.now();
  const since = () => Math.round(performance.now() - started);
  try {
    return await withServer(app, row, { mayAsk: row.elicitation_enabled }, async (connection, signal) => ({
      success: true,
      latency_ms: since(),
      tools: (await connection.listTools(signal)).filter(({ method }) => !method).map(viewTool),
    }));
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
