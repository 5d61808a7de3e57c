import { createHash } from 'node:crypto';
import { type NewSkillFile, type SkillContent, skillLimits } from '../../../contract/skills.ts';
import { decodeBase64 } from '../../platform/base64.ts';
import { invalidField } from '../../platform/failure.ts';
import { readZip, ZipError } from '../../platform/zip.ts';
import { parseSkillHeader, SkillFormatError, type SkillHeader } from './frontMatter.ts';

/** The file with the instructions of a skill. */
export const instructionsPath = 'SKILL.md';

/** `pointer` is the value in the request that the file comes from. */
type SourceFile = { path: string; bytes: Buffer; pointer: string };
type StoredFile = { path: string; bytes: Buffer; sha256: string };
export type ParsedSkill = SkillHeader & { files: StoredFile[]; size: number };

const invalidSkill = (pointer: string, message: string) => invalidField(pointer, message, 'invalid_skill');

/** Reads and checks the content of a skill. Throws 400 `invalid_skill`, with the place and what is wrong there. */
export async function parseContent({ files, zip }: SkillContent): Promise<ParsedSkill> {
  const sources = zip === undefined ? files!.map(readFile) : await unpack(zip);
  const checked = checkFiles(sources);
  const instructions = checked.find(({ path }) => path === instructionsPath);
  const place = zip === undefined ? '/files' : '/zip';
  if (!instructions) throw invalidSkill(place, `contains no ${instructionsPath}`);
  if (instructions.bytes.length > skillLimits.instructionBytes)
    throw invalidSkill(instructions.pointer, `${instructionsPath} is larger than ${skillLimits.instructionBytes / 1024} KiB`);
  const header = await parseSkillHeader(instructions.bytes).catch((error: unknown) => {
    throw error instanceof SkillFormatError ? invalidSkill(instructions.pointer, `${instructionsPath} ${error.message}`) : error;
  });
  const size = checked.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size > skillLimits.bytes) throw invalidSkill(place, `is larger than ${skillLimits.bytes / 2 ** 20} MiB in total`);
  return { ...header, size, files: checked.map(({ path, bytes }) => ({ path, bytes, sha256: sha256(bytes) })) };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function readFile({ path, content, encoding }: NewSkillFile, at: number): SourceFile {
  const pointer = `/files/${at}`;
  const bytes = encoding === 'base64' ? decodeBase64(content) : Buffer.from(content);
  if (!bytes) throw invalidSkill(`${pointer}/content`, 'is not base64');
  return { path, bytes, pointer };
}

/** Files that archive programs add. */
const isLitter = (path: string) => path.startsWith('__MACOSX/') || path.split('/').at(-1) === '.DS_Store';

async function unpack(base64: string): Promise<SourceFile[]> {
  const archive = decodeBase64(base64);
  if (!archive) throw invalidSkill('/zip', 'is not base64');
  const files: SourceFile[] = [];
  try {
    // Folders and litter count as entries.
    for await (const { path, bytes } of readZip(archive, { entries: 4 * skillLimits.files, bytes: skillLimits.bytes }))
      if (!isLitter(path)) files.push({ path, bytes, pointer: '/zip' });
  } catch (error) {
    throw error instanceof ZipError ? invalidSkill('/zip', error.message) : error;
  }
  if (files.length > skillLimits.files) throw invalidSkill('/zip', `contains more than ${skillLimits.files} files`);
  return withoutFolder(files);
}

/** Removes the folder that contains all files, as in an archive of the folder itself. */
function withoutFolder(files: SourceFile[]): SourceFile[] {
  const folder = files[0]?.path.split('/', 1)[0];
  if (!files.every(({ path }) => path.startsWith(`${folder}/`))) return files;
  return files.map((file) => ({ ...file, path: file.path.slice(folder!.length + 1) }));
}

/** With paths in NFC. Sorted by path, `SKILL.md` first. Throws for an unsafe path, and for two files that cannot exist beside each other. */
function checkFiles(sources: readonly SourceFile[]): SourceFile[] {
  const files = sources.map((file) => ({ ...file, path: file.path.normalize('NFC') }));
  const taken = new Set<string>();
  for (const { path, pointer } of files) {
    if (!isSafePath(path)) throw invalidSkill(pointer, `${shown(path)} is not a path in the folder of the skill`);
    if (taken.has(path)) throw invalidSkill(pointer, `${shown(path)} is there twice`);
    taken.add(path);
  }
  for (const { path, pointer } of files)
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      if (taken.has(path.slice(0, end))) throw invalidSkill(pointer, `${shown(path.slice(0, end))} is both a file and a folder`);
  const order = ({ path }: SourceFile) => (path === instructionsPath ? '' : path);
  return files.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}

const shown = (path: string) => JSON.stringify(path.slice(0, 100).toWellFormed());

/** Relative, without empty, `.` and `..` segments, backslashes, control and invisible characters, and spaces at the ends of names. */
const isSafePath = (path: string) =>
  [...path].length <= skillLimits.path &&
  !/[\\\p{C}]/u.test(path) &&
  path.split('/').every((step) => !['', '.', '..'].includes(step) && step.trim() === step);
