import { z } from 'zod';
import type { Queryable } from '../../database/sql.ts';
import type { Persona } from '../../resources/personas/persona.ts';
import { instructionsPath } from '../../resources/skills/content.ts';
import { selectActiveSkills, selectSkillFile } from '../../resources/skills/queries.ts';
import { describeTool, type Tool, ToolFailure } from './tool.ts';
import { toFileContent } from './workspace/fileContent.ts';

export const loadSkillName = 'load_skill';

/** The part of the system prompt that lists skills, in UTF-16 code units. Longer lists name the others without their descriptions. */
const maxListLength = 16_000;

/** A loaded text, and the paths listed with it, in bytes of JSON. Both leave room for the other fields in `maxResultBytes`. */
const [maxChunkBytes, maxPathBytes] = [28 * 1024, 3 * 1024];

/** `prompt` goes into the system prompt if the model is shown the tool. */
type Skills = { tools: Tool[]; prompt: string };

type Listed = { name: string; description: string };

/** The active skills of the account. */
export const readSkills = (database: Queryable, accountId: string): Promise<Listed[]> => database.rows(selectActiveSkills, { accountId });

/** The skills of a run: the active ones that its persona allows. Without any, there is no tool. */
export function skillsOf(database: Queryable, accountId: string, active: readonly Listed[], { skills: listed = [] }: Persona): Skills {
  const isAllowed = (name: string) => listed.length === 0 || listed.includes(name);
  const all = active.filter(({ name }) => isAllowed(name));
  if (all.length === 0) return { tools: [], prompt: '' };
  return { tools: [loadSkill(database, accountId, isAllowed)], prompt: describeSkills(all) };
}

function describeSkills(skills: readonly Listed[]): string {
  const lines = skills.map(({ name, description }) => `- ${name}: ${description}`);
  let length = 0;
  const fitting = lines.findIndex((line) => (length += line.length) > maxListLength);
  const shown = fitting < 0 ? lines : lines.slice(0, fitting);
  const others = skills.slice(shown.length).map(({ name }) => name);
  return [
    '# Skills',
    '',
    `Instructions for particular tasks. When a task matches one of them, call ${loadSkillName} with its name and follow it.`,
    '',
    ...shown,
    ...(others.length > 0 ? [`Also: ${others.join(', ')}`] : []),
  ].join('\n');
}

const failed = (message: string) => new ToolFailure('tool.execution_failed', message);

const skillTool = describeTool({
  name: loadSkillName,
  description:
    'Read the instructions of a skill, or another file of it that they mention. A long text comes in parts: call again with next_offset.',
  input: z.strictObject({
    name: z.string().meta({ description: 'The name of the skill.' }),
    file: z.string().default(instructionsPath).meta({ description: 'Path of the file in the skill.' }),
    offset: z.int().min(0).default(0).meta({ description: 'Where to begin, in characters.' }),
  }),
  parallel: true,
  alwaysListed: true,
  timeoutMs: 30_000,
});

const loadSkill = (database: Queryable, accountId: string, isAllowed: (name: string) => boolean) =>
  skillTool(async ({ name, file, offset }) => {
    const path = file.replace(/^(?:\.?\/)+/, '').normalize('NFC');
    const isStorable = [name, path].every((text) => text.isWellFormed() && !text.includes('\0'));
    const found = isStorable && isAllowed(name) ? await database.row(selectSkillFile, { accountId, name, path }) : undefined;
    if (!found) throw failed(`There is no skill named ${name}.`);
    const files = found.paths ?? [];
    const { paths, more } = firstPaths(path === instructionsPath ? files.filter((each) => each !== path) : files);
    if (!found.content)
      throw failed(`The skill ${name} has no file ${path}. Its files: ${paths.join(', ')}${more > 0 ? `, and ${more} more` : ''}.`);
    const content = toFileContent(found.content, found.content.length);
    if (!('content' in content)) throw failed(`${path} is not text (${found.content.length} bytes).`);
    const text = content.content;
    const part = partOf(text, offset);
    const next = offset + part.length;
    const isListing = path === instructionsPath && offset === 0 && paths.length > 0;
    return {
      result: {
        ...{ name, file: path, content: part },
        ...(next < text.length && { next_offset: next, length: text.length }),
        ...(isListing && { files: paths, ...(more > 0 && { more_files: more }) }),
      },
    };
  });

/** As many paths as fit into a result beside a text, and the number of the others. */
function firstPaths(all: readonly string[]): { paths: readonly string[]; more: number } {
  let bytes = 0;
  const end = all.findIndex((path) => (bytes += Buffer.byteLength(JSON.stringify(path)) + 1) > maxPathBytes);
  const paths = end < 0 ? all : all.slice(0, end);
  return { paths, more: all.length - paths.length };
}

/** As much text from `offset` as fits into a result, without a half character at its end. */
function partOf(text: string, offset: number): string {
  let part = text.slice(offset, offset + maxChunkBytes);
  while (Buffer.byteLength(JSON.stringify(part)) > maxChunkBytes) part = part.slice(0, Math.floor(part.length * 0.9));
  const last = part.charCodeAt(part.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? part.slice(0, -1) : part;
}
