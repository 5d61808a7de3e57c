import type { ExternalDocumentationObject } from 'openapi3-ts/oas31';

/** The guide of an area, with the heading. Areas without a guide of their own refer to the index. */
const areaGuides: Readonly<Record<string, string>> = {
  auth: 'authentication',
  me: 'authentication',
  secondFactor: 'authentication#second-factor',
  providerSignIn: 'authentication#identity-providers',
  identities: 'authentication#identity-providers',
  identityProviders: 'authentication#identity-providers',
  passkeys: 'authentication#passkeys',
  sessions: 'authentication#sessions',
  accounts: 'authentication#accounts',
  erasures: 'erasure',
  adminErasures: 'erasure',
  teams: 'permissions',
  invitations: 'permissions',
  apiKeys: 'authentication#api-keys',
  projects: 'permissions',
  workspaces: 'tools-and-mcp#built-in-tools',
  threads: 'quickstart',
  messages: 'quickstart',
  runs: 'streaming',
  memories: 'tools-and-mcp#memory',
  schedules: 'schedules',
  personas: 'tools-and-mcp#a-persona',
  skills: 'tools-and-mcp#skills',
  credits: 'operations#credits-of-all-accounts',
  usage: 'operations#usage-reports',
  llmProviders: 'tools-and-mcp#a-model',
  llmModels: 'tools-and-mcp#a-model',
  toolProviders: 'tools-and-mcp#built-in-tools',
  mcpConfigs: 'tools-and-mcp#tool-servers',
  mcp: 'mcp-server',
  webhookEndpoints: 'webhooks#registering',
  webhookDeliveries: 'webhooks#deliveries',
  auditLogs: 'operations#data-retention',
  users: 'permissions',
  adminAccounts: 'permissions',
  runDetails: 'streaming#events',
  serviceKeys: 'service-keys',
  plans: 'operations#quotas',
  subscriptions: 'operations#quotas',
  entitlementOverrides: 'operations#quotas',
  platformSettings: 'configuration',
  configSchema: 'configuration',
  email: 'configuration#email',
  gatewayConfig: 'configuration#gateway',
  accessLog: 'operations#data-retention',
  health: 'operations#health',
  bootstrap: 'configuration#first-administrator',
};

/** The guide of an operation, if there is one that is more specific than that of its area. */
const operationGuides: Readonly<Record<string, string>> = {
  accountsExport: 'operations#export-of-an-account',
  auditLogsExport: 'operations#export-of-the-audit-log-and-of-usage',
  usageExport: 'operations#export-of-the-audit-log-and-of-usage',
  usageExportOfAccount: 'operations#export-of-the-audit-log-and-of-usage',
  apiKeysRotate: 'authentication#rotating-a-key',
  apiKeysUpdate: 'authentication#expiry-limits-and-models',
  apiKeysUsage: 'authentication#expiry-limits-and-models',
  serviceKeysRotate: 'service-keys#rotation',
  authLogin: 'authentication#signing-in',
  authVerifySecondFactor: 'authentication#second-factor',
  usersRemoveSecondFactor: 'authentication#second-factor',
  authConfirmEmail: 'authentication#verifying-an-address',
  authRefresh: 'authentication#signing-in',
  runsCreate: 'quickstart',
  runsEvents: 'streaming#losing-the-connection',
  runsCancel: 'streaming#steering-and-stopping',
  runsReplay: 'streaming#replaying-a-run',
  runsInput: 'tools-and-mcp#questions-to-the-user',
  runsContinue: 'streaming#incomplete-answers',
  webhookEndpointsRotateSecret: 'webhooks#receiving',
  webhookEndpointsTest: 'webhooks#test-events',
  webhookEndpointsReplay: 'webhooks#replaying-messages',
  webhookEndpointsLastReplay: 'webhooks#replaying-messages',
  healthReady: 'self-hosting#health-checks',
};

// Relative to the installation, which serves the guides.
const refer = (guide: string): ExternalDocumentationObject => ({ description: 'Guide', url: `/docs/guides${guide && `/${guide}`}` });

export const areaGuideOf = (area: string): ExternalDocumentationObject => refer(areaGuides[area] ?? '');

export const operationGuideOf = (operationId: string): ExternalDocumentationObject | undefined =>
  operationGuides[operationId] === undefined ? undefined : refer(operationGuides[operationId]);

/** All guides that the document refers to. */
export const guideReferences: readonly string[] = [...Object.values(areaGuides), ...Object.values(operationGuides)];
