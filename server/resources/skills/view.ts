import type { Skill, SkillDetails } from '../../../contract/skills.ts';
import { mimeTypeOf } from '../workspaces/mediaTypes.ts';
import type { SkillRow } from './queries.ts';
import type { SkillWithFiles } from './service.ts';

export const viewSkill = (row: SkillRow): Skill => ({
  id: row.id,
  account_id: row.account_id,
  name: row.name,
  description: row.description,
  is_active: row.is_active,
  file_count: row.file_count,
  size: row.size,
  created_at: row.created_at,
  updated_at: row.updated_at,
});

export const viewSkillDetails = ({ skill, files }: SkillWithFiles): SkillDetails => ({
  ...viewSkill(skill),
  files: files.map(({ path, size, sha256 }) => ({ path, size, mime_type: mimeTypeOf(path), sha256 })),
});
