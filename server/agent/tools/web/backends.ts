import { trimEnd } from '../../../../contract/shared/trim.ts';
import type { ToolGroup, ToolProviderName } from '../../../../contract/toolProviders.ts';
import { Memory } from '../../../http/memory.ts';
import type { Changes } from '../../../kernel/changes.ts';
import type { Config } from '../../../kernel/config.ts';
import type { Keys } from '../../../kernel/keys.ts';
import type { Log } from '../../../kernel/log.ts';
import type { OutboundPolicy } from '../../../kernel/outbound.ts';
import { unseal } from '../../../kernel/seal.ts';
import type { Database } from '../../../kernel/sql.ts';
import { readEntitlements, type Settings } from '../../../resources/settings/settings.ts';
import { missingOf, sealedFor, toolKinds, toolProviderOf } from '../../../resources/toolProviders/catalog.ts';
import { type ActiveRow, selectActive } from '../../../resources/toolProviders/queries.ts';
import { ToolFailure } from '../tool.ts';

/** Who answers for a group in a run, with its key in the clear; `policy` is for its own address. */
export type Backend = { name: ToolProviderName; apiKey: string | undefined; baseUrl: string | undefined; policy: OutboundPolicy };

/** Finds the back end of a group for an account. Throws the ToolFailure `tool.not_configured`. */
export type Backends = (accountId: string, group: ToolGroup) => Promise<Backend>;

export type BackendDeps = {
  config: Pick<Config, 'toolProviderCacheTtlSeconds'>;
  keys: Pick<Keys, 'encryptionKey'>;
  database: Database;
  changes: Pick<Changes, 'on' | 'onState'>;
  log: Log;
};

const mostOwners = 10_000;

/** Account over platform over configuration (specification, runs 13). */
export function createBackends(deps: BackendDeps): Backends {
  const { database, keys, log } = deps;
  const rowsOf = rememberRows(deps);
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
    if (lacking) throw notConfigured(group, lackOf(lacking), lacking.name);
    return configured(await readEntitlements(database, accountId), group);
  };
}

/** The active rows of an owner, kept until told that they are old. Their keys stay sealed. */
function rememberRows({ config, database, changes }: BackendDeps): (owner: string | null) => Promise<ActiveRow[]> {
  const lifeMs = config.toolProviderCacheTtlSeconds * 1_000;
  const memory = new Memory<ActiveRow[]>(mostOwners, lifeMs);
  const listen = (up: boolean) => {
    // What was asked before may be older than what is told from now on.
    memory.clear();
    memory.enable(up && lifeMs > 0);
  };
  listen(false);
  changes.onState(listen);
  changes.on('tool_providers', (owner) => memory.forget(owner));
  return async (owner) => {
    const name = owner ?? 'platform';
    return memory.get(name) ?? (await memory.load(name, name, () => database.rows(selectActive, [owner]))) ?? [];
  };
}

function backendOf(
  { provider_name: name, base_url: baseUrl, api_key_sealed: sealed }: ActiveRow,
  owner: string | null,
  { encryptionKey }: BackendDeps['keys'],
  log: Log,
): Backend {
  const policy = owner === null && toolKinds[name].mayBeInternal ? 'internal' : 'https';
  const backend = { name, baseUrl: baseUrl ?? undefined, policy } as const;
  try {
    return { ...backend, apiKey: sealed ? unseal(encryptionKey, sealed, sealedFor(name, owner)).toString() : undefined };
  } catch {
    log.error({ provider_name: name, account_id: owner }, 'the key of a tool provider cannot be read; it has to be set again');
    return { ...backend, apiKey: undefined };
  }
}

const lackOf = ({ name, apiKey, baseUrl }: Backend) => missingOf(name, { key: Boolean(apiKey), url: Boolean(baseUrl) });
const isComplete = (backend: Backend) => lackOf(backend).length === 0;

const settingsOf: Partial<Record<ToolProviderName, { key?: keyof Settings; url?: keyof Settings }>> = {
  'web_search.tavily': { key: 'web_search.tavily_api_key' },
  'web_search.searxng': { url: 'web_search.searxng_base_url' },
  'web_fetch.jina': { key: 'web_fetch.jina_api_key' },
  'web_fetch.firecrawl': { key: 'web_fetch.firecrawl_api_key', url: 'web_fetch.firecrawl_base_url' },
};

/** The back end that the settings name, as `tavily` or `web_search.tavily`. */
function configured(settings: Settings, group: ToolGroup): Backend {
  const wanted = settings[`${group}.provider`]?.trim().toLowerCase();
  const name = wanted && toolProviderOf(group, wanted.startsWith(`${group}.`) ? wanted : `${group}.${wanted}`);
  if (!name) throw notConfigured(group, ['provider']);
  const { key, url } = settingsOf[name] ?? {};
  const written = (setting: keyof Settings | undefined) => (setting && String(settings[setting] ?? '').trim()) || undefined;
  const backend: Backend = {
    name,
    apiKey: written(key),
    baseUrl: trimEnd(written(url) ?? '', '/') || undefined,
    policy: toolKinds[name].mayBeInternal ? 'internal' : 'https',
  };
  if (!isComplete(backend)) throw notConfigured(group, lackOf(backend), name);
  return backend;
}

const notConfigured = (group_name: ToolGroup, missing: string[], provider_name?: ToolProviderName) =>
  new ToolFailure('tool.not_configured', `The tool ${group_name} is not set up.`, {
    group_name,
    ...(provider_name && { provider_name }),
    missing,
  });
