import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Project = defineEntity({
  name: 'Project',
  tableName: 'projects',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary().unique('projects_id_key'),
    teamId: p.uuid().nullable(),
    ownerUserId: p.uuid().nullable(),
    name: p.text(),
    description: p.text().nullable(),
    visibility: p.enum(['private', 'shared'] as const).default('private'),
    isDefault: p.boolean().default(false),
    createdAt: timestamptz().defaultRaw('now()'),
    deletedAt: timestamptz().nullable(),
  },
  indexes: [
    {
      name: 'projects_default',
      expression:
        'create unique index projects_default on projects (account_id, owner_user_id) where (is_default and (deleted_at is null))',
    },
    {
      name: 'projects_list',
      expression: 'create index projects_list on projects (account_id, created_at desc, id desc) where (deleted_at is null)',
    },
    { name: 'projects_team', expression: 'create index projects_team on projects (account_id, team_id) where (team_id is not null)' },
  ],
});
