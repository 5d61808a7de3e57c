import { ToolGroup, toolProviderFacts, ToolProviderName } from '../../../contract/toolProviders.ts';

/** Whether the platform may run the provider on its own network. */
export const mayBeInternal = (name: ToolProviderName): boolean => name === 'web_search.searxng' || name === 'web_fetch.firecrawl';

/** In display order. */
export const toolGroups: readonly { group: ToolGroup; providers: readonly ToolProviderName[] }[] = ToolGroup.options.map((group) => ({
  group,
  providers: ToolProviderName.options.filter((name) => toolProviderFacts[name].group === group),
}));

/** The backend with this group and name; undefined if there is none. */
export function toolProviderOf(group: string, provider: string): ToolProviderName | undefined {
  const { success, data: name } = ToolProviderName.safeParse(provider);
  return success && toolProviderFacts[name].group === group ? name : undefined;
}

/** The required credential fields that are not set. */
export const missingFields = (name: ToolProviderName, has: { key: boolean; url: boolean }): ('api_key' | 'base_url')[] => [
  ...(toolProviderFacts[name].needsKey && !has.key ? (['api_key'] as const) : []),
  ...(toolProviderFacts[name].needsUrl && !has.url ? (['base_url'] as const) : []),
];

/** The associated data of the encryption; `owner` is null for the platform. */
export const encryptionContext = (name: ToolProviderName, owner: string | null): string => `tool_provider:${name}:${owner ?? 'platform'}`;
