import { posix } from 'node:path';
import { portablePath } from '../../../contract/shared/text.ts';
import type { DownloadableFile, OpenedFile } from '../../http/fileResponse.ts';
import type { Scope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import type { ProjectRow } from '../projects/queries.ts';
import { openContent } from './content.ts';
import { filesBelow } from './folder.ts';
import type { Entry } from './manifest.ts';
import { fileNotFound, readEntries, withStorage } from './service.ts';

/** The zip format stores no earlier dates. */
const earliest = Date.UTC(1980, 0, 2);

/** A zip file with the files of a folder. Throws 404 if the folder does not exist; the root always does. */
export async function findArchive(scope: Scope, project: ProjectRow, path: string): Promise<DownloadableFile> {
  const { ref, rev, entries = new Map<string, Entry>() } = await readEntries(scope, project);
  const files = filesBelow(path, entries);
  if (path !== '/' && files.length === 0 && entries.get(path)?.type !== 'dir') throw fileNotFound();
  // Everything is in one folder, so that extracting does not scatter files, and no name begins with a drive letter.
  const folder = portablePath(posix.basename(path)) || 'workspace';
  const named = files.map(([at, entry]) => ({ at, entry, name: folder + portablePath(at.slice(path === '/' ? 0 : path.length)) }));

  const open = async (): Promise<OpenedFile> => {
    const { makeZip, predictLength } = await import('client-zip');
    let current: OpenedFile | undefined;
    async function* contents() {
      for (const { at, entry, name } of named) {
        current = await withStorage(scope, (storage) => openContent(storage, ref, posix.basename(at), entry));
        if (!current) throw new Error('the content of a workspace file is missing');
        yield { name, lastModified: new Date(Math.max(entry.mtime_unix_ms, earliest)), size: entry.size, input: current.chunks };
      }
    }
    async function* chunks() {
      try {
        yield* makeZip(contents());
      } finally {
        current?.close();
      }
    }
    const size = Number(predictLength(named.map(({ name, entry }) => ({ name, size: entry.size }))));
    return { type: 'application/zip', size, chunks: chunks(), close: () => current?.close() };
  };
  return { sha256: sha256(`${ref}/${rev}${path}`), name: `${folder}.zip`, open };
}
