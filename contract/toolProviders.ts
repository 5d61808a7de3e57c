import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { ProviderScope } from './llmProviders.ts';
import type { Resource } from './shared/route.ts';

/** Tools that a model can call. Calls go to the active provider of the group. */
export const ToolGroup = z.enum(['web_search', 'web_fetch']).meta({ id: 'ToolGroup' });
export type ToolGroup = z.infer<typeof ToolGroup>;

/** All providers, in the order in which they are listed. */
export const ToolProviderName = z
  .enum(['web_search.tavily', 'web_search.searxng', 'web_search.duckduckgo', 'web_fetch.jina', 'web_fetch.firecrawl', 'web_fetch.basic'])
  .meta({ id: 'ToolProviderName' });
export type ToolProviderName = z.infer<typeof ToolProviderName>;

/** A provider as configured for one account or for the platform. */
export const ToolProvider = z
  .object({
    group_name: ToolGroup,
    provider_name: ToolProviderName,
    is_active: z.boolean(),
    key_prefix: z.string().nullable().meta({ description: 'The first and last characters of the API key.' }),
    base_url: z.string().nullable(),
    requires_api_key: z.boolean(),
    requires_base_url: z.boolean(),
    configured: z.boolean().meta({ description: 'Whether all required values are set.' }),
  })
  .meta({ id: 'ToolProvider' });
export type ToolProvider = z.infer<typeof ToolProvider>;

export const ToolProviderGroup = z.object({ group_name: ToolGroup, providers: z.array(ToolProvider) }).meta({ id: 'ToolProviderGroup' });
export type ToolProviderGroup = z.infer<typeof ToolProviderGroup>;

export const ToolProviderGroups = z.object({ groups: z.array(ToolProviderGroup) }).meta({ id: 'ToolProviderGroups' });
export type ToolProviderGroups = z.infer<typeof ToolProviderGroups>;

export const ToolCredential = z
  .strictObject({
    api_key: z.string().trim().max(4096).optional(),
    base_url: z.string().trim().max(2048).optional().meta({ description: 'Absolute URL without user info, query or fragment.' }),
  })
  .meta({ id: 'ToolCredential', description: 'Omitted or blank fields keep their values.' });
export type ToolCredential = z.infer<typeof ToolCredential>;

const scoped = z.object({ scope: ProviderScope.default('platform') });
// Not IDs: an unknown pair is 404, not 400.
const pathParams = z.object({ group: z.string(), provider: z.string() });
const permission = { account: 'data.secrets.manage', platform: 'platform.admin' } as const;

export const toolProviders = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/tool-providers',
    summary: 'List all tool providers by group',
    query: scoped,
    responses: { 200: ToolProviderGroups },
    metadata: { auth: 'user', permission },
  },
  activate: {
    method: 'PUT',
    path: '/v1/tool-providers/{group}/{provider}/activate',
    summary: 'Activate a provider for its group',
    description: 'Deactivates the previously active provider of the group.',
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
    description: 'Keeps the base URL and whether the provider is active.',
    pathParams,
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.credential_clear', 'tool_provider'] },
  },
} as const satisfies Resource);
