import { z } from 'zod';
import { changes, Id, inconsistentValues, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { declareFile, initContract, type Resource } from './shared/route.ts';

/** Limits of one skill. `bytes` is the sum of all files. */
export const skillLimits = { files: 100, bytes: 2 * 2 ** 20, instructionBytes: 2 ** 17, path: 200, name: 64, description: 1_024 } as const;

/** Lowercase letters and digits in words that single hyphens join, as in the Agent Skills format. */
export const skillNamePattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
export const SkillName = z.string().max(skillLimits.name).regex(skillNamePattern);

const skillFields = {
  id: Id.meta({ description: 'ID of the skill.' }),
  account_id: Id.meta({ description: 'The account whose personas can use the skill.' }),
  name: z.string().meta({ description: 'Name from `SKILL.md`, unique in the account. It cannot be changed.' }),
  description: z.string().meta({ description: 'Description from `SKILL.md`: what the skill does, and when to use it.' }),
  is_active: z.boolean().meta({ description: 'Whether runs can load the skill.' }),
  file_count: z.int().min(1).meta({ description: 'Number of files, including `SKILL.md`.' }),
  size: z.int().min(1).meta({ description: 'Size of all files in bytes.' }),
  created_at: Time.meta({ description: 'When the skill was created.' }),
  updated_at: Time.meta({ description: 'When the skill was last changed.' }),
};

export const Skill = z
  .object(skillFields)
  .meta({ id: 'Skill', description: 'A folder with instructions that a model loads when a task requires them.' });
export type Skill = z.infer<typeof Skill>;

export const SkillFile = z
  .object({
    path: z.string().meta({ description: 'Path in the folder of the skill, such as `references/styles.md`.' }),
    size: z.int().min(0).meta({ description: 'Size in bytes.' }),
    mime_type: z.string().meta({ description: 'Determined by the file name extension.' }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .meta({ description: 'SHA-256 of the content, in lowercase hex digits.' }),
  })
  .meta({ id: 'SkillFile', description: 'A file of a skill.' });
export type SkillFile = z.infer<typeof SkillFile>;

export const SkillDetails = z
  .object({ ...skillFields, files: z.array(SkillFile).meta({ description: 'The files, sorted by path. `SKILL.md` is the first.' }) })
  .meta({ id: 'SkillDetails', description: 'A skill and its files.' });
export type SkillDetails = z.infer<typeof SkillDetails>;

export const NewSkillFile = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .max(skillLimits.path)
      .meta({ description: 'Path in the folder of the skill: `SKILL.md`, or names joined by `/`. It cannot leave the folder.' }),
    content: z
      .string()
      .max(skillLimits.bytes * 2)
      .meta({ description: 'The content: text, or base64.' }),
    encoding: z
      .enum(['utf8', 'base64'])
      .default('utf8')
      .meta({ id: 'SkillFileEncoding', description: 'Encoding of a file content.' })
      .meta({ description: 'Encoding of `content`: use `base64` for files that are not text.' }),
  })
  .meta({ id: 'NewSkillFile', description: 'A file of a skill to store.' });
export type NewSkillFile = z.infer<typeof NewSkillFile>;

export const SkillContent = z
  .strictObject({
    files: z.array(NewSkillFile).min(1).max(skillLimits.files).optional().meta({
      description: 'All files of the skill. One of them is `SKILL.md`, with the front matter fields `name` and `description`.',
    }),
    zip: z
      .string()
      .min(1)
      .max(skillLimits.bytes * 2)
      .optional()
      .meta({ description: 'The folder of the skill as a zip archive, in base64. `SKILL.md` is at its root or in its only folder.' }),
  })
  .refine(({ files, zip }) => (files === undefined) !== (zip === undefined), {
    path: ['files'],
    error: 'give either files or zip',
    params: inconsistentValues,
  })
  .meta({
    id: 'SkillContent',
    description: `The content of a skill: \`files\` or \`zip\`. At most ${skillLimits.files} files and ${skillLimits.bytes / 2 ** 20} MiB in total.`,
  });
export type SkillContent = z.infer<typeof SkillContent>;

export const SkillChanges = changes({
  is_active: z.boolean().optional().meta({ description: 'Whether runs can load the skill.' }),
}).meta({ id: 'SkillChanges', description: 'The fields of the skill to change.' });
export type SkillChanges = z.infer<typeof SkillChanges>;

const read = 'data.skills.read';
/** Skills become part of what the models of the whole account read, as the prompts of personas do. */
const permission = ['data.skills.manage', 'data.personas.manage'] as const;
const maxBody = 2 * skillLimits.bytes;

export const skills = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/skills',
    summary: 'Create a skill',
    description:
      'Stores a folder in the Agent Skills format. Name and description are those of the front matter of `SKILL.md`. Personas without a list of skills can load it in their next runs. The body can have 4 MiB.',
    maxBody,
    body: SkillContent,
    responses: { 201: SkillDetails },
    metadata: { auth: 'user', permission, quota: 'skills', audit: ['skill.create', 'skill'] },
  },
  list: {
    method: 'GET',
    path: '/v1/skills',
    summary: 'List the skills of the account, newest first',
    description: 'Returns the skills without their files, inactive ones too. Retrieve a skill to list its files.',
    query: pageQuery(),
    responses: { 200: z.array(Skill) },
    metadata: { auth: 'user', read, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/skills/{skill_id}',
    summary: 'Retrieve a skill with the list of its files',
    description: 'Contains paths, sizes and hashes. Download a file to read its content.',
    responses: { 200: SkillDetails },
    metadata: { auth: 'user', read },
  },
  replace: {
    method: 'PUT',
    path: '/v1/skills/{skill_id}',
    summary: 'Replace the content of a skill',
    description:
      'Replaces all files; those that are not sent are removed. The name in `SKILL.md` must stay the same. Active runs load the new content from then on. The body can have 4 MiB.',
    maxBody,
    body: SkillContent,
    responses: { 200: SkillDetails },
    metadata: { auth: 'user', read, permission, audit: ['skill.replace', 'skill'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/skills/{skill_id}',
    summary: 'Enable or disable a skill',
    description: 'Models no longer see a disabled skill and cannot load it. Its files and the lists of personas are kept.',
    body: SkillChanges,
    responses: { 200: SkillDetails },
    metadata: { auth: 'user', read, permission, audit: ['skill.update', 'skill'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/skills/{skill_id}',
    summary: 'Delete a skill',
    description:
      'The files are removed immediately and cannot be restored. Returns 409 while a persona of the account lists the skill; `details.persona_keys` names them. Remove it there first, or disable it.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read, permission, audit: ['skill.delete', 'skill'], extraErrors: [409] },
  },
  file: {
    method: 'GET',
    path: '/v1/skills/{skill_id}/file',
    summary: 'Download a file of a skill',
    description: 'Returns the content with its media type, always as an attachment.',
    query: z.object({ path: z.string().min(1).max(skillLimits.path).meta({ description: 'The `path` of the file.' }) }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    responses: { 200: declareFile(), 304: null },
    metadata: { auth: 'user', read },
  },
} as const satisfies Resource);
