import { type ToolProvider, toolProviderFacts, type ToolProviderGroups, type ToolProviderName } from '../../../contract/toolProviders.ts';
import { missingFields, toolGroups } from './catalog.ts';
import type { ToolProviderRow } from './queries.ts';

/** All groups with all backends, configured or not. */
export function viewGroups(rows: readonly ToolProviderRow[]): ToolProviderGroups {
  const known = new Map(rows.map((row) => [row.provider_name, row]));
  return {
    groups: toolGroups.map(({ group, providers }) => ({
      group_name: group,
      providers: providers.map((name) => viewProvider(name, known.get(name))),
    })),
  };
}

const viewProvider = (name: ToolProviderName, row: ToolProviderRow | undefined): ToolProvider => ({
  group_name: toolProviderFacts[name].group,
  provider_name: name,
  is_active: row?.is_active ?? false,
  key_prefix: row?.key_prefix ?? null,
  base_url: row?.base_url ?? null,
  requires_api_key: toolProviderFacts[name].needsKey,
  requires_base_url: toolProviderFacts[name].needsUrl,
  configured: missingFields(name, { key: Boolean(row?.key_prefix), url: Boolean(row?.base_url) }).length === 0,
});
