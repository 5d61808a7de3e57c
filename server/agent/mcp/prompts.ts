import type { McpPrompt, McpPromptRequest } from '../../../contract/mcpConfigs.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';
import type { App } from '../../http/app.ts';
import { failWith, invalid, invalidField } from '../../platform/failure.ts';
import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import type { ServerPrompts } from '../../resources/mcpConfigs/service.ts';
import type { ToolFailure } from '../tools/tool.ts';
import type { Connection } from './connection.ts';
import { failureOf } from './failures.ts';
import { withServer } from './withServer.ts';

/** The code of JSON-RPC for invalid parameters (MCP 2025-11-25, prompts). */
const invalidParams = -32602;

/** The prompts of a server, on a connection of each request: they are never stale, and no announcement of changes is needed. */
export const serverPrompts: ServerPrompts = {
  list: (app, row, signal) => ask(app, row, signal, (connection, bound) => connection.listPrompts(bound)),
  async get(app, row, request, signal) {
    const found = await ask(app, row, signal, async (connection, bound) => {
      const prompt = (await connection.listPrompts(bound)).find(({ name }) => name === request.name);
      const issues = prompt && checkArguments(prompt, request);
      if (!issues || issues.length > 0) return { issues };
      try {
        return { prompt: await connection.getPrompt(request, bound) };
      } catch (error) {
        const { details, message } = failureOf(error);
        if (details?.code !== invalidParams) throw error;
        return { issues: [{ location: 'body', path: '/arguments', message } satisfies Issue] };
      }
    });
    if (found.prompt) return found.prompt;
    throw found.issues
      ? invalid(found.issues, 'invalid_prompt_arguments')
      : invalidField('/name', 'The server has no prompt with this name.', 'prompt_not_found');
  },
};

/** Servers check values. The names are checked here, because servers report missing arguments in many ways. */
function checkArguments({ arguments: known }: McpPrompt, { arguments: given }: McpPromptRequest): Issue[] {
  const issue = (name: string, message: string): Issue => ({ location: 'body', path: jsonPointer(['arguments', name]), message });
  const names = new Set(known.map(({ name }) => name));
  return [
    ...known.filter(({ name, required }) => required && !Object.hasOwn(given, name)).map(({ name }) => issue(name, 'is required')),
    ...Object.keys(given)
      .filter((name) => !names.has(name))
      .map((name) => issue(name, 'is not an argument of the prompt')),
  ];
}

async function ask<T>(
  app: App,
  row: SealedServerRow,
  signal: AbortSignal,
  work: (connection: Connection, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withServer(app, row, { mayAsk: false, signal }, work);
  } catch (error) {
    if (signal.aborted) throw failWith('upstream', 'client_disconnected', 'The client disconnected.');
    const failure = failureOf(error);
    throw failWith('upstream', reasonOf(failure), failure.message, { error_class: failure.errorClass });
  }
}

function reasonOf({ errorClass }: ToolFailure): string {
  if (errorClass === 'mcp.unauthorized') return 'upstream_auth_failed';
  if (errorClass === 'mcp.timeout' || errorClass === 'mcp.disconnected') return 'upstream_unreachable';
  return errorClass === 'mcp.protocol_error' ? 'upstream_invalid_response' : 'upstream_request_failed';
}
