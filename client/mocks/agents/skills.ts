import type { Persona } from '../../../contract/personas.ts';
import type { skills as routes, SkillContent } from '../../../contract/skills.ts';
import { type Context, RawBody, type RouteHandlers } from '../context.ts';
import { apiError, invalidField, notFound } from '../http/errors.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json } from '../state.ts';

const bytesOf = (content: string, encoding: string | undefined): Uint8Array<ArrayBuffer> =>
  encoding === 'base64' ? Uint8Array.from(atob(content), (char) => char.charCodeAt(0)) : new TextEncoder().encode(content);

const keyOf = (id: unknown, path: string) => `skills/${String(id)}/${path}`;

/** Name and description from the front matter, in its simplest form: one line each. */
function headerOf(text: string): { name: string; description: string } {
  const [, front = ''] = text.split(/^---\r?$/m, 2);
  const line = (field: string) =>
    front
      .split('\n')
      .find((each) => each.startsWith(`${field}:`))
      ?.slice(field.length + 1)
      .trim();
  const [name, description] = [line('name'), line('description')];
  if (!name || !description) throw invalidField('/files', 'SKILL.md has no name or description', 'invalid_skill');
  return { name, description };
}

/** Derives the fields of a skill from the files of the request, and keeps the files. The mock does not unpack archives: their skill is made up. */
export function setSkillContent(value: Json, { engine, body, caller }: Context) {
  const { files: given, zip } = Object(body) as SkillContent;
  if (!given && !zip) return;
  const made = `---\nname: unpacked-${engine.fakes.branch(zip ?? '').hex(8)}\ndescription: From an archive.\n---\n`;
  const files = given ?? [{ path: 'SKILL.md', content: made, encoding: 'utf8' as const }];
  const instructions = files.find(({ path }) => path === 'SKILL.md');
  if (!instructions) throw invalidField('/files', 'contains no SKILL.md', 'invalid_skill');
  const header = headerOf(new TextDecoder().decode(bytesOf(instructions.content, instructions.encoding)));
  const known = files.map(({ path, content, encoding }) => {
    const bytes = bytesOf(content, encoding);
    engine.state.files.set(keyOf(value.id, path), {
      bytes: bytes.buffer,
      type: 'text/plain; charset=utf-8',
      name: path,
      owner: caller!.accountId,
    });
    return { path, size: bytes.length, mime_type: 'text/plain', sha256: engine.fakes.branch(content).hex(64) };
  });
  const size = known.reduce((sum, file) => sum + file.size, 0);
  // A skill keeps its name.
  Object.assign(value, { ...header, name: zip ? value.name : header.name, files: known, file_count: known.length, size });
}

export const skills: RouteHandlers<typeof routes> = {
  delete: ({ engine, caller, loaded }) => {
    const skill = loaded.skill_id!;
    const users = engine.state
      .rows(resourceType('/v1/personas'), ({ owner }) => owner === caller.accountId)
      .filter(({ value }) => (value as Persona).skills.includes(skill.value.name as string));
    if (users.length > 0) throw apiError('conflict', 'skill_in_use', 'A persona lists the skill.');
    engine.state.remove(resourceType('/v1/skills'), (each) => each === skill);
    return { status: 204, body: undefined };
  },
  file: ({ engine, loaded, query, headers }) => {
    const { id } = loaded.skill_id!.value;
    const stored = engine.state.files.get(keyOf(id, query.path));
    // A skill that a test has added without files.
    if (!stored && query.path !== 'SKILL.md') throw notFound();
    const bytes = stored?.bytes ?? bytesOf('A skill of the mock.\n', 'utf8').buffer;
    const etag = `"${engine.fakes.branch(`${query.path} ${bytes.byteLength}`).hex(64)}"`;
    if (headers['if-none-match'] === etag) return { status: 304, body: undefined, headers: { etag } };
    return {
      status: 200,
      body: new RawBody(bytes, stored?.type ?? 'text/plain; charset=utf-8'),
      headers: { etag, 'content-disposition': 'attachment' },
    };
  },
};
