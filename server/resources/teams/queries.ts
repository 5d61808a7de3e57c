import { statement } from '../../kernel/sql.ts';

export type TeamRow = { id: string; account_id: string; name: string; members_count: number; created_at: string };
export type TeamMemberRow = { team_id: string; user_id: string; role: 'admin' | 'member'; created_at: string };

const teams = `
  select t.id, t.account_id, t.name, t.created_at,
    (select count(*)::int from team_members m where m.account_id = t.account_id and m.team_id = t.id) as members_count
  from teams t where t.account_id = $1`;

export const selectTeam = statement<TeamRow>(`${teams} and t.id = $2`);

export const selectTeams = statement<TeamRow>(`
  ${teams} and ($2::timestamptz is null or (t.created_at, t.id) < ($2::timestamptz, $3::uuid))
  order by t.created_at desc, t.id desc limit $4`);

export const insertTeam = statement<TeamRow>(`
  insert into teams (account_id, id, name) values ($1, $2, $3) returning id, account_id, name, 0 as members_count, created_at`);

/** Members are added one after the other, so that they can be counted. */
export const lockTeam = statement<{ id: string }>('select id from teams where account_id = $1 and id = $2 for no key update');

/** Nobody can name the team from now on. */
export const lockTeamToDelete = statement<{ name: string }>('select name from teams where account_id = $1 and id = $2 for update');

/** What only the team saw is seen by its owner alone: deleting a team never shows a project to more people. */
export const releaseProjects = statement<never>(
  `update projects set team_id = null, visibility = 'private' where account_id = $1 and team_id = $2`,
);
export const deleteTeam = statement<never>('delete from teams where account_id = $1 and id = $2');

const members = 'select team_id, user_id, role, created_at from team_members where account_id = $1 and team_id = $2';

export const selectTeamMember = statement<TeamMemberRow>(`${members} and user_id = $3`);

export const selectTeamMembers = statement<TeamMemberRow>(`
  ${members} and ($3::timestamptz is null or (created_at, user_id) < ($3::timestamptz, $4::uuid))
  order by created_at desc, user_id desc limit $5`);

export const countTeamMembers = statement<{ current: number }>(
  'select count(*)::int as current from team_members where account_id = $1 and team_id = $2',
);

/** Held to the commit: a membership does not end between the look and the insertion. */
export const holdMembership = statement<{ user_id: string }>(
  'select user_id from memberships where account_id = $1 and user_id = $2 for key share',
);

export const insertTeamMember = statement<TeamMemberRow>(`
  insert into team_members (account_id, team_id, user_id, role) values ($1, $2, $3, $4) returning team_id, user_id, role, created_at`);

export const updateTeamMember = statement<TeamMemberRow>(`
  update team_members set role = $4 where account_id = $1 and team_id = $2 and user_id = $3 returning team_id, user_id, role, created_at`);

export const deleteTeamMember = statement<never>('delete from team_members where account_id = $1 and team_id = $2 and user_id = $3');
