import type { McpPrompt, McpPromptRequest } from '../../../../contract/mcpConfigs.ts';
import type { Issue } from '../../../../contract/shared/errors.ts';
import { jsonPointer } from '../../../../contract/shared/input.ts';
import type { PromptOutcome } from '../../../resources/mcpConfigs/promptRequests/messages.ts';
import type { Connection } from '../connection.ts';
import { failureOf } from '../failures.ts';

/** The code of JSON-RPC for invalid parameters (MCP 2025-11-25, prompts). */
const invalidParams = -32602;

/** Lists the prompts of a server, or gets one. Throws as the connection does. */
export async function readPrompts(
  connection: Connection,
  request: McpPromptRequest | undefined,
  signal: AbortSignal,
): Promise<PromptOutcome> {
  const prompts = await connection.listPrompts(signal);
  if (!request) return { kind: 'list', prompts };
  const known = prompts.find(({ name }) => name === request.name);
  if (!known) return { kind: 'not_found' };
  const issues = checkArguments(known, request);
  if (issues.length > 0) return { kind: 'invalid', issues };
  try {
    return { kind: 'prompt', prompt: await connection.getPrompt(request, signal) };
  } catch (error) {
    const { details, message } = failureOf(error);
    if (details?.code !== invalidParams) throw error;
    return { kind: 'invalid', issues: [{ location: 'body', path: '/arguments', message }] };
  }
}

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

/** What is returned for an error of the server. */
export function failedOutcome(error: unknown): PromptOutcome {
  const { errorClass, message } = failureOf(error);
  return { kind: 'failed', error_class: errorClass, message };
}
