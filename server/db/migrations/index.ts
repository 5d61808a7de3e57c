import { Migration00001 } from './Migration00001.ts';

/** Every migration in order. A new one gets the next number, and one line here. */
export const migrations = [{ name: 'Migration00001', class: Migration00001 }];

/** The schema version this build needs. */
export const expectedSchemaVersion = migrations.at(-1)!.name.slice(-5);
