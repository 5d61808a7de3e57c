import type { Database, Queryable } from '../../database/sql.ts';
import { ExpiringCache } from '../../http/cache.ts';
import type { Config } from '../../platform/config/config.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import type { CacheInvalidation } from '../../pubsub/cacheInvalidation.ts';
import { type AccountEntitlementRow, selectAccountEntitlements, selectSetting, selectValues } from './queries.ts';
import type { Settings } from './registry.ts';
import { parseEntitlement, requireKey, resolveSettings, storedText, tryUnseal } from './resolve.ts';

export type { Settings } from './registry.ts';
export { settingProblems } from './resolve.ts';

/** The entitlements of an account that override platform settings, valid until `until` (monotonic time in ms). */
type AccountEntitlements = {
  plan: Partial<Settings>;
  override: Partial<Settings>;
  until: number;
  merged?: { platform: Settings; all: Settings };
};

type SettingsCache = {
  settings: ExpiringCache<Settings>;
  /** The read in progress. Concurrent callers share it. */
  pendingRead: Promise<Settings> | undefined;
  entitlements: ExpiringCache<AccountEntitlements>;
  encryptionKeys: Keyring;
  env: NodeJS.ProcessEnv;
  channels: Map<CacheInvalidation, boolean>;
};

/** One cache for each database handle. Without an entry, every read goes to the database and sensitive values are not decrypted. */
const caches = new WeakMap<Queryable, SettingsCache>();

/** In seconds. Limits the staleness if an invalidation message is lost; a changed setting must apply within 5 seconds. */
const maxCacheSeconds = 4;

type SettingsSource = {
  config: Pick<Config, 'configCacheTtlSeconds'>;
  keys: Pick<Keys, 'encryptionKeys'>;
  database: Database;
  env?: NodeJS.ProcessEnv | undefined;
};

/** Caches settings and entitlements in this process. `changes` invalidates the cache; it is disabled while the channel is down. */
export function enableSettingsCache({ config, keys, database, env = process.env }: SettingsSource, changes: CacheInvalidation): void {
  const lifeMs = Math.min(maxCacheSeconds, config.configCacheTtlSeconds) * 1_000;
  const mine = caches.get(database) ?? {
    settings: new ExpiringCache<Settings>(1, lifeMs),
    pendingRead: undefined,
    entitlements: new ExpiringCache<AccountEntitlements>(5_000, lifeMs),
    encryptionKeys: keys.encryptionKeys,
    env,
    channels: new Map<CacheInvalidation, boolean>(),
  };
  caches.set(database, mine);
  const forget = () => {
    mine.settings.clear();
    mine.pendingRead = undefined;
  };
  const turn = (up: boolean) => {
    mine.channels.set(changes, up);
    mine.pendingRead = undefined;
    for (const memory of [mine.settings, mine.entitlements]) {
      memory.clear();
      memory.setEnabled([...mine.channels.values()].every(Boolean));
    }
  };
  turn(false);
  changes.onConnectionChange(turn);
  changes.on('settings', forget);
  changes.on('entitlements', (key) => (key === 'platform' ? mine.entitlements.clear() : mine.entitlements.invalidateOwner(key)));
}

/**
 * The platform settings: environment, then stored value, then default. An invalid value counts as unset. Inside a transaction, pass it as
 * `through`: waiting for a second connection while holding one can deadlock the pool.
 */
export async function readSettings(
  sql: Queryable,
  through: Queryable = sql,
  env: NodeJS.ProcessEnv = processEnvOf(sql),
): Promise<Settings> {
  const mine = caches.get(sql);
  const ask = () => readUncached(sql, through, env);
  if (!mine || env !== mine.env) return ask();
  const known = mine.settings.get('');
  if (known) return known;
  const load = async () => (await mine.settings.load('', undefined, ask))!;
  return through === sql ? readOnce(mine, load) : load();
}

/** A read that began before an invalidation is not shared with later callers. */
function readOnce(mine: SettingsCache, load: () => Promise<Settings>): Promise<Settings> {
  if (mine.pendingRead !== undefined) return mine.pendingRead;
  const asking = load().finally(() => {
    if (mine.pendingRead === asking) mine.pendingRead = undefined;
  });
  mine.pendingRead = asking;
  return asking;
}

/** Reads the settings past the cache, for a transaction that has changed them. */
export async function readUncached(sql: Queryable, through: Queryable, env: NodeJS.ProcessEnv = processEnvOf(sql)): Promise<Settings> {
  const rows = await through.rows(selectValues);
  return resolveSettings(new Map(rows.map(({ key, value }) => [key, storedText(key, value, caches.get(sql)?.encryptionKeys)])), env);
}

/** Throws an `UnknownKeyError` if the stored value of a setting is sealed with a key that this process lacks. */
export async function requireKeyOf(sql: Queryable, key: keyof Settings): Promise<void> {
  const [row, keys] = [await sql.row(selectSetting, { key }), caches.get(sql)?.encryptionKeys];
  if (row && keys) requireKey(key, row.value, keys);
}

/** The environment that the process was started with. */
export const processEnvOf = (sql: Queryable): NodeJS.ProcessEnv => caches.get(sql)?.env ?? process.env;

/**
 * The settings of one account: override, then active plan, then platform setting. Only settings with scope `both` can differ per account.
 * Rejects if the database is unavailable. A transaction that has changed the entitlements itself passes itself as `sql`, which bypasses the
 * cache.
 */
export async function readEntitlements(sql: Queryable, accountId: string, through: Queryable = sql): Promise<Settings> {
  const [platform, own] = await Promise.all([readSettings(sql, through), entitlementsOf(sql, accountId, through)]);
  if (Object.keys(own.plan).length + Object.keys(own.override).length === 0) return platform;
  if (own.merged?.platform !== platform) own.merged = { platform, all: { ...platform, ...own.plan, ...own.override } };
  return own.merged.all;
}

/** The settings of one account, apart by who set them: the override and the plan contain only what they set. */
export type SettingLevels = { override: Partial<Settings>; plan: Partial<Settings>; platform: Settings };

/** What `readEntitlements` combines, for settings that must not be combined across levels. */
export async function readSettingLevels(sql: Queryable, accountId: string): Promise<SettingLevels> {
  const [platform, { override, plan }] = await Promise.all([readSettings(sql), entitlementsOf(sql, accountId, sql)]);
  return { override, plan, platform };
}

async function entitlementsOf(sql: Queryable, accountId: string, through: Queryable): Promise<AccountEntitlements> {
  const mine = caches.get(sql);
  const known = mine?.entitlements.get(accountId);
  if (known && known.until > performance.now()) return known;
  const ask = async () => {
    const asked = performance.now();
    return parseRows(await through.rows(selectAccountEntitlements, { accountId }), asked, mine?.encryptionKeys);
  };
  return mine ? (await mine.entitlements.load(accountId, accountId, ask))! : ask();
}

/** `asked` is monotonic time taken before the database reads its clock, so that an expired entitlement is never used too long. */
function parseRows(rows: readonly AccountEntitlementRow[], asked: number, encryptionKeys: Keyring | undefined): AccountEntitlements {
  const levels: Record<'plan' | 'override', Record<string, unknown>> = { plan: {}, override: {} };
  for (const { key, value, value_sealed: sealed, owner } of rows) {
    const text = sealed ? encryptionKeys && tryUnseal(encryptionKeys, sealed, `${owner}:${key}`) : value;
    const read = text === null || text === undefined ? undefined : parseEntitlement(key, text);
    if (read !== undefined) levels[owner.startsWith('plan') ? 'plan' : 'override'][key] = read;
  }
  const ends = rows.flatMap(({ left_ms: left }) => (left === null ? [] : [asked + left]));
  return { ...(levels as Record<keyof typeof levels, Partial<Settings>>), until: Math.min(Number.POSITIVE_INFINITY, ...ends) };
}
