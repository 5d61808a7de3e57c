import type { ToolProvider, ToolProviderGroups, ToolProviderName } from '../../../contract/toolProviders.ts';
import { missingOf, toolGroups, toolKinds } from './catalog.ts';
import type { ToolProviderRow } from './queries.ts';

/** All groups with all back ends, whatever of them was ever touched. */
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
  group_name: toolKinds[name].group,
  provider_name: name,
  is_active: row?.is_active ?? false,
  key_prefix: row?.key_prefix ?? null,
  base_url: row?.base_url ?? null,
  requires_api_key: toolKinds[name].needsKey,
  requires_base_url: toolKinds[name].needsUrl,
  configured: missingOf(name, { key: Boolean(row?.key_prefix), url: Boolean(row?.base_url) }).length === 0,
});
