import { statement } from '../../kernel/sql.ts';

/** The setup token, kept as a hash, and the marker that a first admin has been made: once there, it stays. */
const token = 'bootstrap.token';
const marker = 'bootstrap.platform_admin.user_id';

export const upsertToken = statement<{ expires_at: string }>(`
  insert into platform_settings (key, value)
  select '${token}', jsonb_build_object('hash', $1::text, 'expires_at', (now() + interval '30 minutes')::timestamptz(3))
  where not exists (select from platform_settings where key = '${marker}')
  on conflict (key) do update set value = excluded.value, updated_at = now()
  returning (value ->> 'expires_at')::timestamptz(3) as expires_at`);

/** The token with the hash $1, if it is the current one. */
export const selectToken = statement<{ expires_at: string; live: boolean }>(`
  select (value ->> 'expires_at')::timestamptz(3) as expires_at, (value ->> 'expires_at')::timestamptz > now() as live
  from platform_settings where key = '${token}' and value ->> 'hash' = $1`);

export const consumeToken = statement<never>(`
  delete from platform_settings
  where key = '${token}' and value ->> 'hash' = $1 and (value ->> 'expires_at')::timestamptz > now()`);

export const deleteToken = statement<never>(`delete from platform_settings where key = '${token}'`);

/** Decides a race: a second one waits for the first, and finds the marker set. */
export const insertMarker = statement<never>(`
  insert into platform_settings (key, value) values ('${marker}', to_jsonb($1::text)) on conflict (key) do nothing`);

export const selectMarker = statement<{ user_id: string }>(
  `select value #>> '{}' as user_id from platform_settings where key = '${marker}'`,
);

export const selectAdmin = statement<{ id: string }>(`select id from users where is_platform_admin and status <> 'deleted' limit 1`);

/** Promotes somebody who can sign in, if nobody is the first admin yet. */
export const promoteUser = statement<never>(`
  with candidate as (
    select u.id from users u join credentials c on c.user_id = u.id where u.id = $1 and u.status <> 'deleted'),
  marked as (
    insert into platform_settings (key, value) select '${marker}', to_jsonb(id::text) from candidate
    on conflict (key) do nothing returning key)
  update users set is_platform_admin = true from marked where users.id = $1`);
