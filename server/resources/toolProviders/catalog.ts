import { ToolGroup, ToolProviderName } from '../../../contract/toolProviders.ts';

/** A tool backend. `mayBeInternal`: the platform may run it on its own network. */
export type ToolProviderKind = { group: ToolGroup; needsKey: boolean; needsUrl: boolean; mayBeInternal: boolean };

const kind = (group: ToolGroup, needs: Partial<Omit<ToolProviderKind, 'group'>> = {}): ToolProviderKind => ({
  group,
  needsKey: false,
  needsUrl: false,
  mayBeInternal: false,
  ...needs,
});

export const toolProviderKinds: Readonly<Record<ToolProviderName, ToolProviderKind>> = {
  'web_search.tavily': kind('web_search', { needsKey: true }),
  'web_search.searxng': kind('web_search', { needsUrl: true, mayBeInternal: true }),
  'web_search.duckduckgo': kind('web_search'),
  'web_fetch.jina': kind('web_fetch', { needsKey: true }),
  'web_fetch.firecrawl': kind('web_fetch', { needsKey: true, mayBeInternal: true }),
  'web_fetch.basic': kind('web_fetch'),
};

/** In display order. */
export const toolGroups: readonly { group: ToolGroup; providers: readonly ToolProviderName[] }[] = ToolGroup.options.map((group) => ({
  group,
  providers: ToolProviderName.options.filter((name) => toolProviderKinds[name].group === group),
}));

/** The backend with this group and name; undefined if there is none. */
export function toolProviderOf(group: string, provider: string): ToolProviderName | undefined {
  const { success, data: name } = ToolProviderName.safeParse(provider);
  return success && toolProviderKinds[name].group === group ? name : undefined;
}

/** The required credential fields that are not set. */
export const missingFields = (name: ToolProviderName, has: { key: boolean; url: boolean }): ('api_key' | 'base_url')[] => [
  ...(toolProviderKinds[name].needsKey && !has.key ? (['api_key'] as const) : []),
  ...(toolProviderKinds[name].needsUrl && !has.url ? (['base_url'] as const) : []),
];

/** The associated data of the encryption; `owner` is null for the platform. */
export const encryptionContext = (name: ToolProviderName, owner: string | null): string => `tool_provider:${name}:${owner ?? 'platform'}`;
