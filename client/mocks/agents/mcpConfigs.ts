import type { McpConfig, McpPrompt, mcpConfigs as routes } from '../../../contract/mcpConfigs.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';
import type { Context, RouteHandlers } from '../context.ts';
import { apiError, invalid, invalidField } from '../http/errors.ts';

/** The prompts of every server. */
const prompts: McpPrompt[] = [
  {
    name: 'summarize',
    title: 'Summarize a text',
    description: 'A summary for readers in a hurry',
    arguments: [
      { name: 'text', title: 'Text', description: 'What to summarize', required: true },
      { name: 'language', title: null, description: 'The language of the summary', required: false },
    ],
  },
  { name: 'greet', title: null, description: null, arguments: [] },
];

function checkAvailable({ loaded }: Pick<Context, 'loaded'>): void {
  const { is_active: isActive } = loaded.config_id!.value as McpConfig;
  if (!isActive) throw apiError('conflict', 'mcp_server_unavailable', 'This server is turned off.');
}

/** Every authorization is granted: the address to open is the callback address with a code. */
export const mcpConfigs: RouteHandlers<typeof routes> = {
  prompts: (context) => {
    checkAvailable(context);
    return { status: 200, body: prompts };
  },
  getPrompt: (context) => {
    checkAvailable(context);
    const { name, arguments: given } = context.body;
    const prompt = prompts.find((each) => each.name === name);
    if (!prompt) throw invalidField('/name', 'The server has no prompt with this name.', 'prompt_not_found');
    const issue = (argument: string, message: string): Issue => ({
      location: 'body',
      path: jsonPointer(['arguments', argument]),
      message,
      reason: 'invalid_prompt_arguments',
    });
    const known = prompt.arguments;
    const issues = [
      ...known.filter((each) => each.required && !Object.hasOwn(given, each.name)).map((each) => issue(each.name, 'is required')),
      ...Object.keys(given)
        .filter((key) => !known.some((each) => each.name === key))
        .map((key) => issue(key, 'is not an argument of the prompt')),
    ];
    if (issues.length > 0) throw invalid(issues);
    const text = name === 'greet' ? 'Say hello!' : `Summarize${given.language ? ` in ${given.language}` : ''}:\n\n${given.text}`;
    return { status: 200, body: { description: prompt.description, messages: [{ role: 'user', content: { type: 'text', text } }] } };
  },
  authorize: ({ engine, params, request }) => {
    const address = new URL(`/oauth/mcp/${params.config_id}`, request.url);
    address.search = new URLSearchParams({ code: 'mock', state: 'mock' }).toString();
    return { status: 200, body: { authorization_url: address.href, expires_at: engine.time(600_000) } };
  },
  disconnect: ({ loaded }) => {
    loaded.config_id!.value.authorization = 'none';
    return { status: 204, body: undefined };
  },
};
