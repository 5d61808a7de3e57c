import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Skill = defineEntity({
  name: 'Skill',
  tableName: 'skills',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    name: p.text(),
    description: p.text(),
    isActive: p.boolean().default(true),
    fileCount: p.integer(),
    size: p.integer(),
    createdAt: timestamptz().defaultRaw('now()'),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
  uniques: [{ name: 'skills_account_id_name_key', properties: ['accountId', 'name'] }],
  indexes: [{ name: 'skills_list', expression: 'create index skills_list on skills (account_id, created_at desc, id desc)' }],
});

/** Skills are small and read as a whole, so their content is in the database: it needs no object store and is backed up with the rest. */
export const SkillFile = defineEntity({
  name: 'SkillFile',
  tableName: 'skill_files',
  properties: {
    accountId: p.uuid().primary(),
    skillId: p.uuid().primary(),
    path: p.text().primary(),
    sha256: p.text(),
    size: p.integer(),
    content: p.blob().$type<Buffer>(),
  },
});
