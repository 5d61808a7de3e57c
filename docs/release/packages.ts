import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of the lock file. `isShipped` is false for packages that only development and tests use. */
export type LockedPackage = { name: string; version: string; license: string | undefined; isShipped: boolean };

type Entry = { name?: string; version: string; license?: string; dev?: boolean; devOptional?: boolean; link?: boolean };

/** All packages of the lock file, on all platforms, each version once, sorted. */
export function lockedPackages(root: string): LockedPackage[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Entry> };
  const found = new Map<string, LockedPackage>();
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '' || entry.link) continue;
    const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const id = `${name}@${entry.version}`;
    const isShipped = !entry.dev && !entry.devOptional;
    const known = found.get(id);
    found.set(id, { name, version: entry.version, license: entry.license, isShipped: isShipped || known?.isShipped === true });
  }
  return [...found.values()].toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

export const idOf = ({ name, version }: Pick<LockedPackage, 'name' | 'version'>): string => `${name}@${version}`;
