import { Migration } from '@mikro-orm/migrations';

/** Skills: folders with instructions and files that models load on demand. */
export class Migration00045 extends Migration {
  override up(): void {
    this.addSql(`create table "skills" (
  "account_id" uuid not null references "accounts" ("id"),
  "id" uuid not null,
  "name" text not null,
  "description" text not null,
  "is_active" boolean not null default true,
  "file_count" int not null,
  "size" int not null,
  "created_at" timestamptz(3) not null default now(),
  "updated_at" timestamptz(3) not null default now(),
  primary key ("account_id", "id"),
  constraint "skills_account_id_name_key" unique ("account_id", "name")
)`);
    this.addSql(`create index skills_list on skills (account_id, created_at desc, id desc)`);
    this.addSql(`create table "skill_files" (
  "account_id" uuid not null,
  "skill_id" uuid not null,
  "path" text not null,
  "sha256" text not null,
  "size" int not null,
  "content" bytea not null,
  primary key ("account_id", "skill_id", "path"),
  foreign key ("account_id", "skill_id") references "skills" ("account_id", "id") on delete cascade
)`);
  }

  override down(): void {
    this.addSql(`drop table "skill_files"`);
    this.addSql(`drop table "skills"`);
  }
}
