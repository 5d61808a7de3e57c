import { Migration } from '@mikro-orm/migrations';

/**
 * Announces changes of access in the transaction that makes them, so that every process learns of them whatever becomes of the process that made them.
 * Each table is locked against writes for milliseconds.
 */
export class Migration00081 extends Migration {
  override up(): void {
    for (const part of [functions, triggers]) this.addSql(part);
  }

  override down(): void {
    this.addSql(
      'drop function announce_access, announce_access_of_user, announce_access_of_all, announce_new_member, announce_ip_rules cascade',
    );
  }
}

// The channels are those of server/pubsub/runNotifier.ts and server/pubsub/cacheInvalidation.ts.
const functions = `
create function announce_access() returns trigger language plpgsql as $$
begin
  perform pg_notify('arkloop_access', coalesce(new.user_id, old.user_id)::text);
  return null;
end $$;
create function announce_access_of_user() returns trigger language plpgsql as $$
begin
  perform pg_notify('arkloop_access', new.id::text);
  return null;
end $$;
create function announce_access_of_all() returns trigger language plpgsql as $$
begin
  perform pg_notify('arkloop_access', '*');
  return null;
end $$;
create function announce_new_member() returns trigger language plpgsql as $$
begin
  if exists (select from accounts where id = new.account_id and type <> 'personal') then
    perform pg_notify('arkloop_access', new.user_id::text);
  end if;
  return null;
end $$;
create function announce_ip_rules() returns trigger language plpgsql as $$
begin
  perform pg_notify('arkloop_changes', 'ip_rules ' || coalesce(new.account_id, old.account_id));
  return null;
end $$;
`;

/** A new user is nobody's member before, so the first membership of a personal account is not announced. */
const triggers = `
create trigger users_access_announced after update on users for each row
  when ((old.status, old.is_platform_admin, old.tokens_invalid_before, old.second_factor_at)
    is distinct from (new.status, new.is_platform_admin, new.tokens_invalid_before, new.second_factor_at))
  execute function announce_access_of_user();
create trigger sessions_access_announced after update on sessions for each row
  when ((old.revoked_at, old.confirmed_at) is distinct from (new.revoked_at, new.confirmed_at))
  execute function announce_access();
create trigger accounts_access_announced after update on accounts for each row
  when ((old.status, old.deleted_at, old.second_factor_required_from) is distinct from (new.status, new.deleted_at, new.second_factor_required_from))
  execute function announce_access_of_all();
create trigger memberships_access_announced after update of role or delete on memberships for each row execute function announce_access();
create trigger memberships_begin_announced after insert on memberships for each row execute function announce_new_member();
create trigger passkeys_access_announced after insert or delete on passkeys for each row execute function announce_access();
create trigger api_keys_access_announced
  after update of revoked_at, expires_at, key_hash, previous_key_hash, previous_expires_at, scopes, inherits_permissions, models,
    requests_per_minute, requests_per_day, requests_per_month, requests_total
  on api_keys for each row execute function announce_access();
create trigger service_keys_access_announced
  after update of revoked_at, expires_at, key_hash, previous_key_hash, previous_expires_at, previous_user_id, user_id, scopes, allowed_addresses,
    requests_per_minute
  on service_keys for each row execute function announce_access();
create trigger ip_rules_announced after insert or update or delete on ip_rules for each row execute function announce_ip_rules();
`;
