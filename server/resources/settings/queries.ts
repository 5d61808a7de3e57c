import { statement } from '../../kernel/sql.ts';

/** A setting as the database holds it: a JSON value, or `{ sealed }` for a sensitive one. */
export type SettingRow = { key: string; value: unknown; updated_at: string };

const columns = 'key, value, updated_at';

export const selectSettings = statement<SettingRow>(
  `select ${columns} from platform_settings where key !~ '^(bootstrap|internal)[.]' order by key collate "C"`,
);

export const selectSetting = statement<SettingRow>(`select ${columns} from platform_settings where key = $1`);

/** The same for whoever is about to change it. */
export const lockSetting = statement<SettingRow>(`select ${columns} from platform_settings where key = $1 for update`);

/** Changes of several settings at once take turns: rows that are not there yet cannot be locked. */
export const takeTurn = statement<unknown>(`select pg_advisory_xact_lock(hashtextextended('platform settings', 0))`);

/** Several, for whoever is about to change them. */
export const lockSettings = statement<SettingRow>(`select ${columns} from platform_settings where key = any($1) order by key for update`);

export const upsertSetting = statement<SettingRow>(`
  insert into platform_settings (key, value) values ($1, $2::jsonb)
  on conflict (key) do update set value = excluded.value, updated_at = now() returning ${columns}`);

export const deleteSetting = statement<SettingRow>(`delete from platform_settings where key = $1 returning ${columns}`);
