import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../recorder/manifest.ts';
import { KitError } from '../people.ts';

/** Reads the manifests (`*.json`) of folders. Throws a KitError for a folder without any, and for a file of another format. */
export const readManifests = (folders: readonly string[]): Manifest[] =>
  folders.flatMap((folder) => {
    const files = reading(() => readdirSync(folder)).filter((name) => name.endsWith('.json'));
    if (files.length === 0) throw new KitError(`there is no manifest (*.json) in ${folder}`);
    return files.sort().map((name) => readManifest(join(folder, name)));
  });

function readManifest(file: string): Manifest {
  const text = reading(() => readFileSync(file, 'utf8'));
  const manifest = parse(text) as Partial<Manifest> | null | undefined;
  if (manifest?.format !== 1 || typeof manifest.operations !== 'object')
    throw new KitError(`${file} is not a manifest of a consumer (format 1)`);
  return manifest as Manifest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reading<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new KitError((error as Error).message);
  }
}
