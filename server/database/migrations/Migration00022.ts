import { Migration } from '@mikro-orm/migrations';

/** The built-in service user, and indexes for the platform-wide lists of users and accounts. */
export class Migration00022 extends Migration {
  override up(): void {
    for (const part of [serviceUser, lists]) this.addSql(part);
  }

  override down(): void {
    this.addSql(`drop index accounts_list, users_list`);
    this.addSql(`delete from users where id = '${id}'`);
  }
}

// It has no credential, so it cannot sign in, and no account, so it receives no notifications. Its id is the highest, so that a broadcast reaches it
// after all other users and sends those full batches.
const id = 'ffffffff-ffff-7fff-bfff-ffffffffffff';
const serviceUser = `insert into users (id, username, created_at) values ('${id}', 'system_agent', '2024-06-09T00:00:00Z')`;

const lists = `
create index users_list on users (created_at desc, id desc) where status <> 'deleted';
create index accounts_list on accounts (created_at desc, id desc) where deleted_at is null;
`;
