import { ToolGroup, ToolProviderName } from '../../../contract/toolProviders.ts';

/** What a back end is: what it needs, and whether the platform may run it on its own network. */
export type ToolKind = { group: ToolGroup; needsKey: boolean; needsUrl: boolean; mayBeInternal: boolean };

const kind = (group: ToolGroup, needs: Partial<Omit<ToolKind, 'group'>> = {}): ToolKind => ({
  group,
  needsKey: false,
  needsUrl: false,
  mayBeInternal: false,
  ...needs,
});

/** Every back end (specification, runs 13). */
export const toolKinds: Readonly<Record<ToolProviderName, ToolKind>> = {
  'web_search.tavily': kind('web_search', { needsKey: true }),
  'web_search.searxng': kind('web_search', { needsUrl: true, mayBeInternal: true }),
  'web_search.duckduckgo': kind('web_search'),
  'web_fetch.jina': kind('web_fetch', { needsKey: true }),
  'web_fetch.firecrawl': kind('web_fetch', { needsKey: true, mayBeInternal: true }),
  'web_fetch.basic': kind('web_fetch'),
};

/** The groups with their back ends, in the order in which they are listed. */
export const toolGroups: readonly { group: ToolGroup; providers: readonly ToolProviderName[] }[] = ToolGroup.options.map((group) => ({
  group,
  providers: ToolProviderName.options.filter((name) => toolKinds[name].group === group),
}));

/** The back end that a group and a name make; undefined where there is none. */
export function toolProviderOf(group: string, provider: string): ToolProviderName | undefined {
  const { success, data: name } = ToolProviderName.safeParse(provider);
  return success && toolKinds[name].group === group ? name : undefined;
}

/** What of all that a back end needs is not there: the names of the fields of its credential. */
export const missingOf = (name: ToolProviderName, has: { key: boolean; url: boolean }): ('api_key' | 'base_url')[] => [
  ...(toolKinds[name].needsKey && !has.key ? (['api_key'] as const) : []),
  ...(toolKinds[name].needsUrl && !has.url ? (['base_url'] as const) : []),
];

/** What the key of a back end is sealed for, so that it opens in no other row; `owner` is null for the platform. */
export const sealedFor = (name: ToolProviderName, owner: string | null): string => `tool_provider:${name}:${owner ?? 'platform'}`;
