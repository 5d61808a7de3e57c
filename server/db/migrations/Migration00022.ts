import { Migration } from '@mikro-orm/migrations';

/** The built-in service user, and the orders in which those who run the platform list users and accounts. */
export class Migration00022 extends Migration {
  override up(): void {
    for (const part of [serviceUser, lists]) this.addSql(part);
  }

  override down(): void {
    this.addSql(`drop index accounts_list, users_list`);
    this.addSql(`delete from users where id = '${id}'`);
  }
}

// Without a credential nobody signs in as it, and without an account it is told nothing. The last of all ids: a broadcast comes past it after
// all people, and sends them full batches.
const id = 'ffffffff-ffff-7fff-bfff-ffffffffffff';
const serviceUser = `insert into users (id, username, created_at) values ('${id}', 'system_agent', '2024-06-09T00:00:00Z')`;

const lists = `
create index users_list on users (created_at desc, id desc) where status <> 'deleted';
create index accounts_list on accounts (created_at desc, id desc) where deleted_at is null;
`;
