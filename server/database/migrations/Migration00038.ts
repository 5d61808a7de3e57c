import { Migration } from '@mikro-orm/migrations';

/** The audit log in monthly partitions. See docs/decisions/0034-archived-events.md. */
export class Migration00038 extends Migration {
  override up(): void {
    this.addSql(partition);
  }

  override down(): void {
    this.addSql(merge);
  }
}

const columns = `
  id uuid primary key,
  account_id uuid,
  actor_user_id uuid,
  action text not null,
  target_type text not null,
  target_id text,
  trace_id text not null,
  metadata jsonb not null default '{}',
  before_state jsonb,
  after_state jsonb,
  ip_address text,
  user_agent text,
  created_at timestamptz(3) not null default now()`;

const indexes = `
create index audit_logs_list on audit_logs (account_id, created_at desc, id desc);
create index audit_logs_newest on audit_logs (created_at desc, id desc) where action > '';
create index audit_logs_action on audit_logs (action, created_at desc, id desc) where action > '';
create index audit_logs_target on audit_logs (target_type, created_at desc, id desc) where action > '';
create index audit_logs_actor on audit_logs (actor_user_id, created_at desc, id desc);`;

// The existing table becomes the partition of this month and all earlier ones, with its indexes: nothing is copied. Attaching it reads it once, to
// check that its ids are below the bound. Ids are UUIDs of version 7; the first 48 bits are milliseconds. Rows with later ids, of a clock
// that was ahead, move to the default partition. Privileges of other roles are copied, because they belong to the table and not to its name.
const partition = `do $$
declare
  month timestamp := date_trunc('month', now() at time zone 'UTC');
  next_id uuid := (lpad(to_hex((extract(epoch from month + interval '1 month') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;
  existing text := 'audit_logs_' || to_char(month, 'YYYY_MM');
  index_name text;
  privilege record;
begin
  lock table audit_logs in access exclusive mode;
  execute format('alter table audit_logs rename to %I', existing);
  for index_name in select indexrelid::regclass::text from pg_index where indrelid = existing::regclass loop
    execute format('alter index %I rename to %I', index_name, replace(index_name, 'audit_logs', existing));
  end loop;
  create table audit_logs (${columns}) partition by range (id);
  ${indexes}
  create table audit_logs_default partition of audit_logs default;
  execute format('with late as (delete from %I where id >= $1 returning *) insert into audit_logs select * from late', existing) using next_id;
  execute format('alter table audit_logs attach partition %I for values from (minvalue) to (%L)', existing, next_id);
  for privilege in
    select grantee, privilege_type, is_grantable from pg_class c, aclexplode(c.relacl) a
    where c.oid = existing::regclass and a.grantee <> c.relowner
  loop
    execute format('grant %s on audit_logs to %s', privilege.privilege_type,
      case privilege.grantee when 0 then 'public' else privilege.grantee::regrole::text end)
      || case when privilege.is_grantable then ' with grant option' else '' end;
  end loop;
end $$`;

const merge = `
alter table audit_logs rename to audit_logs_partitioned;
alter index audit_logs_pkey rename to audit_logs_partitioned_pkey;
drop index audit_logs_list, audit_logs_newest, audit_logs_action, audit_logs_target, audit_logs_actor;
create table audit_logs (${columns});
insert into audit_logs select * from audit_logs_partitioned;
drop table audit_logs_partitioned;
${indexes}`;
