import { statement } from '../../kernel/sql.ts';

export type FlagRow = {
  id: string;
  key: string;
  description: string | null;
  default_value: boolean;
  supports_account_overrides: boolean;
  is_system: boolean;
  created_at: string;
};
export type OverrideRow = { account_id: string; enabled: boolean; created_at: string };

const columns = 'id, key, description, default_value, supports_account_overrides, is_system, created_at';
const overrideColumns = 'account_id, enabled, created_at';

/** Ascending by key, byte by byte. */
export const selectFlags = statement<FlagRow>(`select ${columns} from feature_flags order by key collate "C"`);

export const selectFlag = statement<FlagRow>(`select ${columns} from feature_flags where key = $1`);

/** Nothing is added when the key is taken. */
export const insertFlag = statement<FlagRow>(`
  insert into feature_flags (id, key, description, default_value) values ($1, $2, $3, $4)
  on conflict (key) do nothing returning ${columns}`);

/** Whoever changes a flag waits here for his turn. */
export const lockFlag = statement<FlagRow>(`select ${columns} from feature_flags where id = $1 for no key update`);

/** Keeps a flag from being removed. */
export const holdFlag = statement<{ id: string }>('select id from feature_flags where id = $1 for key share');

export const updateFlag = statement<FlagRow>(`
  update feature_flags set default_value = coalesce($2, default_value), description = coalesce($3, description)
  where id = $1 returning ${columns}`);

export const deleteFlag = statement<FlagRow>(`delete from feature_flags where id = $1 and not is_system returning ${columns}`);

/** The overrides of a flag, newest first, from the sort key ($2, $3) on. */
export const selectOverrides = statement<OverrideRow>(`
  select ${overrideColumns} from feature_flag_overrides
  where flag_id = $1 and ($2::timestamptz is null or (created_at, account_id) < ($2::timestamptz, $3::uuid))
  order by created_at desc, account_id desc limit $4`);

export const selectOverride = statement<OverrideRow>(
  `select ${overrideColumns} from feature_flag_overrides where account_id = $1 and flag_id = $2`,
);

/** What is about to be replaced. */
export const lockOverride = statement<OverrideRow>(
  `select ${overrideColumns} from feature_flag_overrides where account_id = $1 and flag_id = $2 for update`,
);

/** Adds or replaces; a row that was replaced keeps its age. `xmax` is 0 only in a row that was added (PostgreSQL 5.6, system columns). */
export const upsertOverride = statement<OverrideRow & { created: boolean }>(`
  insert into feature_flag_overrides (account_id, flag_id, enabled) values ($1, $2, $3)
  on conflict (account_id, flag_id) do update set enabled = excluded.enabled
  returning ${overrideColumns}, xmax = 0 as created`);

export const deleteOverride = statement<OverrideRow>(
  `delete from feature_flag_overrides where account_id = $1 and flag_id = $2 returning ${overrideColumns}`,
);

/** Every flag as it stands for the account $1. */
export const selectEvaluated = statement<{ key: string; enabled: boolean }>(`
  select f.key, coalesce(o.enabled, f.default_value) as enabled
  from feature_flags f left join feature_flag_overrides o on o.flag_id = f.id and o.account_id = $1
  order by f.key`);

/** How flags stand where there is no account. */
export const selectDefaults = statement<{ key: string; default_value: boolean }>(
  'select key, default_value from feature_flags where key = any($1)',
);

/** Turns a flag on for an account; nothing is changed when there is no such flag, or it allows no overrides. */
export const turnOn = statement<never>(`
  insert into feature_flag_overrides (account_id, flag_id, enabled)
  select $1, id, true from feature_flags where key = $2 and supports_account_overrides
  on conflict (account_id, flag_id) do update set enabled = true`);
