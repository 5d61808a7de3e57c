import { Memory } from '../../http/memory.ts';
import type { Changes } from '../../kernel/changes.ts';
import type { Config } from '../../kernel/config.ts';
import type { Keys } from '../../kernel/keys.ts';
import { type Database, type Sql, statement } from '../../kernel/sql.ts';
import type { Settings } from './registry.ts';
import { opened, readOwn, resolveSettings, textOf } from './resolve.ts';

export type { Settings } from './registry.ts';
export { settingProblems } from './resolve.ts';

/** What an account has instead of settings of the platform, and until when that is certain. */
type Own = { values: Partial<Settings>; until: number; merged?: { platform: Settings; all: Settings } };

type Kept = {
  settings: Memory<Settings>;
  /** The question that is under way: however many want to know, it is asked once. */
  asking: Promise<Settings> | undefined;
  own: Memory<Own>;
  encryptionKey: Buffer;
  env: NodeJS.ProcessEnv;
  channels: Map<Changes, boolean>;
};

/** By the database of the process. Whoever is not here reads afresh each time, and reads no secrets. */
const kept = new WeakMap<Sql, Kept>();

/** A change that was announced and not heard is seen after so many seconds all the same; the specification allows 5 (platform 0). */
const longestLife = 4;

type Watched = {
  config: Pick<Config, 'configCacheTtlSeconds'>;
  keys: Pick<Keys, 'encryptionKey'>;
  database: Database;
  env?: NodeJS.ProcessEnv | undefined;
};

/** Lets this process keep what it reads of settings and entitlements, for as long as `changes` tells it what is old. */
export function watchSettings({ config, keys, database, env = process.env }: Watched, changes: Changes): void {
  const lifeMs = Math.min(longestLife, config.configCacheTtlSeconds) * 1_000;
  const mine = kept.get(database) ?? {
    settings: new Memory<Settings>(1, lifeMs),
    asking: undefined,
    own: new Memory<Own>(5_000, lifeMs),
    encryptionKey: keys.encryptionKey,
    env,
    channels: new Map<Changes, boolean>(),
  };
  kept.set(database, mine);
  const forget = () => {
    mine.settings.clear();
    mine.asking = undefined;
  };
  const turn = (up: boolean) => {
    mine.channels.set(changes, up);
    mine.asking = undefined;
    for (const memory of [mine.settings, mine.own]) {
      memory.clear();
      memory.enable([...mine.channels.values()].every(Boolean));
    }
  };
  turn(false);
  changes.onState(turn);
  changes.on('settings', forget);
  changes.on('entitlements', (key) => (key === 'platform' ? mine.own.clear() : mine.own.forget(key)));
}

const selectSettings = statement<{ key: string; value: unknown }>('select key, value from platform_settings');

/**
 * The settings of the platform: environment > stored > default; a stored value that does not fit counts as unset. Inside a transaction they
 * are read `through` that: holding one connection while waiting for another, all of the pool's would wait for each other.
 */
export async function readSettings(sql: Sql, through: Sql = sql, env: NodeJS.ProcessEnv = environmentOf(sql)): Promise<Settings> {
  const mine = kept.get(sql);
  const ask = () => readAnew(sql, through, env);
  if (!mine || env !== mine.env) return ask();
  const known = mine.settings.get('');
  if (known) return known;
  const load = async () => (await mine.settings.load('', undefined, ask))!;
  return through === sql ? askOnce(mine, load) : load();
}

/** A question that began before a change is not shared with whoever asks after it. */
function askOnce(mine: Kept, load: () => Promise<Settings>): Promise<Settings> {
  if (mine.asking !== undefined) return mine.asking;
  const asking = load().finally(() => {
    if (mine.asking === asking) mine.asking = undefined;
  });
  mine.asking = asking;
  return asking;
}

/** The same past what is kept: for a transaction that has changed settings itself. */
export async function readAnew(sql: Sql, through: Sql, env: NodeJS.ProcessEnv = environmentOf(sql)): Promise<Settings> {
  const rows = await through.rows(selectSettings);
  return resolveSettings(new Map(rows.map(({ key, value }) => [key, textOf(key, value, kept.get(sql)?.encryptionKey)])), env);
}

/** The environment that the process with these connections was started in. */
export const environmentOf = (sql: Sql): NodeJS.ProcessEnv => kept.get(sql)?.env ?? process.env;

type OwnRow = { key: string; value: string | null; value_sealed: Buffer | null; owner: string; left_ms: number | null };

/** What the account has of its own. The time left is told by the database, whose clock decides. */
const selectOwn = statement<OwnRow>(`
  select e.key, e.value, e.value_sealed, 'plan_entitlement:' || e.plan_id as owner, null::double precision as left_ms
  from subscriptions s join plan_entitlements e on e.plan_id = s.plan_id where s.account_id = $1 and s.status = 'active'
  union all
  select o.key, o.value, o.value_sealed, 'entitlement_override:' || o.account_id,
    (extract(epoch from o.expires_at - clock_timestamp()) * 1000)::double precision
  from entitlement_overrides o where o.account_id = $1 and (o.expires_at is null or o.expires_at > clock_timestamp())`);

/**
 * The same for one account: override > active plan > platform, where the account may have its own. Rejects when the database does not answer.
 * A transaction that has itself changed what it asks about passes itself as `sql`: then nothing kept is used, and nothing is kept.
 */
export async function readEntitlements(sql: Sql, accountId: string, through: Sql = sql): Promise<Settings> {
  const [platform, own] = await Promise.all([readSettings(sql, through), ownOf(sql, accountId, through)]);
  if (Object.keys(own.values).length === 0) return platform;
  if (own.merged?.platform !== platform) own.merged = { platform, all: { ...platform, ...own.values } };
  return own.merged.all;
}

async function ownOf(sql: Sql, accountId: string, through: Sql): Promise<Own> {
  const mine = kept.get(sql);
  const known = mine?.own.get(accountId);
  if (known && known.until > performance.now()) return known;
  const ask = async () => {
    const asked = performance.now();
    return readRows(await through.rows(selectOwn, [accountId]), asked, mine?.encryptionKey);
  };
  return mine ? (await mine.own.load(accountId, accountId, ask))! : ask();
}

/** `asked`, by the clock that never goes back, is before the database looked at its own, so that what expires is never used longer. */
function readRows(rows: readonly OwnRow[], asked: number, encryptionKey: Buffer | undefined): Own {
  const values: Record<string, unknown> = {};
  for (const { key, value, value_sealed: sealed, owner } of rows.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const text = sealed ? encryptionKey && opened(encryptionKey, sealed, `${owner}:${key}`) : value;
    const read = text === null || text === undefined ? undefined : readOwn(key, text);
    if (read !== undefined) values[key] = read;
  }
  const ends = rows.flatMap(({ left_ms: left }) => (left === null ? [] : [asked + left]));
  return { values: values as Partial<Settings>, until: Math.min(Number.POSITIVE_INFINITY, ...ends) };
}

const rankOf = ({ owner }: OwnRow) => (owner.startsWith('plan') ? 0 : 1);
