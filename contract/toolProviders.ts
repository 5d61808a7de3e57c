import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { ProviderScope } from './llmProviders.ts';
import type { Resource } from './shared/route.ts';

/** What a model may call; which provider answers is decided by the activation. */
export const ToolGroup = z.enum(['web_search', 'web_fetch']).meta({ id: 'ToolGroup' });
export type ToolGroup = z.infer<typeof ToolGroup>;

/** Every back end of the groups, in the order in which it is listed. */
export const ToolProviderName = z
  .enum(['web_search.tavily', 'web_search.searxng', 'web_search.duckduckgo', 'web_fetch.jina', 'web_fetch.firecrawl', 'web_fetch.basic'])
  .meta({ id: 'ToolProviderName' });
export type ToolProviderName = z.infer<typeof ToolProviderName>;

/** A back end as one owner has set it up. */
export const ToolProvider = z
  .object({
    group_name: ToolGroup,
    provider_name: ToolProviderName,
    is_active: z.boolean(),
    key_prefix: z.string().nullable().meta({ description: 'The beginning and the end of the key.' }),
    base_url: z.string().nullable(),
    requires_api_key: z.boolean(),
    requires_base_url: z.boolean(),
    configured: z.boolean().meta({ description: 'Whether everything it requires is there.' }),
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
    base_url: z.string().trim().max(2048).optional().meta({ description: 'Absolute URL without user, query or fragment.' }),
  })
  .meta({ id: 'ToolCredential', description: 'What is left out or blank stays as it is.' });
export type ToolCredential = z.infer<typeof ToolCredential>;

const scoped = z.object({ scope: ProviderScope.default('platform') });
// Not ids: a pair that does not exist is absent, not malformed.
const pathParams = z.object({ group: z.string(), provider: z.string() });
const permission = { account: 'data.secrets.manage', platform: 'platform.admin' } as const;

/** Back ends of the tools that search and read the web. */
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
    summary: 'Let a provider answer for its group',
    description: 'The one that did so before no longer does.',
    pathParams,
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.activate', 'tool_provider'] },
  },
  deactivate: {
    method: 'PUT',
    path: '/v1/tool-providers/{group}/{provider}/deactivate',
    summary: 'Let a provider no longer answer for its group',
    pathParams,
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.deactivate', 'tool_provider'] },
  },
  setCredential: {
    method: 'PUT',
    path: '/v1/tool-providers/{group}/{provider}/credential',
    summary: 'Set the key or the address of a provider',
    pathParams,
    query: scoped,
    body: ToolCredential,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.credential_set', 'tool_provider'] },
  },
  clearCredential: {
    method: 'DELETE',
    path: '/v1/tool-providers/{group}/{provider}/credential',
    summary: 'Forget the key of a provider',
    description: 'Its address and whether it is active stay.',
    pathParams,
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['tool_provider.credential_clear', 'tool_provider'] },
  },
} as const satisfies Resource);
