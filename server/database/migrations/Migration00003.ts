import { Migration } from '@mikro-orm/migrations';

/** Teams and invitations. */
export class Migration00003 extends Migration {
  override up(): void {
    for (const part of [teams, invitations]) this.addSql(part);
  }

  override down(): void {
    this.addSql('alter table projects drop constraint projects_team');
    this.addSql('drop table team_members, teams, invitations');
  }
}

// The end of a membership removes the user from the teams of the account, whichever statement ends it.
const teams = `
create table teams (
  account_id uuid not null references accounts (id),
  id uuid not null,
  name text not null,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  unique (id)
);
create index teams_list on teams (account_id, created_at desc, id desc);

create table team_members (
  account_id uuid not null,
  team_id uuid not null,
  user_id uuid not null,
  role text not null check (role in ('admin', 'member')),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, team_id, user_id),
  unique (team_id, user_id),
  foreign key (account_id, team_id) references teams (account_id, id) on delete cascade,
  foreign key (account_id, user_id) references memberships (account_id, user_id) on delete cascade
);
create index team_members_user on team_members (account_id, user_id);

alter table projects add constraint projects_team foreign key (account_id, team_id) references teams (account_id, id);
create index projects_team on projects (account_id, team_id) where team_id is not null;
`;

const invitations = `
create table invitations (
  account_id uuid not null references accounts (id),
  id uuid not null,
  invited_by_user_id uuid not null references users (id),
  email text not null,
  role text not null check (role in ('admin', 'member')),
  token_hash text not null unique,
  expires_at timestamptz(3) not null,
  accepted_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  unique (id)
);
create unique index invitations_pending on invitations (account_id, lower(email)) where accepted_at is null;
create index invitations_list on invitations (account_id, created_at desc, id desc) where accepted_at is null;
`;
