import type { McpPromptRequest } from '../../../../contract/mcpConfigs.ts';
import type { App } from '../../../http/app.ts';
import { type Failure, failWith, invalid, invalidField } from '../../../platform/failure.ts';
import { askWorker } from '../../../resources/mcpConfigs/promptRequests/askWorker.ts';
import type { PromptOutcome } from '../../../resources/mcpConfigs/promptRequests/messages.ts';
import type { SealedServerRow } from '../../../resources/mcpConfigs/queries.ts';
import type { ServerPrompts } from '../../../resources/mcpConfigs/service.ts';
import { withServer } from '../withServer.ts';
import { failedOutcome, readPrompts } from './readPrompts.ts';

/**
 * The prompts of a server, asked for by each request: they are never stale, and no announcement of changes is needed. A remote server is asked on a
 * connection of the request, a program by a worker.
 */
export const serverPrompts: ServerPrompts = {
  async list(app, row, signal) {
    const outcome = await ask(app, row, undefined, signal);
    if (outcome.kind === 'list') return outcome.prompts;
    throw failureFor(outcome);
  },
  async get(app, row, request, signal) {
    const outcome = await ask(app, row, request, signal);
    if (outcome.kind === 'prompt') return outcome.prompt;
    throw failureFor(outcome);
  },
};

async function ask(app: App, row: SealedServerRow, request: McpPromptRequest | undefined, signal: AbortSignal): Promise<PromptOutcome> {
  if (row.transport === 'stdio') return askWorker(app, row.account_id, { config_id: row.id, ...(request && { prompt: request }) }, signal);
  try {
    return await withServer(app, row, { mayAsk: false, signal }, (connection, bound) => readPrompts(connection, request, bound));
  } catch (error) {
    if (signal.aborted) throw failWith('upstream', 'client_disconnected', 'The client disconnected.');
    return failedOutcome(error);
  }
}

function failureFor(outcome: PromptOutcome): Failure {
  if (outcome.kind === 'not_found') return invalidField('/name', 'The server has no prompt with this name.', 'prompt_not_found');
  if (outcome.kind === 'invalid') return invalid(outcome.issues, 'invalid_prompt_arguments');
  if (outcome.kind !== 'failed') throw new Error(`the outcome ${outcome.kind} answers another question`);
  const { error_class: errorClass, message } = outcome;
  return failWith('upstream', reasonOf(errorClass), message, { error_class: errorClass });
}

function reasonOf(errorClass: string): string {
  if (errorClass === 'mcp.unauthorized') return 'upstream_auth_failed';
  if (errorClass === 'mcp.timeout' || errorClass === 'mcp.disconnected') return 'upstream_unreachable';
  return errorClass === 'mcp.protocol_error' ? 'upstream_invalid_response' : 'upstream_request_failed';
}
