import { z } from 'zod';
import { caseInsensitivePattern, changes, Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const transports = ['stdio', 'http_sse', 'streamable_http'] as const;

export const McpTransport = z.enum(transports).meta({
  id: 'McpTransport',
  description: 'How the server is reached: a program on the worker, HTTP with server-sent events, or streamable HTTP.',
});
export type McpTransport = z.infer<typeof McpTransport>;

export const McpAuthorization = z.enum(['none', 'required', 'authorized', 'expired']).meta({
  id: 'McpAuthorization',
  description:
    'OAuth access to a remote server. `none`: not known to be needed. `required`: the server has rejected requests without a token. `authorized`: runs use the access that a user has granted. `expired`: that access has ended and must be granted again.',
});
export type McpAuthorization = z.infer<typeof McpAuthorization>;

export const McpConfig = z
  .object({
    id: Id.meta({ description: 'ID of the MCP server.' }),
    account_id: Id.meta({ description: 'The account whose runs use the server.' }),
    name: z.string().meta({ description: 'Unique name in the account. Tools are called `mcp__{name}__{tool}`.' }),
    transport: McpTransport.meta({ description: 'How the server is reached.' }),
    url: z.string().nullable().meta({ description: 'Null for `stdio`.' }),
    has_auth: z.boolean().meta({ description: 'Whether a bearer token is set.' }),
    authorization: McpAuthorization.meta({ description: 'The OAuth access to the server. With a bearer token it is always `none`.' }),
    command: z.string().nullable().meta({ description: 'Null unless the transport is `stdio`.' }),
    args: z.array(z.string()).meta({ description: 'Arguments of the program.' }),
    cwd: z.string().nullable().meta({ description: 'Working directory of the program; null means `/`.' }),
    inherit_parent_env: z.literal(false).meta({ description: 'MCP servers never inherit the environment of the worker.' }),
    call_timeout_ms: z.int().meta({ description: 'Timeout in milliseconds for connecting, for listing tools, and for each tool call.' }),
    elicitation_enabled: z.boolean().meta({ description: 'Whether the server may ask the user of a run during a tool call.' }),
    is_active: z.boolean().meta({ description: 'Whether runs use the server.' }),
    created_at: Time.meta({ description: 'When the server was created.' }),
    updated_at: Time.meta({ description: 'When the server was last changed.' }),
  })
  .meta({ id: 'McpConfig', description: 'An MCP server of an account. Its tokens and environment values are never returned.' });
export type McpConfig = z.infer<typeof McpConfig>;

const url = z
  .string()
  .trim()
  .max(2048)
  .nullish()
  .meta({ description: 'Absolute http(s) URL without user info or fragment. Not allowed with `stdio`.' });
const bearerToken = z
  .string()
  .trim()
  .max(4096)
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII')
  .nullish()
  .meta({ description: 'Sent as `Authorization: Bearer`; null or an empty string means none. Not allowed with `stdio`.' });
const callTimeout = z
  .int()
  .min(1)
  .max(600_000)
  .meta({ description: 'Timeout in milliseconds for connecting, for listing tools, and for each tool call.' });

const elicitationEnabled = z.boolean().meta({
  description: 'Whether the server may ask the user of a run during a tool call (elicitation). The run then waits for the answer.',
});

export const NewMcpConfig = z
  .strictObject({
    name: trimmedText(100).meta({ description: 'Unique in the account, 1 to 100 characters. Part of the names of the tools.' }),
    transport: z
      .string()
      .trim()
      .toLowerCase()
      .pipe(McpTransport)
      .meta({
        description: `One of ${transports.map((each) => `\`${each}\``).join(', ')}; case-insensitive.`,
        pattern: `^(?:${transports.map(caseInsensitivePattern).join('|')})$`,
      }),
    url,
    bearer_token: bearerToken,
    command: z.string().trim().max(4096).nullish().meta({ description: 'The program to run, without a shell. Required with `stdio`.' }),
    args: z.array(z.string().max(8192)).max(64).default([]).meta({ description: 'Arguments of the program.' }),
    cwd: z
      .string()
      .max(4096)
      .regex(/^\//, 'must be an absolute path')
      .nullish()
      .meta({ description: 'Absolute path of the working directory. Default: `/`.' }),
    env: z
      .record(
        z
          .string()
          .max(256)
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
        z.string().max(8192),
      )
      .refine((variables) => Object.keys(variables).length <= 64, 'at most 64 variables')
      .meta({ maxProperties: 64 })
      .default({})
      .meta({ description: 'The complete environment of the program. Never returned.' }),
    inherit_parent_env: z.boolean().optional().meta({ description: 'Accepted but ignored; always false.' }),
    call_timeout_ms: callTimeout.default(10_000),
    elicitation_enabled: elicitationEnabled.default(false),
  })
  .meta({ id: 'NewMcpConfig', description: 'An MCP server to create.' });
export type NewMcpConfig = z.infer<typeof NewMcpConfig>;

export const McpConfigChanges = changes({
  name: trimmedText(100).optional().meta({ description: 'Unique in the account, 1 to 100 characters. Part of the names of the tools.' }),
  url,
  bearer_token: bearerToken,
  call_timeout_ms: callTimeout.optional(),
  elicitation_enabled: elicitationEnabled.optional(),
  is_active: z.boolean().optional().meta({ description: 'Whether runs use the server.' }),
}).meta({ id: 'McpConfigChanges', description: 'The fields of the server to change. At least one is required.' });
export type McpConfigChanges = z.infer<typeof McpConfigChanges>;

export const McpTool = z
  .object({
    name: z.string().meta({ description: 'Name of the tool at the server.' }),
    title: z.string().nullable().meta({ description: 'Name for users; null if the server gives none.' }),
    description: z.string().nullable().meta({ description: 'What the tool does; null if the server gives none.' }),
    read_only: z.boolean().meta({ description: 'Whether the server says that the tool changes nothing.' }),
  })
  .meta({ id: 'McpTool', description: 'A tool of an MCP server.' });
export type McpTool = z.infer<typeof McpTool>;

export const McpTest = z
  .object({
    success: z.boolean().meta({ description: 'Whether the server listed its tools.' }),
    config_id: Id.meta({ description: 'The tested server.' }),
    latency_ms: z.int().min(0).meta({ description: 'Milliseconds until the list of tools or the error.' }),
    error: z.string().optional().meta({ description: 'Why the test failed, without the bearer token; absent on success.' }),
    tools: z.array(McpTool).meta({ description: 'The tools of the server; empty if the test failed.' }),
    authorization: McpAuthorization.meta({ description: 'The OAuth access to the server after the test.' }),
  })
  .meta({ id: 'McpTest', description: 'The result of connecting to an MCP server.' });
export type McpTest = z.infer<typeof McpTest>;

export const McpPrompt = z
  .object({
    name: z.string().meta({ description: 'Name of the prompt at the server.' }),
    title: z.string().nullable().meta({ description: 'Name for users; null if the server gives none.' }),
    description: z.string().nullable().meta({ description: 'What the prompt is for; null if the server gives none.' }),
    arguments: z
      .array(
        z
          .object({
            name: z.string().meta({ description: 'Name of the argument.' }),
            title: z.string().nullable().meta({ description: 'Name for users; null if the server gives none.' }),
            description: z.string().nullable().meta({ description: 'What the argument means; null if the server gives none.' }),
            required: z.boolean().meta({ description: 'Whether the argument must be given.' }),
          })
          .meta({ id: 'McpPromptArgument', description: 'An argument of a prompt. Its value is text.' }),
      )
      .meta({ description: 'The arguments that the prompt takes.' }),
  })
  .meta({ id: 'McpPrompt', description: 'A prompt of an MCP server: messages that a user can choose to send.' });
export type McpPrompt = z.infer<typeof McpPrompt>;

export const McpPromptRequest = z
  .strictObject({
    name: z.string().min(1).max(256).meta({ description: 'Name of the prompt.' }),
    arguments: z
      .record(z.string().min(1).max(256), z.string().max(20_000))
      .refine((values) => Object.keys(values).length <= 100, 'at most 100 arguments')
      .meta({ maxProperties: 100 })
      .default({})
      .meta({ description: 'The values of the arguments, by name.' }),
  })
  .meta({ id: 'McpPromptRequest', description: 'A prompt to get, with its arguments.' });
export type McpPromptRequest = z.infer<typeof McpPromptRequest>;

const mimeType = z.string().nullable().meta({ description: 'Media type; null if the server gives none.' });
const dataOf = (what: string) => z.string().meta({ description: `The bytes of the ${what} in base64.` });

export const McpPromptContent = z
  .discriminatedUnion('type', [
    z
      .object({
        type: z.literal('text').meta({ description: 'The kind of content.' }),
        text: z.string().meta({ description: 'The text.' }),
      })
      .meta({ id: 'McpPromptText', description: 'Text of a prompt.' }),
    z
      .object({
        type: z.literal('image').meta({ description: 'The kind of content.' }),
        mime_type: z.string().meta({ description: 'Media type. For PNG, JPEG, GIF and WebP it is determined by the bytes.' }),
        data: dataOf('image'),
      })
      .meta({ id: 'McpPromptImage', description: 'An image of a prompt.' }),
    z
      .object({
        type: z.literal('audio').meta({ description: 'The kind of content.' }),
        mime_type: z.string().meta({ description: 'Media type as the server gives it.' }),
        data: dataOf('sound'),
      })
      .meta({ id: 'McpPromptAudio', description: 'Sound of a prompt.' }),
    z
      .object({
        type: z.literal('resource').meta({ description: 'The kind of content.' }),
        uri: z.string().meta({ description: 'URI of the resource.' }),
        mime_type: mimeType,
        text: z.string().nullable().meta({ description: 'The content, if it is text; otherwise null.' }),
        data: z.string().nullable().meta({ description: 'The bytes of the content in base64, if it is not text; otherwise null.' }),
      })
      .meta({ id: 'McpPromptResource', description: 'A resource of the server with its content.' }),
    z
      .object({
        type: z.literal('resource_link').meta({ description: 'The kind of content.' }),
        uri: z.string().meta({ description: 'URI of the resource.' }),
        name: z.string().meta({ description: 'Name of the resource.' }),
        title: z.string().nullable().meta({ description: 'Name for users; null if the server gives none.' }),
        description: z.string().nullable().meta({ description: 'What the resource is; null if the server gives none.' }),
        mime_type: mimeType,
      })
      .meta({ id: 'McpPromptLink', description: 'A link to a resource of the server, which models read with its tools.' }),
  ])
  .meta({ id: 'McpPromptContent', description: 'Text, an image, sound, a resource, or a link to one.' });
export type McpPromptContent = z.infer<typeof McpPromptContent>;

export const McpPromptResult = z
  .object({
    description: z.string().nullable().meta({ description: 'What the prompt is for; null if the server gives none.' }),
    messages: z
      .array(
        z
          .object({
            role: z.enum(['user', 'assistant']).meta({ description: 'Who is meant to have written the message.' }),
            content: McpPromptContent.meta({ description: 'The content of the message.' }),
          })
          .meta({ id: 'McpPromptMessage', description: 'A message of a prompt.' }),
      )
      .meta({ description: 'The messages in their order.' }),
  })
  .meta({ id: 'McpPromptResult', description: 'A prompt with its arguments filled in. Nothing is stored or sent to a model.' });
export type McpPromptResult = z.infer<typeof McpPromptResult>;

export const McpAuthorizationStart = z
  .object({
    authorization_url: z.string().meta({ description: 'The page of the authorization server, to be opened in the browser of the caller.' }),
    expires_at: Time.meta({ description: 'Until when the authorization can be completed.' }),
  })
  .meta({ id: 'McpAuthorizationStart', description: 'An authorization to be granted by the user.' });
export type McpAuthorizationStart = z.infer<typeof McpAuthorizationStart>;

export const McpAuthorizationAnswer = z
  .strictObject({
    state: z.string().min(1).max(200).meta({ description: 'Parameter `state` of the callback address.' }),
    code: z.string().min(1).max(8192).meta({ description: 'Parameter `code` of the callback address.' }),
    iss: z.string().min(1).max(2048).optional().meta({ description: 'Parameter `iss` of the callback address, if it has one (RFC 9207).' }),
  })
  .meta({
    id: 'McpAuthorizationAnswer',
    description: 'The answer of the authorization server: the query parameters of the callback address.',
  });
export type McpAuthorizationAnswer = z.infer<typeof McpAuthorizationAnswer>;

const permission = 'data.mcp_configs.manage';
/** Who may start runs, which use the tools of the servers. */
const use = 'data.runs.write';

export const mcpConfigs = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/mcp-configs',
    summary: 'Create an MCP server',
    description:
      "Its tools are offered to the models of the account's next runs. A `stdio` server is a program that runs on the worker. Only platform admins can create or update one.",
    body: NewMcpConfig,
    responses: { 201: McpConfig },
    metadata: { auth: 'user', permission, quota: 'mcp_configs', audit: ['mcp_config.create', 'mcp_config'] },
  },
  list: {
    method: 'GET',
    path: '/v1/mcp-configs',
    summary: 'List MCP servers, newest first',
    description: 'Returns active and inactive servers. Bearer tokens and environment values are not included.',
    query: pageQuery(),
    responses: { 200: z.array(McpConfig) },
    metadata: { auth: 'user', pages: 'cursor' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/mcp-configs/{config_id}',
    summary: 'Update an MCP server',
    description:
      'Omitted fields keep their values; another `url` needs a `bearer_token` again. The transport cannot be changed. The next run lists the tools again.',
    body: McpConfigChanges,
    responses: { 200: McpConfig },
    metadata: { auth: 'user', permission, audit: ['mcp_config.update', 'mcp_config'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/mcp-configs/{config_id}',
    summary: 'Delete an MCP server',
    description: 'The tools are no longer offered to runs. To pause a server, set `is_active` to false instead.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['mcp_config.delete', 'mcp_config'] },
  },
  test: {
    method: 'POST',
    path: '/v1/mcp-configs/{config_id}/test',
    summary: 'Connect to an MCP server and list its tools',
    description:
      'Waits for at most the timeout of the server and 20 seconds. The response is 200 even if the test fails: check `success`. An inactive server can be tested; a `stdio` server cannot, because its program runs on workers only.',
    body: null,
    responses: { 200: McpTest },
    metadata: { auth: 'user', permission, audit: ['mcp_config.test', 'mcp_config'] },
  },
  prompts: {
    method: 'GET',
    path: '/v1/mcp-configs/{config_id}/prompts',
    summary: 'List the prompts of an MCP server',
    description:
      'Asks the server each time, and waits for at most its timeout and 20 seconds. Returns up to 1,000 prompts; descriptions that are not valid are left out. An inactive server is 409. A `stdio` server is asked by a worker; without one, the response is 503 `worker_unavailable`.',
    responses: { 200: z.array(McpPrompt) },
    metadata: { auth: 'user', permission: use, extraErrors: [409, 502] },
  },
  getPrompt: {
    method: 'POST',
    path: '/v1/mcp-configs/{config_id}/prompts/get',
    summary: 'Get the messages of a prompt of an MCP server',
    description:
      'Looks up the prompt, checks the names of the arguments, and asks the server for the messages, a `stdio` server by a worker. Nothing is stored. All messages together have at most 4 MiB. Texts of the server are not checked for instructions to models.',
    body: McpPromptRequest,
    responses: { 200: McpPromptResult },
    metadata: { auth: 'user', permission: use, audit: 'none', idempotent: false, extraErrors: [409, 502] },
  },
  authorize: {
    method: 'POST',
    path: '/v1/mcp-configs/{config_id}/authorization',
    summary: 'Start the OAuth authorization of an MCP server',
    description:
      'Finds the authorization server of a remote MCP server, registers a client there, and returns the address to open. After the user has granted access, the authorization server redirects to `/oauth/mcp/{config_id}` of the front end, which completes the authorization. Replaces one that was started before. An account can start 20 in 10 minutes.',
    body: null,
    responses: { 200: McpAuthorizationStart },
    metadata: {
      auth: 'user',
      permission,
      rateLimit: 'mcp_authorization',
      audit: ['mcp_config.authorize', 'mcp_config'],
      extraErrors: [409, 502],
    },
  },
  completeAuthorization: {
    method: 'POST',
    path: '/v1/mcp-configs/{config_id}/authorization/complete',
    summary: 'Complete the OAuth authorization of an MCP server',
    description:
      'Exchanges the code for tokens, which are stored encrypted. Only the session that started the authorization can complete it, once, and within 10 minutes. The next run uses the access.',
    body: McpAuthorizationAnswer,
    responses: { 200: McpConfig },
    metadata: { auth: 'user', permission, audit: ['mcp_config.authorization_complete', 'mcp_config'], extraErrors: [502] },
  },
  disconnect: {
    method: 'DELETE',
    path: '/v1/mcp-configs/{config_id}/authorization',
    summary: 'Delete the OAuth authorization of an MCP server',
    description:
      'Deletes the tokens and the registered client here, and closes open connections. To end the grant at the authorization server too, use its own pages.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['mcp_config.authorization_delete', 'mcp_config'] },
  },
} as const satisfies Resource);
