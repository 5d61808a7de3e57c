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

export const upsertSetting = statement<SettingRow>(`
  insert into platform_settings (key, value) values ($1, $2::jsonb)
  on conflict (key) do update set value = excluded.value, updated_at = now() returning ${columns}`);

export const deleteSetting = statement<SettingRow>(`delete from platform_settings where key = $1 returning ${columns}`);
