/** SQL: whether project `p` is shared with the user that `user` stands for, by all of the account or by a team he is in. */
export const sharedWith = (user: string): string => `(p.visibility = 'shared' and (p.team_id is null or exists (
  select from team_members tm where tm.account_id = p.account_id and tm.team_id = p.team_id and tm.user_id = ${user})))`;
