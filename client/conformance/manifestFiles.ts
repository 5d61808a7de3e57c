import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../recorder/manifest.ts';

/** Reads the manifests (`*.json`) of folders. Throws an Error for a folder without any, and for a file of another format. */
export function readManifests(folders: readonly string[]): Manifest[] {
  return folders.flatMap((folder) => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    if (files.length === 0) throw new Error(`there is no manifest (*.json) in ${folder}`);
    return files.sort().map((name) => {
      const manifest = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Manifest;
      if (manifest.format !== 1 || typeof manifest.operations !== 'object')
        throw new Error(`${join(folder, name)} is not a manifest of a consumer (format 1)`);
      return manifest;
    });
  });
}
