import { Migration } from '@mikro-orm/migrations';

/**
 * One sign-in code per user and requesting client address, so that requests of strangers do not void a code. Guesses from other addresses are
 * counted.
 */
export class Migration00031 extends Migration {
  override up(): void {
    this.addSql(codes);
  }

  override down(): void {
    this.addSql(undo);
  }
}

const codes = `
alter table login_codes
  add column asked_from text not null default '',
  add column foreign_guesses integer not null default 0,
  drop constraint login_codes_pkey,
  add primary key (user_id, asked_from);
alter table login_codes alter column asked_from drop default;
create index sessions_recent on sessions (user_id, created_at desc);
`;

const undo = `
drop index sessions_recent;
delete from login_codes c using login_codes newer where newer.user_id = c.user_id and (newer.expires_at, newer.asked_from) > (c.expires_at, c.asked_from);
alter table login_codes drop constraint login_codes_pkey, drop column asked_from, drop column foreign_guesses, add primary key (user_id);
`;
