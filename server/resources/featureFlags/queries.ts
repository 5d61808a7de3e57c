import { statement } from '../../kernel/sql.ts';

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
