import { Migration } from '@mikro-orm/migrations';

/** Changes of the numbers of users and accounts, so that the dashboard need not count them. Their sums are the numbers. */
export class Migration00074 extends Migration {
  override up(): void {
    this.addSql(`create table directory_count_changes (
      id uuid primary key default new_id(),
      subject text not null check (subject in ('user', 'account')),
      change bigint not null,
      last_login_on date
    )`);
    for (const each of [users, accounts, fill]) this.addSql(each);
  }

  override down(): void {
    this.addSql('drop trigger users_counted on users; drop trigger users_change_counted on users; drop function count_users()');
    this.addSql(
      'drop trigger accounts_counted on accounts; drop trigger accounts_change_counted on accounts; drop function count_accounts()',
    );
    this.addSql('drop table directory_count_changes');
  }
}

const dayOf = (row: string) => `(${row}.last_login_at at time zone 'UTC')::date`;

/** The built-in service user is not counted. */
const serviceUser = 'ffffffff-ffff-7fff-bfff-ffffffffffff';

// Appending a change takes no lock, so it cannot wait for another transaction. A worker merges them. Of a user that signs in again, only the first time
// of a day is a change.
const users = `
create function count_users() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    if old.status <> 'deleted' and old.id <> '${serviceUser}' then
      insert into directory_count_changes (subject, change, last_login_on) values ('user', -1, ${dayOf('old')});
    end if;
  end if;
  if tg_op <> 'DELETE' then
    if new.status <> 'deleted' and new.id <> '${serviceUser}' then
      insert into directory_count_changes (subject, change, last_login_on) values ('user', 1, ${dayOf('new')});
    end if;
  end if;
  return null;
end $$;
create trigger users_counted after insert or delete on users for each row execute function count_users();
create trigger users_change_counted after update on users for each row
when ((old.status = 'deleted') <> (new.status = 'deleted') or ${dayOf('old')} is distinct from ${dayOf('new')}) execute function count_users();
`;

const accounts = `
create function count_accounts() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    if old.deleted_at is null then insert into directory_count_changes (subject, change) values ('account', -1); end if;
  end if;
  if tg_op <> 'DELETE' then
    if new.deleted_at is null then insert into directory_count_changes (subject, change) values ('account', 1); end if;
  end if;
  return null;
end $$;
create trigger accounts_counted after insert or delete on accounts for each row execute function count_accounts();
create trigger accounts_change_counted after update on accounts for each row
when ((old.deleted_at is null) <> (new.deleted_at is null)) execute function count_accounts();
`;

const fill = `
insert into directory_count_changes (subject, change, last_login_on)
select 'user', count(*), ${dayOf('u')} from users u where status <> 'deleted' and id <> '${serviceUser}' group by 3
union all select 'account', count(*), null from accounts where deleted_at is null having count(*) > 0;
`;
