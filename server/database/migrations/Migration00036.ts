import { Migration } from '@mikro-orm/migrations';

/**
 * Sums of usage by hour and month, a count of runs, and indexes for lists of all accounts. See docs/decisions/0032-rollups-and-bounded-counts.md.
 */
export class Migration00036 extends Migration {
  override up(): void {
    for (const part of [rollups, expected, ...triggers, runCount, fill, indexes]) this.addSql(part);
  }

  override down(): void {
    this.addSql(undo);
  }
}

// The zero UUID stands for no user, because a column of a primary key cannot be null. Rows are updated in place: no index has a summed column.
const rollups = `
create table usage_rollups (
  account_id uuid not null references accounts (id),
  user_id uuid not null,
  grain text not null check (grain in ('hour', 'month')),
  starts_at timestamptz(3) not null,
  model text not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_creation_input_tokens bigint not null,
  cache_read_input_tokens bigint not null,
  cached_tokens bigint not null,
  cost_usd numeric(24, 6) not null,
  record_count bigint not null,
  primary key (account_id, user_id, grain, starts_at, model)
) with (fillfactor = 50);
create index usage_rollups_account on usage_rollups (account_id, grain, starts_at);

create table platform_usage_rollups (
  grain text not null check (grain in ('hour', 'month')),
  starts_at timestamptz(3) not null,
  model text not null,
  shard smallint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_creation_input_tokens bigint not null,
  cache_read_input_tokens bigint not null,
  cached_tokens bigint not null,
  cost_usd numeric(24, 6) not null,
  record_count bigint not null,
  primary key (grain, starts_at, model, shard)
) with (fillfactor = 50);

create function usage_shard(account_id uuid) returns smallint language sql immutable parallel safe
  return (get_byte(uuid_send(account_id), 15) & 7)::smallint;
`;

const sums = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens', 'cached_tokens', 'cost_usd'];
const accountKey = ['account_id', 'user_id', 'grain', 'starts_at', 'model'];
const platformKey = ['grain', 'starts_at', 'model', 'shard'];

const grouped = (key: readonly string[], rows: string) => `
select ${key.join(', ')}, ${sums.map((name) => `sum(${name})::${name === 'cost_usd' ? 'numeric(24, 6)' : 'bigint'} as ${name}`).join(', ')}, sum(n)::bigint as record_count
from (${rows}) r group by ${key.join(', ')}`;

/** Each usage record of a relation twice, once per grain, with the columns of both keys. */
const recordsOf = (from: string, sign = '') => `
  select account_id, coalesce(user_id, '00000000-0000-0000-0000-000000000000') as user_id, usage_shard(account_id) as shard, grain,
    date_trunc(grain, recorded_at, 'UTC') as starts_at, model, ${sums.map((name) => `${sign}${name} as ${name}`).join(', ')}, ${sign}1 as n
  from ${from}, (values ('hour'), ('month')) as grains (grain)`;

// The same sums computed from the records. The rollups are compared with them and rebuilt from them.
const expected = `
create view recorded_usage_rollups as ${grouped(accountKey, recordsOf('usage_records'))};
create view recorded_platform_usage_rollups as ${grouped(platformKey, recordsOf('usage_records'))};

create function rebuild_usage_rollups() returns void language plpgsql as $$
begin
  lock table usage_records in share row exclusive mode;
  delete from usage_rollups;
  delete from platform_usage_rollups;
  insert into usage_rollups select * from recorded_usage_rollups;
  insert into platform_usage_rollups select * from recorded_platform_usage_rollups;
end $$;
`;

// Rows are locked in a fixed order: those of the account before those of the platform, each in the order of its key.
const add = (table: string, key: readonly string[], rows: string) => `
  insert into ${table} as r (${[...key, ...sums, 'record_count'].join(', ')})
  ${grouped(key, rows)} order by ${key.join(', ')}
  on conflict (${key.join(', ')}) do update set ${[...sums, 'record_count'].map((name) => `${name} = r.${name} + excluded.${name}`).join(', ')};`;

const triggerOf = (event: 'insert' | 'update' | 'delete', referencing: string, rows: string) => `
create function roll_up_usage_${event}() returns trigger language plpgsql as $$
begin
  ${add('usage_rollups', accountKey, rows)}
  ${add('platform_usage_rollups', platformKey, rows)}
  return null;
end $$;
create trigger usage_records_${event}_rolled_up after ${event} on usage_records referencing ${referencing}
  for each statement execute function roll_up_usage_${event}();`;

const triggers = [
  triggerOf('insert', 'new table as added', recordsOf('added')),
  triggerOf('delete', 'old table as removed', recordsOf('removed', '-')),
  triggerOf('update', 'old table as removed new table as added', `${recordsOf('added')} union all ${recordsOf('removed', '-')}`),
];

// The number of runs is the sum of the changes. Appending a change takes no lock, so it cannot wait for another transaction. A worker merges them.
const runCount = `
create table run_count_changes (
  id uuid primary key default new_id(),
  change bigint not null
);
create function count_runs() returns trigger language plpgsql as $$
begin
  insert into run_count_changes (change)
  select case tg_op when 'INSERT' then n else -n end from (select count(*) as n from changed) c where n > 0;
  return null;
end $$;
create trigger runs_inserted_counted after insert on runs referencing new table as changed for each statement execute function count_runs();
create trigger runs_deleted_counted after delete on runs referencing old table as changed for each statement execute function count_runs();
`;

// The triggers exist by now, so their locks keep concurrent writers from being counted twice or not at all.
const fill = `
select rebuild_usage_rollups();
insert into run_count_changes (change) select count(*) from runs having count(*) > 0;
`;

// The conditions of the partial indexes are always true. Only the statements about all accounts repeat them, so a statement about one account never
// reads the rows of all others, which the planner would prefer if there are few accounts of very different sizes.
const indexes = `
drop index usage_records_account;
drop index usage_records_time;
create index runs_newest on runs (created_at desc, id desc) where pending_inputs >= 0;
create index runs_creator on runs (created_by_user_id, created_at desc, id desc);
create index runs_unsuccessful on runs (status, created_at desc, id desc) where pending_inputs >= 0 and status in ('failed', 'cancelled');
drop index audit_logs_newest;
create index audit_logs_newest on audit_logs (created_at desc, id desc) where action > '';
create index audit_logs_action on audit_logs (action, created_at desc, id desc) where action > '';
create index audit_logs_target on audit_logs (target_type, created_at desc, id desc) where action > '';
create index audit_logs_actor on audit_logs (actor_user_id, created_at desc, id desc);
create index thread_stars_thread on thread_stars (account_id, thread_id);
create index thread_shares_creator on thread_shares (created_by_user_id);
`;

const undo = `
drop index runs_newest, runs_creator, runs_unsuccessful, audit_logs_newest, audit_logs_action, audit_logs_actor, audit_logs_target;
drop index thread_stars_thread, thread_shares_creator;
create index audit_logs_newest on audit_logs (created_at desc, id desc);
create index usage_records_account on usage_records (account_id, recorded_at);
create index usage_records_time on usage_records using brin (recorded_at);
drop function count_runs cascade;
drop function roll_up_usage_insert, roll_up_usage_update, roll_up_usage_delete cascade;
drop function rebuild_usage_rollups;
drop view recorded_usage_rollups, recorded_platform_usage_rollups;
drop function usage_shard;
drop table run_count_changes, platform_usage_rollups, usage_rollups;
`;
