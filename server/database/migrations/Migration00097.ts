import { Migration } from '@mikro-orm/migrations';

/**
 * Counts the events of ended runs toward the storage of their account. A worker counts existing runs after the upgrade. The column needs no rewrite; the
 * indexes block writes to `runs` for about two seconds per million rows.
 */
export class Migration00097 extends Migration {
  override up(): void {
    // Before the lock of `runs`.
    this.addSql(leftEvents);
    this.addSql('alter table quota_usage drop constraint quota_usage_quota_check');
    this.addSql(
      `alter table quota_usage add constraint quota_usage_quota_check check (quota in ('attachments', 'events', 'messages', 'workspaces'))`,
    );
    this.addSql('alter table runs add counted_event_bytes bigint');
    this.addSql(
      `create index runs_uncounted on runs (id) where counted_event_bytes is null and status in ('completed', 'failed', 'cancelled')`,
    );
    this.addSql('create index runs_counted on runs (id) where counted_event_bytes > 0');
    for (const part of [count, deleted, view, recount(`'attachments', 'messages', 'workspaces', 'events'`)]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop function count_event_bytes(uuid[])');
    this.addSql('drop function count_runs_event_bytes_deleted cascade');
    this.addSql(`create or replace view stored_bytes as ${others}`);
    this.addSql(recount(`'attachments', 'messages', 'workspaces'`));
    this.addSql('alter table runs drop counted_event_bytes');
    this.addSql(`delete from quota_usage where quota = 'events'`);
    this.addSql('alter table quota_usage drop constraint quota_usage_quota_check');
    this.addSql(
      `alter table quota_usage add constraint quota_usage_quota_check check (quota in ('attachments', 'messages', 'workspaces'))`,
    );
  }
}

// Events of threads that are already deleted: a worker removes them, as for threads that are deleted later.
const leftEvents = `
insert into run_event_archives (run_id, account_id, state, claim_id)
select r.id, r.account_id, 'removing', gen_random_uuid()
from threads t join runs r on r.account_id = t.account_id and r.thread_id = t.id
where t.deleted_at is not null and exists (select from run_events e where e.run_id = r.id)
on conflict (run_id) do update set state = 'removing' where run_event_archives.state = 'writing';
`;

// The second statement sees what other transactions have committed before it got the locks of the runs. The row of an account is locked last, and no
// statement of a run that has not ended locks it.
const count = `
create function count_event_bytes(ids uuid[]) returns integer language plpgsql as $$
begin
  perform from runs where id = any(ids) and status in ('completed', 'failed', 'cancelled') order by id for no key update;
  with looked as (
    select r.id, r.account_id, coalesce(r.counted_event_bytes, 0) as was,
      case when exists (select from run_events e where e.run_id = r.id) then r.event_bytes else 0 end as bytes
    from runs r where r.id = any(ids) and r.status in ('completed', 'failed', 'cancelled')
  ), counted as (
    update runs r set counted_event_bytes = l.bytes from looked l where r.id = l.id and r.counted_event_bytes is distinct from l.bytes
    returning r.account_id, l.bytes - l.was as change
  )
  insert into quota_usage as q (account_id, quota, used)
  select account_id, 'events', sum(change) from counted group by account_id having sum(change) <> 0 order by account_id
  on conflict (account_id, quota) do update set used = q.used + excluded.used;
  return cardinality(ids);
end $$;
`;

const deleted = `
create function count_runs_event_bytes_deleted() returns trigger language plpgsql as $$
begin
  insert into quota_usage as q (account_id, quota, used)
  select account_id, 'events', -sum(counted_event_bytes) from changed group by account_id having sum(counted_event_bytes) > 0 order by account_id
  on conflict (account_id, quota) do update set used = q.used + excluded.used;
  return null;
end $$;
create trigger runs_event_bytes_deleted after delete on runs referencing old table as changed
  for each statement execute function count_runs_event_bytes_deleted();
`;

const others = `
select r.account_id, 'messages' as quota, (case when r.deleted_at is null then 1024 else 0 end)::bigint as bytes from threads r
union all select r.account_id, 'messages' as quota, (message_bytes(r.content, r.content_json))::bigint as bytes from messages r
union all select r.account_id, 'messages' as quota, (512 + 4 * cardinality(r.hidden_message_numbers))::bigint as bytes from thread_shares r
union all select r.account_id, 'messages' as quota, (message_bytes(r.content, r.content_json))::bigint as bytes from thread_share_messages r
union all select r.account_id, 'attachments' as quota, (r.size::bigint)::bigint as bytes from attachments r
union all select r.account_id, 'workspaces' as quota, (r.size)::bigint as bytes from workspace_objects r`;

const view = `create or replace view stored_bytes as ${others}
union all select r.account_id, 'events' as quota, r.counted_event_bytes as bytes from runs r where r.counted_event_bytes > 0`;

// The row of the events is locked after that of the messages, as in transactions that delete runs with their threads.
const recount = (names: string) => `
create or replace function recount_quota_usage(account uuid) returns void language plpgsql as $$
begin
  insert into quota_usage select account, quota, 0 from unnest(array[${names}]) quota on conflict do nothing;
  perform from quota_usage where account_id = account order by quota = 'events', quota for update;
  update quota_usage q set used = coalesce((select sum(s.bytes) from stored_bytes s where s.account_id = account and s.quota = q.quota), 0)
  where q.account_id = account;
end $$;
`;
