import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Team = defineEntity({
  name: 'Team',
  tableName: 'teams',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary().unique('teams_id_key'),
    name: p.text(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [{ name: 'teams_list', expression: 'create index teams_list on teams (account_id, created_at desc, id desc)' }],
});

export const TeamMember = defineEntity({
  name: 'TeamMember',
  tableName: 'team_members',
  properties: {
    accountId: p.uuid().primary(),
    teamId: p.uuid().primary(),
    userId: p.uuid().primary(),
    role: p.enum(['admin', 'member'] as const),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  uniques: [{ name: 'team_members_team_id_user_id_key', properties: ['teamId', 'userId'] }],
  indexes: [{ name: 'team_members_user', expression: 'create index team_members_user on team_members (account_id, user_id)' }],
});
