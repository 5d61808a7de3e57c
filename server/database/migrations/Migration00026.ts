import { Migration } from '@mikro-orm/migrations';

/** Counts the bytes that each account stores, with triggers on the tables that hold them, and adds a table for the objects of workspaces. */
export class Migration00026 extends Migration {
  override up(): void {
    for (const part of [objects, usage, ...counted.flatMap(triggersOf), real, limit, initial]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop view stored_bytes');
    for (const { table } of counted)
      this.addSql(`drop function count_${table}_inserted, count_${table}_deleted, count_${table}_updated cascade`);
    this.addSql('drop function check_limit, recount_quota_usage, message_bytes');
    this.addSql('drop table workspace_objects, quota_usage');
    this.addSql('alter table workspaces drop constraint workspaces_of_account');
  }
}

// A row is inserted before its object is stored and deleted after the object, so the sum of the rows is never less than what is stored.
const objects = `
alter table workspaces add constraint workspaces_of_account unique (account_id, workspace_ref);
create table workspace_objects (
  account_id uuid not null,
  workspace_ref text not null,
  name text not null,
  size bigint not null,
  primary key (account_id, workspace_ref, name),
  foreign key (account_id, workspace_ref) references workspaces (account_id, workspace_ref) on delete cascade
);
`;

// A trigger holds its row lock until the commit, so concurrent transactions that store for the same account are counted one after the other.
const usage = `
create table quota_usage (
  account_id uuid not null references accounts (id),
  quota text not null check (quota in ('attachments', 'messages', 'workspaces')),
  used bigint not null,
  primary key (account_id, quota)
) with (fillfactor = 50);

create function message_bytes(content text, content_json jsonb) returns bigint language sql immutable parallel safe
  return 256 + octet_length(content) + coalesce(octet_length(content_json::text), 0);
`;

type Counted = { table: string; quota: string; bytes: string; changing: string };

// The overhead of a row is counted too, so that many small rows are limited as well.
const counted: readonly Counted[] = [
  { table: 'threads', quota: 'messages', bytes: 'case when r.deleted_at is null then 1024 else 0 end', changing: 'deleted_at' },
  { table: 'messages', quota: 'messages', bytes: 'message_bytes(r.content, r.content_json)', changing: 'content, content_json' },
  {
    table: 'thread_shares',
    quota: 'messages',
    bytes: '512 + 4 * cardinality(r.hidden_message_numbers)',
    changing: 'hidden_message_numbers',
  },
  {
    table: 'thread_share_messages',
    quota: 'messages',
    bytes: 'message_bytes(r.content, r.content_json)',
    changing: 'content, content_json',
  },
  { table: 'attachments', quota: 'attachments', bytes: 'r.size::bigint', changing: 'size' },
  { table: 'workspace_objects', quota: 'workspaces', bytes: 'r.size', changing: 'size' },
];

// Ordered by account, so that two statements about several accounts do not deadlock.
const triggersOf = ({ table, quota, bytes, changing }: Counted): string[] => {
  const add = (rows: string) => `
  insert into quota_usage as q (account_id, quota, used)
  select account_id, '${quota}', sum(bytes) from (${rows}) r group by account_id having sum(bytes) <> 0 order by account_id
  on conflict (account_id, quota) do update set used = q.used + excluded.used`;
  const rowsOf = (from: string, sign = '') => `select r.account_id, ${sign}(${bytes}) as bytes from ${from} r`;
  const both = `${rowsOf('(select new.*)')} union all ${rowsOf('(select old.*)', '-')}`;
  const made = (event: string, rows: string) => `
create function count_${table}_${event}() returns trigger language plpgsql as $$
begin${add(rows)};
  return null;
end $$;`;
  return [
    made('inserted', rowsOf('changed')),
    made('deleted', rowsOf('changed', '-')),
    made('updated', both),
    `create trigger ${table}_inserted after insert on ${table} referencing new table as changed
  for each statement execute function count_${table}_inserted()`,
    `create trigger ${table}_deleted after delete on ${table} referencing old table as changed
  for each statement execute function count_${table}_deleted()`,
    `create trigger ${table}_updated after update of ${changing} on ${table}
  for each row execute function count_${table}_updated()`,
  ];
};

// The same sums computed from the rows. The counters are compared with them and reset to them.
const real = `
create view stored_bytes as
${counted.map(({ table, quota, bytes }) => `select r.account_id, '${quota}' as quota, (${bytes})::bigint as bytes from ${table} r`).join('\nunion all\n')};

create function recount_quota_usage(account uuid) returns void language plpgsql as $$
begin
  insert into quota_usage select account, quota, 0 from unnest(array['attachments', 'messages', 'workspaces']) quota on conflict do nothing;
  perform from quota_usage where account_id = account order by quota for update;
  update quota_usage q set used = coalesce((select sum(s.bytes) from stored_bytes s where s.account_id = account and s.quota = q.quota), 0)
  where q.account_id = account;
end $$;
`;

// Raises a specific error code, so that a check can be sent together with the commit that depends on it. 0 means no limit.
const limit = `
create function check_limit(used bigint, most bigint) returns void language plpgsql as $$
begin
  if most > 0 and used > most then
    raise exception 'limit exceeded' using errcode = 'QU001', detail = used;
  end if;
end $$;
`;

// A deleted thread has no content any more. Workspaces are counted by the next sweep, because only the sweep reads the object store.
const initial = `
delete from messages m using threads t where t.account_id = m.account_id and t.id = m.thread_id and t.deleted_at is not null;
delete from thread_shares s using threads t where t.account_id = s.account_id and t.id = s.thread_id and t.deleted_at is not null;
delete from thread_summaries s using threads t where t.account_id = s.account_id and t.id = s.thread_id and t.deleted_at is not null;
delete from quota_usage;
insert into quota_usage (account_id, quota, used) select account_id, quota, sum(bytes) from stored_bytes group by account_id, quota;
update workspaces set leftovers_since = coalesce(leftovers_since, now()) where manifest_rev is not null;
`;
