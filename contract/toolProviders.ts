import { z } from 'zod';
import { ProviderScope } from './llmProviders.ts';
import { initContract, type Resource } from './shared/route.ts';

export const ToolGroup = z
  .enum(['web_search', 'web_fetch'])
  .meta({ id: 'ToolGroup', description: 'Tools that a model can call. Calls go to the active provider of the group.' });
export type ToolGroup = z.infer<typeof ToolGroup>;

/** All providers, in the order in which they are listed. */
export const ToolProviderName = z
  .enum(['web_search.tavily', 'web_search.searxng', 'web_search.duckduckgo', 'web_fetch.jina', 'web_fetch.firecrawl', 'web_fetch.basic'])
  .meta({ id: 'ToolProviderName', description: 'The tool group and the name of the provider.' });
export type ToolProviderName = z.infer<typeof ToolProviderName>;

/** The group of each provider and the values that the provider cannot work without. */
export const toolProviderFacts: Readonly<Record<ToolProviderName, { group: ToolGroup; needsKey: boolean; needsUrl: boolean }>> = {
  'web_search.tavily': { group: 'web_search', needsKey: true, needsUrl: false },
  'web_search.searxng': { group: 'web_search', needsKey: false, needsUrl: true },
  'web_search.duckduckgo': { group: 'web_search', needsKey: false, needsUrl: false },
  'web_fetch.jina': { group: 'web_fetch', needsKey: true, needsUrl: false },
  'web_fetch.firecrawl': { group: 'web_fetch', needsKey: true, needsUrl: false },
  'web_fetch.basic': { group: 'web_fetch', needsKey: false, needsUrl: false },
};

export const ToolProvider = z
  .object({
    group_name: ToolGroup.meta({ description: 'The tools that the provider implements.' }),
    provider_name: ToolProviderName.meta({ description: 'Name of the provider, for the path of other operations.' }),
    is_active: z.boolean().meta({ description: 'Whether calls go to the provider. At most one provider of a group is active.' }),
    key_prefix: z.string().nullable().meta({ description: 'The first and last characters of the API key.' }),
    base_url: z.string().nullable().meta({ description: 'Base URL; null if none is set.' }),
    requires_api_key: z.boolean().meta({ description: 'Whether the provider needs an API key.' }),
    requires_base_url: z.boolean().meta({ description: 'Whether the provider needs a base URL.' }),
    configured: z.boolean().meta({ description: 'Whether all required values are set.' }),
  })
  .meta({ id: 'ToolProvider', description: 'A provider as configured for one account or for the platform.' });
export type ToolProvider = z.infer<typeof ToolProvider>;

export const ToolProviderGroup = z
  .object({
    group_name: ToolGroup.meta({ description: 'The tools that models can call.' }),
    providers: z.array(ToolProvider).meta({ description: 'All providers, configured or not.' }),
  })
  .meta({ id: 'ToolProviderGroup', description: 'A tool group with its providers.' });
export type ToolProviderGroup = z.infer<typeof ToolProviderGroup>;

export const ToolProviderGroups = z
  .object({ groups: z.array(ToolProviderGroup).meta({ description: 'Always in the same order.' }) })
  .meta({ id: 'ToolProviderGroups', description: 'All tool groups.' });
export type ToolProviderGroups = z.infer<typeof ToolProviderGroups>;

export const ToolCredential = z
  .strictObject({
    api_key: z.string().trim().max(4096).optional().meta({ description: 'API key of the provider; stored encrypted and never returned.' }),
    base_url: z.string().trim().max(2048).optional().meta({ description: 'Absolute URL without user info, query or fragment.' }),
  })
  .meta({ id: 'ToolCredential', description: 'Omitted or blank fields keep their values.' });
export type ToolCredential = z.infer<typeof ToolCredential>;

const scoped = z.object({
  scope: ProviderScope.default('platform').meta({
    description: '`platform` applies to all accounts and requires a platform admin; `account` overrides it.',
  }),
});
// Not IDs: an unknown pair is 404, not 400.
const pathParams = z.object({
  group: z.string().meta({ description: 'The tool group, such as `web_search`.' }),
  provider: z.string().meta({ description: 'The provider, such as `web_search.tavily`.' }),
});
const permission = { account: 'data.secrets.manage', platform: 'platform.admin' } as const;

export const toolProviders = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/tool-providers',
    summary: 'List all tool providers by group',
    description: 'Shows which provider serves each tool group, and what is missing.',
    query: scoped,
    responses: { 200: ToolProviderGroups },
    metadata: { auth: 'user', permission },
  },
  activate: {
    method: 'PUT',
    path: '/v1/tool-providers/{group}/{provider}/activate',
    summary: 'Activate a provider for its group',
    description:
      'Deactivates the previously active provider of the group. A provider can be activated before it is configured; until then, its tool calls fall back or fail with `tool.not_configured`.',
    pathParams,
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.activate', 'tool_provider'] },
  },
  deactivate: {
    method: 'PUT',
    path: '/v1/tool-providers/{group}/{provider}/deactivate',
    summary: 'Deactivate a provider for its group',
    description:
      'Calls of the group go to the provider of the platform, or to the one in the settings. Repeating the request has no effect.',
    pathParams,
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.deactivate', 'tool_provider'] },
  },
  setCredential: {
    method: 'PUT',
    path: '/v1/tool-providers/{group}/{provider}/credential',
    summary: 'Set the API key or base URL of a provider',
    description: 'Takes effect within a second. Another `base_url` needs a stored key again.',
    pathParams,
    query: scoped,
    body: ToolCredential,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.credential_set', 'tool_provider'] },
  },
  clearCredential: {
    method: 'DELETE',
    path: '/v1/tool-providers/{group}/{provider}/credential',
    summary: 'Delete the API key of a provider',
    description:
      'Keeps the base URL and whether the provider is active. Without a required key, its tool calls fall back or fail with `tool.not_configured`.',
    pathParams,
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.credential_clear', 'tool_provider'] },
  },
} as const satisfies Resource);
