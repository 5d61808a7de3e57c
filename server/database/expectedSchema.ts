import { readdirSync, readFileSync } from 'node:fs';

/** In order. */
export const migrationNumbers: readonly string[] = readdirSync(new URL('./migrations', import.meta.url))
  .flatMap((file) => /^Migration(\d{5})\./.exec(file)?.[1] ?? [])
  .sort();

/**
 * The schema version that this build needs, which is that of its newest migration. Read from file names, because importing the migrations loads the
 * ORM (20 MiB).
 */
export const expectedSchemaVersion: string = migrationNumbers.at(-1) ?? '00000';

const { schemaVersion } = JSON.parse(readFileSync(new URL('./compatibleRelease.json', import.meta.url), 'utf8')) as {
  schemaVersion: string | null;
};

/** The schema version of the last release, whose processes keep serving with the schema of this build. That of this build if there is none. */
export const oldestCompatibleVersion: string = schemaVersion ?? expectedSchemaVersion;
