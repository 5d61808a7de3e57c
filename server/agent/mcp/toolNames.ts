import { createHash } from 'node:crypto';
import { trimEnd, trimStart } from '../../../contract/shared/text.ts';

const maxNameLength = 64;

const trim = (text: string) => trimStart(trimEnd(text, '_'), '_');
const clean = (part: string) => trim(part.replace(/[^A-Za-z0-9_]+/g, '_'));

const digestOf = (raw: string) => createHash('sha256').update(raw).digest('hex').slice(0, 8);

const cut = (name: string, raw: string) => (name.length > maxNameLength ? `${name.slice(0, maxNameLength - 9)}_${digestOf(raw)}` : name);

export const serverGroupPrefix = 'mcp__';

/** The tool group of a server, which a persona can allow or deny as a whole. */
export const groupOf = (server: string): string => trim(`${serverGroupPrefix}${clean(server)}`);

/**
 * The tool names that a model sees, in the given order: cleaned, at most 64 characters. Names that clean to the same
 * text get a digest of the raw name, and then a number.
 */
export function toolNames(tools: readonly { server: string; tool: string }[]): string[] {
  const all = tools.map(({ server, tool }) => ({
    raw: `mcp__${server}__${tool}`,
    plain: trim(`mcp__${clean(server)}__${clean(tool)}`),
  }));
  const alike = Map.groupBy(all, ({ plain }) => plain);
  const taken = new Set<string>();
  return all.map(({ raw, plain }) => {
    const name = cut(alike.get(plain)!.length > 1 ? `${plain}__${digestOf(raw)}` : plain, raw);
    const free = freeOf(name, taken);
    taken.add(free);
    return free;
  });
}

function freeOf(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let count = 2; ; count++) {
    const suffix = `_${count}`;
    const numbered = name.slice(0, maxNameLength - suffix.length) + suffix;
    if (!taken.has(numbered)) return numbered;
  }
}
