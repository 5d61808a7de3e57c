import { Migration } from '@mikro-orm/migrations';

/** Workspaces: the files of each user in each project. */
export class Migration00004 extends Migration {
  override up(): void {
    this.addSql(`
create table workspaces (
  account_id uuid not null references accounts (id),
  project_id uuid not null,
  owner_user_id uuid not null references users (id),
  workspace_ref text not null unique,
  manifest_rev text,
  last_used_at timestamptz(3) not null default now(),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, project_id, owner_user_id),
  foreign key (account_id, project_id) references projects (account_id, id)
);
create index projects_list on projects (account_id, created_at desc, id desc) where deleted_at is null;
`);
  }

  override down(): void {
    this.addSql('drop index projects_list');
    this.addSql('drop table workspaces');
  }
}
