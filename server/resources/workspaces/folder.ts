import type { WorkspaceFile, WorkspaceItem } from '../../../contract/workspaces.ts';
import type { Entries, Entry } from './manifest.ts';
import { mimeTypeOf } from './mediaTypes.ts';

type Child = { name: string; entry: Entry | undefined; hasChildren: boolean };

/** The direct children of a folder. Folders may exist only through their content. A path that is both a file and a parent is a folder. */
export function itemsOf(entries: Entries, folder: string): WorkspaceItem[] {
  const above = folder === '/' ? '/' : `${folder}/`;
  const children = new Map<string, Child>();
  for (const [path, entry] of entries) {
    if (!path.startsWith(above) || path === above) continue;
    const [name = '', ...below] = path.slice(above.length).split('/');
    const child = children.get(name) ?? { name, entry: undefined, hasChildren: false };
    children.set(name, below.length > 0 ? { ...child, hasChildren: true } : { ...child, entry });
  }
  const sorted = [...children.values()].map((child) => ({ child, bytes: Buffer.from(child.name) }));
  // UTF-8 bytes sort by code point; JavaScript strings compare UTF-16 code units.
  sorted.sort((a, b) => Number(isFolder(b.child)) - Number(isFolder(a.child)) || Buffer.compare(a.bytes, b.bytes));
  return sorted.map(({ child }) => itemOf(child, above + child.name));
}

/** Whether any entry lies below a path; such a path is a folder, whatever its own entry says. */
export const hasDescendants = (path: string, entries: Entries) => entries.keys().some((each) => each.startsWith(`${path}/`));

/** The file at a path; undefined for folders and symbolic links, which are never followed. */
export function fileAt(path: string, entries: Entries): Entry | undefined {
  const entry = entries.get(path);
  return entry?.type === 'file' && !hasDescendants(path, entries) ? entry : undefined;
}

/** The paths that have entries below them. */
function parentPaths(entries: Entries): Set<string> {
  const parents = new Set<string>();
  for (const path of entries.keys())
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const above = path.slice(0, at);
      if (parents.has(above)) break;
      parents.add(above);
    }
  return parents;
}

/** The files at or below a folder with their paths, in code point order. Symbolic links are left out. */
export function filesBelow(folder: string, entries: Entries): [path: string, entry: Entry][] {
  const above = folder === '/' ? '/' : `${folder}/`;
  const parents = parentPaths(entries);
  const files = [...entries].filter(([path, { type }]) => type === 'file' && path.startsWith(above) && !parents.has(path));
  const sorted = files.map((file) => ({ file, bytes: Buffer.from(file[0]) })).sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  return sorted.map(({ file }) => file);
}

/** The item at a path; undefined if there is none. */
export function itemAt(path: string, entries: Entries): WorkspaceItem | undefined {
  const child = { name: path.slice(path.lastIndexOf('/') + 1), entry: entries.get(path), hasChildren: hasDescendants(path, entries) };
  return child.entry || child.hasChildren ? itemOf(child, path) : undefined;
}

/** A file with its metadata. */
export const viewFile = (path: string, entry: Entry): WorkspaceFile => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
  type: entry.type === 'symlink' ? 'symlink' : 'file',
  size: entry.size,
  mtime_unix_ms: entry.mtime_unix_ms,
  mime_type: mimeTypeOf(path.slice(path.lastIndexOf('/') + 1)),
  ...(entry.type === 'file' && entry.sha256 && { sha256: entry.sha256 }),
});

const isFolder = ({ entry, hasChildren }: Child) => hasChildren || entry?.type === 'dir';

function itemOf({ name, entry, hasChildren }: Child, path: string): WorkspaceItem {
  if (hasChildren || !entry || entry.type === 'dir')
    return { name, path, type: 'dir', ...(hasChildren && { has_children: true as const }) };
  return viewFile(path, entry);
}
