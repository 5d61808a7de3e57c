import type { WorkspaceItem } from '../../../contract/workspaces.ts';
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

const isFolder = ({ entry, hasChildren }: Child) => hasChildren || entry?.type === 'dir';

function itemOf({ name, entry, hasChildren }: Child, path: string): WorkspaceItem {
  if (hasChildren || !entry || entry.type === 'dir')
    return { name, path, type: 'dir', ...(hasChildren && { has_children: true as const }) };
  return { name, path, type: entry.type, size: entry.size, mtime_unix_ms: entry.mtime_unix_ms, mime_type: mimeTypeOf(name) };
}
