import { posix } from 'node:path';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { SkillChanges, SkillContent } from '../../../contract/skills.ts';
import type { DownloadableFile } from '../../http/fileResponse.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { onUniqueViolation } from '../llmProviders/uniqueViolation.ts';
import { contentTypeOf } from '../workspaces/mediaTypes.ts';
import { parseContent, type ParsedSkill } from './content.ts';
import type { SkillFileRow, SkillRow } from './queries.ts';
import * as queries from './queries.ts';

export type SkillWithFiles = { skill: SkillRow; files: SkillFileRow[] };

export async function listSkills({ app, db, accountId }: Scope, page: PageQuery): Promise<{ rows: SkillRow[]; next: string | undefined }> {
  return app.cursors.fetchPage(
    page,
    ['skills', accountId],
    (key) => db.rows(queries.selectSkills, { accountId, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findSkill({ db, accountId }: Scope, id: string): Promise<SkillRow> {
  const skill = await db.row(queries.selectSkill, { accountId, id });
  if (!skill) throw notFound();
  return skill;
}

export const withFiles = async ({ db, accountId }: Scope, skill: SkillRow): Promise<SkillWithFiles> => ({
  skill,
  files: await db.rows(queries.selectFiles, { accountId, id: skill.id }),
});

const contentOf = ({ description, files, size }: ParsedSkill) => ({ description, fileCount: files.length, size });

/** Throws 400 `invalid_skill` or 409 `name_conflict`. */
export async function createSkill(scope: Scope, content: SkillContent): Promise<SkillWithFiles> {
  const { tx, accountId } = scope;
  const parsed = await parseContent(content);
  const { name } = parsed;
  await lockCredential(scope);
  if (!(await tx.row(queries.lockAccount, { accountId }))) throw notFound();
  const skill = await tx
    .row(queries.insertSkill, { accountId, id: newId(), name, ...contentOf(parsed) })
    .catch(onUniqueViolation(() => failWith('conflict', 'name_conflict', `There is a skill named ${name}.`)));
  scope.audit({ metadata: { name, files: parsed.files.length } });
  return storeFiles(scope, skill!, parsed);
}

/** Throws 400 `invalid_skill`, also for another name. */
export async function replaceSkill(scope: Scope, { id, name }: SkillRow, content: SkillContent): Promise<SkillWithFiles> {
  const { tx, accountId } = scope;
  const parsed = await parseContent(content);
  if (parsed.name !== name)
    throw invalidField(content.zip === undefined ? '/files' : '/zip', `SKILL.md must keep the name ${name}`, 'invalid_skill');
  const skill = await tx.row(queries.replaceSkill, { accountId, id, name, ...contentOf(parsed) });
  if (!skill) throw notFound();
  await tx.run(queries.deleteFiles, { accountId, id });
  scope.audit({ metadata: { name, files: parsed.files.length } });
  return storeFiles(scope, skill, parsed);
}

async function storeFiles({ tx, accountId }: Scope, skill: SkillRow, { files }: ParsedSkill): Promise<SkillWithFiles> {
  await tx.run(queries.insertFiles, {
    accountId,
    id: skill.id,
    paths: files.map(({ path }) => path),
    hashes: files.map(({ sha256 }) => sha256),
    contents: files.map(({ bytes }) => bytes),
  });
  return { skill, files: files.map(({ path, bytes, sha256 }) => ({ path, sha256, size: bytes.length })) };
}

export async function updateSkill(scope: Scope, { id, is_active }: SkillRow, changes: SkillChanges): Promise<SkillWithFiles> {
  const { tx, accountId } = scope;
  await lockCredential(scope);
  const skill = await tx.row(queries.setActive, { accountId, id, isActive: changes.is_active ?? is_active });
  if (!skill) throw notFound();
  scope.audit({ metadata: { name: skill.name, is_active: skill.is_active } });
  return { skill, files: await tx.rows(queries.selectFiles, { accountId, id }) };
}

/** Throws 409 `skill_in_use` if a persona of the account lists the skill. */
export async function deleteSkill(scope: Scope, { id, name }: SkillRow): Promise<void> {
  const { tx, accountId } = scope;
  const users = (await tx.rows(queries.selectPersonasWith, { accountId, name })).map(({ persona_key }) => persona_key);
  if (users.length > 0)
    throw failWith(
      'conflict',
      'skill_in_use',
      `The skill is listed by ${users.length === 1 ? 'the persona' : 'the personas'} ${users.join(', ')}.`,
      {
        persona_keys: users,
      },
    );
  if ((await tx.run(queries.deleteSkill, { accountId, id })) === 0) throw notFound();
  scope.audit({ metadata: { name } });
}

/** Throws 404 if the skill has no such file. */
export async function findSkillFile({ db, accountId }: Scope, { id }: SkillRow, path: string): Promise<DownloadableFile> {
  const file = await db.row(queries.selectFile, { accountId, id, path });
  if (!file) throw notFound();
  const { content, sha256 } = file;
  const name = posix.basename(file.path);
  const open = async () => ({ type: contentTypeOf(name, content), size: content.length, chunks: chunksOf(content), close() {} });
  return { sha256, name, open };
}

async function* chunksOf(content: Buffer) {
  if (content.length > 0) yield content;
}
