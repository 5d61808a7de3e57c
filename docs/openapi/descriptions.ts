/** The introduction of the API reference. */
export const introduction = `An HTTP platform for AI agents: threads, agent runs, and run events that are streamed as they occur.

**Authentication.** Send \`Authorization: Bearer …\` with an access token (from sign-in, valid for minutes) or, where an operation allows it, an API key \`al_…\` or a service key \`als_…\`. The refresh token is sent only in an HttpOnly cookie.

**Accounts.** Every request acts in one account: the account of the credential, or the account in \`X-Account-Id\`. Resources of other accounts are 404.

**Errors.** The body of every error response is a \`Problem\` (\`OpenAiProblem\` under \`/v1/chat/completions\` and \`/v1/models\`). Branch on \`error\` and \`details.reason\`; \`message\` is for humans. \`trace_id\` and the \`X-Trace-Id\` header identify the request in the server log.

**Text.** Text that contains U+0000 or an unpaired surrogate is rejected with 400.

**Pagination.** Lists are sorted newest first unless stated otherwise. If there are more rows, \`X-Next-Cursor\` is the value of \`before\` for the next page, and \`Link\` is the URL of the next page.

**Idempotency.** A request that accepts \`Idempotency-Key\` can be repeated with the same key for 24 hours and takes effect only once.

**Runs.** Add a message to a thread, start a run, and stream its events. The stream ends after \`run.completed\`, \`run.failed\` or \`run.cancelled\`. After a lost connection, resume it with \`Last-Event-ID\`.

**Compatibility.** Responses can gain fields, event types, error reasons and enum values at any time: ignore those that you do not know. Requests with unknown fields are rejected. What is \`deprecated\` works for at least 180 more days; responses of deprecated operations have the headers \`Deprecation\` (RFC 9745) and \`Sunset\` (RFC 8594). See [Compatibility](/docs/guides/compatibility).`;

/** Title and description of each area of the contract, in the order of the reference. Generation fails for an area that is missing here. */
export const areaDescriptions: Readonly<Record<string, readonly [title: string, purpose: string]>> = {
  auth: ['Authentication', 'Sign-up, sign-in and sessions.'],
  providerSignIn: ['Sign-in with identity providers', 'Sign-in by OpenID Connect.'],
  me: ['Me', 'The signed-in user, with their role and permissions in the active account.'],
  secondFactor: ['Second factor', 'A code of an authenticator app that signing in requires in addition.'],
  identities: ['Linked identities', 'The identities at providers with which you can sign in.'],
  passkeys: ['Passkeys', 'Key pairs of devices and password managers, with which users sign in without a password (WebAuthn).'],
  sessions: ['Sessions', 'The devices and programs on which you are signed in.'],
  accounts: ['Accounts', 'Personal accounts and workspaces, and their members.'],
  erasures: ['Erasures', 'The deletion of the data of accounts, with proofs that anyone can verify.'],
  teams: ['Teams', 'Groups of members. A project shared with a team is visible only to its members.'],
  invitations: ['Invitations', 'Invitations by email to join a workspace.'],
  apiKeys: ['API keys', 'Long-lived credentials for servers and scripts.'],
  projects: ['Projects', 'Groups of threads, private or shared with the account or a team.'],
  workspaces: ['Workspaces', 'The files of your runs in a project: list, upload, rename, delete and download them.'],
  threads: ['Threads', 'Conversations.'],
  messages: ['Messages', 'The messages of a thread.'],
  shares: ['Shares', 'Links for reading a thread without an account.'],
  reports: ['Reports', 'Reports of problems with threads.'],
  attachments: ['Attachments', 'Images, text files and documents in messages.'],
  runs: ['Runs', 'Executions of the agent loop, and their events.'],
  memories: ['Memories', 'Facts about you that agents use in later threads. Only you can list them.'],
  schedules: ['Schedules', 'Start runs at the times of a cron pattern, or once.'],
  chatCompletions: [
    'Chat completions',
    'Calls of a model in the format of OpenAI, for existing clients. Errors of these operations are an `OpenAiProblem`.',
  ],
  chatModels: ['Chat models', 'The models that chat completions can use, in the format of OpenAI.'],
  mcp: ['MCP server', 'Threads, runs and workspaces as tools for other agents (Model Context Protocol).'],
  personas: [
    'Personas',
    'System prompts with the tools, models and budgets of their runs. Personas of the account override those of the platform, which override the built-in ones.',
  ],
  skills: ['Skills', 'Folders with instructions and files in the Agent Skills format, which models load when a task requires them.'],
  notifications: ['Notifications', 'Your notifications from all your accounts.'],
  broadcasts: ['Broadcasts', 'Notifications from the platform to all users or to the members of an account.'],
  credits: ['Credits', 'The balance that an account can spend on runs, and the ledger of all changes.'],
  redemptionCodes: ['Redemption codes', 'Codes that give an account credits or a feature.'],
  inviteCodes: ['Invite codes', 'Codes with which users invite others.'],
  referrals: ['Referrals', 'Registrations with the invite code of another user.'],
  usage: ['Usage', 'Tokens and cost of runs over time.'],
  llmProviders: ['Model providers', 'Credentials for model providers.'],
  llmModels: ['Provider models', 'The models of a provider, with their prices and routing rules.'],
  toolProviders: ['Tool providers', 'Providers of the tools that search and read the web.'],
  mcpConfigs: ['MCP servers', 'External tool servers (Model Context Protocol) whose tools are available to the models of your runs.'],
  webhookEndpoints: [
    'Webhook endpoints',
    'URLs to which events are sent, such as the end of a run, signed according to Standard Webhooks.',
  ],
  webhookDeliveries: ['Webhook deliveries', 'Messages sent to a webhook endpoint, and its responses.'],
  asrCredentials: ['Speech providers', 'Credentials for speech recognition.'],
  asr: ['Speech recognition', 'Transcribes recordings.'],
  auditLogs: ['Audit log', 'The actions of users.'],
  ipRules: ['IP rules', 'Client addresses that an account allows or blocks.'],
  dashboard: ['Dashboard', 'Platform-wide statistics.'],
  users: ['Users', 'The users of the platform, their status and their profile.'],
  adminAccounts: ['All accounts', 'The accounts of the platform and their status.'],
  adminErasures: ['All erasures', 'The deletion of the data of any account, and of deleted users.'],
  runDetails: ['Run details', 'Details of the runs of all accounts.'],
  serviceKeys: ['Service keys', 'Long-lived credentials of programs that administer the platform.'],
  identityProviders: ['Identity providers', 'Providers of OpenID Connect with which people sign in.'],
  plans: ['Plans', 'Named sets of entitlements.'],
  subscriptions: ['Subscriptions', 'The plans of accounts.'],
  entitlementOverrides: ['Entitlement overrides', 'Values for single accounts that take precedence over their plan.'],
  platformSettings: ['Settings', 'Settings of the installation.'],
  configSchema: ['Settings schema', 'Available settings and their defaults.'],
  email: ['Email', 'The configuration for outgoing email.'],
  gatewayConfig: ['Gateway', 'The configuration of the gateway: rate limits, risk threshold, trusted proxies and maintenance.'],
  accessLog: ['Access log', 'Requests handled by the gateway.'],
  featureFlags: ['Feature flags', 'Switches of the platform, with overrides for single accounts.'],
  health: ['Health', 'Probes for load balancers and supervisors, outside `/v1`.'],
  bootstrap: ['Bootstrap', 'One-time setup of the first platform admin.'],
};

/** Path parameters by name, if the contract does not describe them. */
export const pathParameterDescriptions: Readonly<Record<string, string>> = {
  account_id: 'ID of the account.',
  broadcast_id: 'ID of the broadcast.',
  code_id: 'ID of the code.',
  config_id: 'ID of the MCP server.',
  identity_id: 'ID of the linked identity.',
  identity_provider_id: 'ID of the identity provider.',
  credential_id: 'ID of the credential.',
  delivery_id: 'ID of the delivery.',
  endpoint_id: 'ID of the webhook endpoint.',
  erasure_id: 'ID of the erasure.',
  id: 'ID of the API key.',
  invitation_id: 'ID of the invitation.',
  memory_id: 'ID of the memory.',
  message_id: 'ID of a visible message that a user wrote.',
  model_id: 'ID of the model, as in `route_id` of runs.',
  notification_id: 'ID of the notification.',
  operation_id: 'ID of the bulk operation.',
  override_id: 'ID of the override.',
  persona_id: 'ID of the persona. Built-in personas cannot be changed.',
  plan_id: 'ID of the plan.',
  project_id: 'ID of the project.',
  provider_id: 'ID of the model provider.',
  rule_id: 'ID of the IP rule.',
  run_id: 'ID of the run.',
  service_key_id: 'ID of the service key.',
  schedule_id: 'ID of the schedule.',
  passkey_id: 'ID of the passkey.',
  session_id: 'ID of the session.',
  skill_id: 'ID of the skill.',
  subscription_id: 'ID of the subscription.',
  team_id: 'ID of the team.',
  thread_id: 'ID of the thread.',
  user_id: 'ID of the user.',
};

/** The areas of a contract in the order of the reference: the work of the API first, then the others as listed. */
export function orderedAreasOf<Resource>(contract: Readonly<Record<string, Resource>>): [area: string, resource: Resource][] {
  const unknown = Object.keys(contract).filter((area) => !areaDescriptions[area]);
  if (unknown.length > 0) throw new Error(`docs/openapi/descriptions.ts does not describe ${unknown.join(', ')}`);
  const ordered = new Set(['threads', 'messages', 'runs', ...Object.keys(areaDescriptions)]);
  return [...ordered].flatMap((area) => (contract[area] ? [[area, contract[area]]] : []));
}

export const successDescriptions = {
  200: 'Success.',
  201: 'Created.',
  202: 'Accepted. Processing continues in the background.',
  204: 'Success. The response has no body.',
  304: 'Your copy is current.',
  503: 'The process is not ready.',
} as const;

export const errorDescriptions = {
  400: 'A value of the request is invalid. `details.issues` lists all validation errors.',
  401: 'The credential is missing or invalid.',
  402: 'The account has no unreserved credits left.',
  403: 'You are not allowed to perform this operation.',
  404: 'The resource does not exist, belongs to another account or is not visible to you. These cases cannot be distinguished.',
  405: 'The path does not support this method. `Allow` lists the supported methods.',
  409: 'The request conflicts with the current state.',
  413: 'The body is too large: more than 1 MiB, or than the limit that the operation states for it, its form or its file.',
  422: 'The body cannot be parsed.',
  429: 'Too many requests. `Retry-After` is the time to wait.',
  408: 'The request did not arrive in time.',
  431: 'The headers are too large.',
  500: 'Internal server error. Quote the trace ID when you report it.',
  502: 'An upstream service that the request needs failed.',
  503: 'A service or feature that the request needs is unavailable or not configured.',
  504: 'The API did not respond to the gateway in time.',
} as const;
