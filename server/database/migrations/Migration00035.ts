import { Migration } from '@mikro-orm/migrations';

/** Indexes for the search of threads. See docs/decisions/0033-search.md. */
export class Migration00035 extends Migration {
  override up(): void {
    // Less memory makes the indexes several times slower to build.
    this.addSql(`set local maintenance_work_mem = '256MB'`);
    this.addSql(keys);
    this.addSql(filters);
    this.addSql('alter table messages add column thread_owner_id uuid');
    this.addSql(`update messages m set thread_owner_id = t.created_by_user_id from threads t
      where t.account_id = m.account_id and t.id = m.thread_id and t.created_by_user_id is not null`);
    this.addSql(`create index messages_search on messages using gin (search_keys(account_id, thread_owner_id, content)) with (gin_pending_list_limit = 1024)
      where visible and role <> 'tool'`);
    this.addSql(`create index threads_search on threads using gin (search_keys(account_id, created_by_user_id, title)) with (gin_pending_list_limit = 1024)
      where title is not null`);
    // Statistics of keys would cost every ANALYZE seconds, and the statements of the search do not depend on them.
    for (const index of ['messages_search', 'threads_search']) this.addSql(`alter index ${index} alter column 1 set statistics 0`);
  }

  override down(): void {
    this.addSql('drop index messages_search, threads_search');
    this.addSql('alter table messages drop column thread_owner_id');
    this.addSql('drop function search_keys, search_all_of, search_any_of');
  }
}

// A key is 40 bits of a hash of account and owner, followed by three bytes of the text in lower case, or by one ASCII character (0, 0, character).
// Three bytes and not three letters, because which characters are letters depends on the locale. Two zero bytes end the text, so
// that its last two bytes begin a key too. `cost` keeps the planner from computing the keys of rows instead of reading the index.
const keys = `
create function search_keys(account_id uuid, owner_id uuid, content text) returns bigint[]
language plpgsql immutable strict parallel safe cost 10000 as $$
declare
  prefix bigint := (uuid_hash_extended(owner_id, 0) # uuid_hash_extended(account_id, 1)) & (-1::bigint << 24);
  lowered text := lower(content);
  bytes bytea := convert_to(lowered, 'UTF8') || decode('0000', 'hex');
  size integer := length(bytes) - 2;
begin
  -- A second query costs more than a few hundred bytes.
  if size < 300 then
    return array(
      select prefix | case when i < size then (get_byte(bytes, i) << 16) | (get_byte(bytes, i + 1) << 8) | get_byte(bytes, i + 2)
        else get_byte(bytes, i - size) end
      from generate_series(0, 2 * size - 1) i);
  end if;
  return array(
    select prefix | (get_byte(bytes, i) << 16) | (get_byte(bytes, i + 1) << 8) | get_byte(bytes, i + 2) from generate_series(0, size - 1) i
    union all
    select prefix | code from generate_series(1, 127) code where strpos(lowered, chr(code)) > 0);
end $$;
`;

// The keys of a text that contains `q`: it has all keys of the first function, and one or more of the second. Two bytes are in many keys,
// one for each byte that can follow a character in lower case. Of a long `q`, at most 64 keys are used.
const filters = `
create function search_all_of(account_id uuid, owner_id uuid, q text) returns bigint[] language plpgsql immutable strict parallel unsafe as $$
declare
  prefix bigint := (uuid_hash_extended(owner_id, 0) # uuid_hash_extended(account_id, 1)) & (-1::bigint << 24);
  bytes bytea := convert_to(lower(q), 'UTF8');
  size integer := length(bytes);
begin
  if size = 1 then return array[prefix | get_byte(bytes, 0)]; end if;
  return array(
    select prefix | (get_byte(bytes, i) << 16) | (get_byte(bytes, i + 1) << 8) | get_byte(bytes, i + 2)
    from generate_series(0, size - 3, 1 + greatest(size - 3, 0) / 32) i);
end $$;

create function search_any_of(account_id uuid, owner_id uuid, q text) returns bigint[] language plpgsql immutable strict parallel unsafe as $$
declare
  prefix bigint := (uuid_hash_extended(owner_id, 0) # uuid_hash_extended(account_id, 1)) & (-1::bigint << 24);
  bytes bytea := convert_to(lower(q), 'UTF8');
begin
  if length(bytes) <> 2 then return (search_all_of(account_id, owner_id, q))[1:1]; end if;
  return array(
    select prefix | (get_byte(bytes, 0) << 16) | (get_byte(bytes, 1) << 8) | next
    from generate_series(0, 244) next where next not between 65 and 90 and next not between 128 and 193);
end $$;
`;
