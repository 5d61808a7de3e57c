/** What the documents say about the API as a whole. */
export const introduction = `An HTTP platform for AI agents: conversations, agent runs, and the events that describe them as they happen.

**Credentials.** Send \`Authorization: Bearer …\` with an access token (from sign-in, it lasts minutes) or, where an operation allows it, an API key \`al_…\`. The refresh token travels only in an HttpOnly cookie.

**Accounts.** Every call acts in one account: the one the credential names, or the one in \`X-Account-Id\`. What belongs to another account looks absent.

**Refusals.** Every refusal is a \`Problem\`. Branch on \`error\` and \`details.reason\`; \`message\` is for people. \`trace_id\` and the header \`X-Trace-Id\` name the request in the server's log.

**Text.** No text of a request may hold U+0000 or half of a surrogate pair: 400.

**Lists.** Newest first. While there are more rows, \`X-Next-Cursor\` holds the value for \`before\`, and \`Link\` the whole next page.

**Repeating.** A POST that takes \`Idempotency-Key\` can be sent again with the same key for 24 hours and has one effect.

**Runs.** Add a message to a thread, start a run, follow its events. The stream ends after \`run.completed\`, \`run.failed\` or \`run.cancelled\`; after a lost connection continue with \`Last-Event-ID\`.`;

/** Title and purpose of each area of the contract, in the order of reading; an area without them does not generate. */
export const areaProse: Readonly<Record<string, readonly [title: string, purpose: string]>> = {
  auth: ['Sign-in', 'Sign-up, sign-in and sessions.'],
  me: ['Me', 'The signed-in user as seen from the active account.'],
  accounts: ['Accounts', 'Personal accounts and workspaces, and who belongs to them.'],
  teams: ['Teams', 'Groups of members: they decide who sees a shared project that names a team.'],
  invitations: ['Invitations', 'Ways into a workspace for people by their email address.'],
  apiKeys: ['API keys', 'Long-lived credentials for servers and scripts.'],
  projects: ['Projects', 'Groups of threads, private or shared with the account or one team.'],
  workspaces: ['Workspaces', 'The files that your runs in a project have made.'],
  threads: ['Threads', 'Conversations.'],
  messages: ['Messages', 'The transcript of a thread.'],
  shares: ['Shares', 'Threads shown to people without an account.'],
  reports: ['Reports', 'What people find wrong with threads.'],
  attachments: ['Attachments', 'Images and text files that messages name.'],
  runs: ['Runs', 'Executions of the agent loop, and the events that describe them.'],
  personas: [
    'Personas',
    'System prompts with what a run under them may use: of the account, over those of the platform, over those built in.',
  ],
  notifications: ['Notifications', 'What you were told, over all your accounts.'],
  broadcasts: ['Broadcasts', 'Messages of the platform to all users or to those of one account.'],
  credits: ['Credits', 'What an account may spend on runs, and the ledger of every change.'],
  redemptionCodes: ['Redemption codes', 'Codes that bring an account credits or a feature.'],
  inviteCodes: ['Invite codes', 'The codes with which users invite others.'],
  referrals: ['Referrals', 'Who brought whom along.'],
  usage: ['Usage', 'Tokens and cost of runs over time.'],
  llmProviders: ['Providers', 'Credentials for model providers.'],
  llmModels: ['Provider models', 'The models under a provider, with their prices and routing rules.'],
  toolProviders: ['Tool providers', 'Back ends of the tools that search and read the web.'],
  mcpConfigs: ['Tool servers', 'External tool servers (Model Context Protocol) whose tools the models of your runs are given.'],
  webhookEndpoints: ['Webhooks', 'Addresses of yours that are told when runs end, signed as Standard Webhooks.'],
  webhookDeliveries: ['Webhook deliveries', 'What was sent to an address, and what came back.'],
  asrCredentials: ['Speech providers', 'Credentials for speech recognition.'],
  asr: ['Speech recognition', 'Turns recordings into text.'],
  auditLogs: ['Audit log', 'Who did what.'],
  ipRules: ['Address rules', 'Client addresses that an account lets in or keeps out.'],
  dashboard: ['Dashboard', 'The platform in numbers.'],
  users: ['Users', 'The users of the platform: who may sign in, and who administers it.'],
  adminAccounts: ['All accounts', 'The accounts of the platform, and whether they may be used.'],
  runDetails: ['Run details', 'Runs of all accounts from close up.'],
  plans: ['Plans', 'Named sets of entitlements.'],
  subscriptions: ['Subscriptions', 'Which account is on which plan.'],
  entitlementOverrides: ['Entitlement overrides', 'What single accounts may that their plan does not say.'],
  platformSettings: ['Settings', 'Settings of the installation.'],
  configSchema: ['Registry of settings', 'What can be set, and what counts while nothing is.'],
  email: ['Email', 'How mail leaves the installation.'],
  gatewayConfig: ['Gateway', 'What the gateway lets through, and whose word on the caller it takes.'],
  accessLog: ['Access log', 'What the gateway answered.'],
  featureFlags: ['Feature flags', 'Switches of the platform, and their values for single accounts.'],
  health: ['Health', 'Probes for load balancers and supervisors, beside `/v1`.'],
  bootstrap: ['Bootstrap', 'The first platform admin, once.'],
};

/** The areas of a contract in the order of reading. */
export function areasOf<Resource>(contract: Readonly<Record<string, Resource>>): [area: string, resource: Resource][] {
  const unknown = Object.keys(contract).filter((area) => !areaProse[area]);
  if (unknown.length > 0) throw new Error(`docs/prose.ts does not describe ${unknown.join(', ')}`);
  return Object.keys(areaProse).flatMap((area) => (contract[area] ? [[area, contract[area]]] : []));
}

/** What each success status means. */
export const successProse = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted; the work goes on.',
  204: 'Done; there is no content.',
  304: 'What you have is current.',
  503: 'The process cannot work now.',
} as const;

/** What each refusal status means. */
export const refusalProse = {
  400: 'A value of the request breaks a rule; `details.issues` lists all of them.',
  401: 'There is no usable credential.',
  402: 'The account has no credits left that are not reserved.',
  403: 'You can see this but may not do it.',
  404: 'Absent, of another account, or not visible to you: the three look the same.',
  405: 'The path knows other methods; `Allow` names them.',
  409: 'The request clashes with the present state.',
  413: 'The body is too large: more than 1 MiB, or than this form or its file may be.',
  422: 'The body cannot be read at all.',
  429: 'Too many requests; `Retry-After` says when to come back.',
  408: 'The request did not arrive in time.',
  431: 'The headers are too large.',
  500: 'A fault of the server; quote the trace id.',
  502: 'An upstream that the request needs failed.',
  503: 'Something the request needs is off or not configured.',
  504: 'The API did not answer the gateway in time.',
} as const;
