import { posix } from 'node:path';
import { normalizePath } from '../../../../contract/workspaces.ts';
import { workspaceTools } from '../../../../contract/workspaceTools.ts';
import { openContent } from '../../../resources/workspaces/content.ts';
import { filesBelow } from '../../../resources/workspaces/folder.ts';
import type { Entries, Entry } from '../../../resources/workspaces/manifest.ts';
import { readWhole } from '../../../storage/storage.ts';
import { openSearch, type Search } from './search.ts';
import { defineAction, readWorkspace } from './toolStore.ts';

/** Larger files are not searched. `maxSearchedBytes` bounds one call. */
const [maxFileBytes, maxSearchedBytes] = [2 * 2 ** 20, 32 * 2 ** 20];
/** JSON of the items of a result. The model gets at most 32 KiB. */
const maxResultBytes = 24_000;

export const globAction = defineAction({
  name: 'workspace_glob',
  description: 'Find files of the workspace by a pattern of their path, the last changed first.',
  input: workspaceTools.glob,
  parallel: true,
  async act(deps, { pattern, path: folder, limit }, target) {
    const { entries } = await readWorkspace(deps, target);
    await using search = openSearch({ glob: pattern }, target.signal);
    const files = await select(search, entries, normalizePath(folder)!);
    const newest = files.sort(([, a], [, b]) => b.mtime_unix_ms - a.mtime_unix_ms);
    const items = bound(newest.slice(0, limit).map(([at, { size }]) => ({ path: at, size })));
    return { files: items, total: files.length, truncated: items.length < files.length };
  },
});

export const grepAction = defineAction({
  name: 'workspace_grep',
  description: 'Search the text files of the workspace, line by line, for a regular expression in RE2 syntax.',
  input: workspaceTools.grep,
  parallel: true,
  async act(deps, { pattern, path: folder, glob: only, ignore_case: ignoreCase, limit }, target) {
    const { ref, entries } = await readWorkspace(deps, target);
    await using search = openSearch({ pattern, glob: only, ignoreCase }, target.signal);
    const matches: { path: string; line: number; text: string }[] = [];
    let [searched, skipped, bytes, isCut] = [0, 0, 0, false];
    for (const [at, entry] of await select(search, entries, normalizePath(folder)!)) {
      isCut = matches.length >= limit || bytes >= maxSearchedBytes;
      if (isCut) break;
      target.signal.throwIfAborted();
      const file = entry.size <= maxFileBytes ? await openContent(deps.storage, ref, posix.basename(at), entry) : undefined;
      // One more than the limit tells whether there are more.
      const found = file && (await search.findLines(await readWhole(file, maxFileBytes), limit - matches.length + 1));
      if (!found) skipped++;
      else searched++;
      bytes += entry.size;
      for (const { line, text } of found ?? []) matches.push({ path: at, line, text });
    }
    const items = bound(matches.slice(0, limit));
    return { matches: items, searched_files: searched, skipped_files: skipped, truncated: isCut || items.length < matches.length };
  },
});

/** The files at or below a path that the glob of the search selects. */
async function select(search: Search, entries: Entries, folder: string): Promise<[string, Entry][]> {
  const file = filesBelow('/', entries).find(([at]) => at === folder);
  if (file) return [file];
  const found = filesBelow(folder, entries);
  const start = folder === '/' ? 1 : folder.length + 1;
  const selected = new Set(await search.filterPaths(found.map(([at]) => at.slice(start))));
  return found.filter(([at]) => selected.has(at.slice(start)));
}

/** The first items that fit into a result. */
function bound<T>(items: readonly T[]): T[] {
  let bytes = 0;
  const end = items.findIndex((item) => (bytes += Buffer.byteLength(JSON.stringify(item)) + 1) > maxResultBytes);
  return end < 0 ? [...items] : items.slice(0, end);
}
