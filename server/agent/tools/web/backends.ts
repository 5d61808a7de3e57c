import { trimEnd } from '../../../../contract/shared/text.ts';
import type { ToolGroup, ToolProviderName } from '../../../../contract/toolProviders.ts';
import type { Database } from '../../../database/sql.ts';
import { ExpiringCache } from '../../../http/cache.ts';
import type { Config } from '../../../platform/config/config.ts';
import type { Keys } from '../../../platform/crypto/keys.ts';
import { unseal } from '../../../platform/crypto/seal.ts';
import type { OutboundPolicy } from '../../../platform/outbound/outbound.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import type { CacheInvalidation } from '../../../pubsub/cacheInvalidation.ts';
import { readSettingLevels, type SettingLevels, type Settings } from '../../../resources/settings/settings.ts';
import { encryptionContext, mayBeInternal, missingFields, toolProviderOf } from '../../../resources/toolProviders/catalog.ts';
import { type ActiveProviderRow, selectActiveProviders } from '../../../resources/toolProviders/queries.ts';
import { ToolFailure } from '../tool.ts';

/** A provider configured for a tool group, with its key in clear text. `policy` is the outbound policy for `baseUrl`. */
export type Backend = { name: ToolProviderName; apiKey: string | undefined; baseUrl: string | undefined; policy: OutboundPolicy };

/** Finds the backend of a group for an account. Throws the `ToolFailure` `tool.not_configured`. */
export type Backends = (accountId: string, group: ToolGroup) => Promise<Backend>;

export type BackendDeps = {
  config: Pick<Config, 'toolProviderCacheTtlSeconds'>;
  keys: Pick<Keys, 'encryptionKeys'>;
  database: Database;
  changes: Pick<CacheInvalidation, 'on' | 'onConnectionChange'>;
  log: Log;
};

const maxCachedOwners = 10_000;

/** Precedence: provider of the account, provider of the platform, configuration. */
export function createBackends(deps: BackendDeps): Backends {
  const { database, keys, log } = deps;
  const rowsOf = cacheRows(deps);
  const activeOf = async (owner: string | null, group: ToolGroup): Promise<Backend | undefined> => {
    const row = (await rowsOf(owner)).find(({ group_name }) => group_name === group);
    return row && backendOf(row, owner, keys, log);
  };
  return async (accountId, group) => {
    const own = await activeOf(accountId, group);
    if (own && isComplete(own)) return own;
    const shared = await activeOf(null, group);
    if (shared && isComplete(shared)) return shared;
    const lacking = own ?? shared;
    if (lacking) throw notConfigured(group, missingSettings(lacking), lacking.name);
    return configured(await readSettingLevels(database, accountId), group);
  };
}

/** The active rows of an owner, cached until they are invalidated. Keys stay sealed. */
function cacheRows({ config, database, changes }: BackendDeps): (owner: string | null) => Promise<ActiveProviderRow[]> {
  const lifeMs = config.toolProviderCacheTtlSeconds * 1_000;
  const memory = new ExpiringCache<ActiveProviderRow[]>(maxCachedOwners, lifeMs);
  const listen = (up: boolean) => {
    // Invalidations may have been missed while the connection was down.
    memory.clear();
    memory.setEnabled(up && lifeMs > 0);
  };
  listen(false);
  changes.onConnectionChange(listen);
  changes.on('tool_providers', (owner) => memory.invalidateOwner(owner));
  return async (owner) => {
    const name = owner ?? 'platform';
    return memory.get(name) ?? (await memory.load(name, name, () => database.rows(selectActiveProviders, { owner }))) ?? [];
  };
}

function backendOf(
  { provider_name: name, base_url: baseUrl, api_key_sealed: sealed }: ActiveProviderRow,
  owner: string | null,
  { encryptionKeys }: BackendDeps['keys'],
  log: Log,
): Backend {
  const policy = owner === null && mayBeInternal(name) ? 'internal' : 'https';
  const backend = { name, baseUrl: baseUrl ?? undefined, policy } as const;
  try {
    return { ...backend, apiKey: sealed ? unseal(encryptionKeys, sealed, encryptionContext(name, owner)).toString() : undefined };
  } catch {
    log.error({ provider_name: name, account_id: owner }, 'the key of a tool provider cannot be read; it has to be set again');
    return { ...backend, apiKey: undefined };
  }
}

const missingSettings = ({ name, apiKey, baseUrl }: Backend) => missingFields(name, { key: Boolean(apiKey), url: Boolean(baseUrl) });
const isComplete = (backend: Backend) => missingSettings(backend).length === 0;

const settingsOf: Partial<Record<ToolProviderName, { key?: keyof Settings; url?: keyof Settings }>> = {
  'web_search.tavily': { key: 'web_search.tavily_api_key' },
  'web_search.searxng': { url: 'web_search.searxng_base_url' },
  'web_fetch.jina': { key: 'web_fetch.jina_api_key' },
  'web_fetch.firecrawl': { key: 'web_fetch.firecrawl_api_key', url: 'web_fetch.firecrawl_base_url' },
};

/**
 * The backend that the settings name, as `tavily` or `web_search.tavily`. Its key and URL come from one level, the first that sets either, so that no
 * plan or override sends the key of the platform to a URL of its own. Only a URL of the platform may be internal.
 */
function configured({ override, plan, platform }: SettingLevels, group: ToolGroup): Backend {
  const provider = `${group}.provider` as const;
  const wanted = (override[provider] ?? plan[provider] ?? platform[provider])?.trim().toLowerCase();
  const name = wanted && toolProviderOf(group, wanted.startsWith(`${group}.`) ? wanted : `${group}.${wanted}`);
  if (!name) throw notConfigured(group, ['provider']);
  const { key, url } = settingsOf[name] ?? {};
  const written = (level: Partial<Settings>, setting: keyof Settings | undefined) =>
    (setting && String(level[setting] ?? '').trim()) || undefined;
  const level = [override, plan].find((each) => written(each, key) ?? written(each, url)) ?? platform;
  const backend: Backend = {
    name,
    apiKey: written(level, key),
    baseUrl: trimEnd(written(level, url) ?? '', '/') || undefined,
    policy: level === platform && mayBeInternal(name) ? 'internal' : 'https',
  };
  if (!isComplete(backend)) throw notConfigured(group, missingSettings(backend), name);
  return backend;
}

const notConfigured = (group_name: ToolGroup, missing: string[], provider_name?: ToolProviderName) =>
  new ToolFailure('tool.not_configured', `The tool ${group_name} is not set up.`, {
    group_name,
    ...(provider_name && { provider_name }),
    missing,
  });
