import { Migration } from '@mikro-orm/migrations';

/** The position of each refresh token in its session. Open invitations end when their inviter loses the right to invite. */
export class Migration00028 extends Migration {
  override up(): void {
    for (const part of [generations, openInvitations]) this.addSql(part);
  }

  override down(): void {
    this.addSql(`
drop trigger users_void_invitations on users;
drop trigger memberships_end_void_invitations on memberships;
drop trigger memberships_role_void_invitations on memberships;
drop function void_invitations_of_member, void_invitations_of_user;
drop index invitations_open;
create index refresh_tokens_session on refresh_tokens (session_id);
drop index refresh_tokens_generation;
alter table refresh_tokens drop column generation;
`);
  }
}

// The unique index allows one successor per token, so a session never has two branches.
const generations = `
alter table refresh_tokens add column generation integer;
update refresh_tokens t set generation = known.generation
from (
  select token_hash, row_number() over (partition by session_id order by issued_at, rotated_at nulls last, token_hash) - 1 as generation
  from refresh_tokens) known
where known.token_hash = t.token_hash;
alter table refresh_tokens alter column generation set not null;
create unique index refresh_tokens_generation on refresh_tokens (session_id, generation);
drop index refresh_tokens_session;
`;

// Triggers, because a membership ends in several ways: removal, leaving, deletion of the user, and ways added later. Every change of the role voids
// invitations: a role that could not invite before has none open. The first statement applies the rule to existing rows.
const openInvitations = `
delete from invitations i where i.accepted_at is null and not exists (
  select from memberships m join users u on u.id = m.user_id and u.status = 'active'
  where m.account_id = i.account_id and m.user_id = i.invited_by_user_id and m.role = 'admin');
create index invitations_open on invitations (invited_by_user_id) where accepted_at is null;

create function void_invitations_of_member() returns trigger language plpgsql as $$
begin
  delete from invitations where account_id = old.account_id and invited_by_user_id = old.user_id and accepted_at is null;
  return null;
end $$;
create trigger memberships_end_void_invitations after delete on memberships
  for each row execute function void_invitations_of_member();
create trigger memberships_role_void_invitations after update of role on memberships
  for each row when (old.role is distinct from new.role) execute function void_invitations_of_member();

create function void_invitations_of_user() returns trigger language plpgsql as $$
begin
  delete from invitations where invited_by_user_id = old.id and accepted_at is null;
  return null;
end $$;
create trigger users_void_invitations after update of status on users
  for each row when (new.status <> 'active') execute function void_invitations_of_user();
`;
