import { readdirSync, readFileSync } from 'node:fs';
import { type Declared, declaredStatements } from '../../server/database/statement.ts';

const server = new URL('../../server/', import.meta.url);

export type NamedStatement = Declared & {
  /**
   * Path of the declaring module, relative to `server/`; name of its export, or the label of a representative of a family, or a number within the
   * module.
   */
  file: string;
  name: string;
};

/** Sorts modules so that each follows those that it imports: importing a module also declares the statements of its imports. */
function inOrderOfImports(files: readonly string[]): string[] {
  const sorted = new Set<string>();
  const visited = new Set<string>();
  const visit = (file: string) => {
    if (visited.has(file)) return;
    visited.add(file);
    const text = readFileSync(new URL(file, server), 'utf8');
    for (const [, path] of text.matchAll(/from '(\.[^']+\.ts)'/g)) {
      const imported = new URL(path!, new URL(file, server)).href;
      if (imported.startsWith(server.href)) visit(imported.slice(server.href.length));
    }
    if (files.includes(file)) sorted.add(file);
  };
  for (const file of files) visit(file);
  return [...sorted];
}

let found: Promise<NamedStatement[]> | undefined;

/**
 * All statements declared in `server/`, sorted by file. Imports every module that declares one. Throws if one was imported before, because its
 * statements could not be attributed to it.
 */
export function allStatements(): Promise<NamedStatement[]> {
  found ??= findStatements();
  return found;
}

async function findStatements(): Promise<NamedStatement[]> {
  if (declaredStatements().length > 0) throw new Error('Modules of the server were imported before `allStatements` was called.');
  const files = readdirSync(server, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && /\/database\/statement\.ts'/.test(readFileSync(new URL(file, server), 'utf8')))
    .sort();
  const known = new Set<string>();
  const all: NamedStatement[] = [];
  for (const file of inOrderOfImports(files)) {
    const exported = (await import(new URL(file, server).href)) as Record<string, { text?: string } | undefined>;
    const nameOf = new Map(Object.entries(exported).map(([name, value]) => [value?.text, name]));
    const own = declaredStatements().filter(({ text }) => !known.has(text));
    for (const [at, each] of own.entries()) all.push({ ...each, file, name: nameOf.get(each.text) ?? each.variant ?? `${at + 1}` });
    for (const { text } of own) known.add(text);
  }
  return all.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}
