import { Migration00001 } from './Migration00001.ts';
import { Migration00002 } from './Migration00002.ts';
import { Migration00003 } from './Migration00003.ts';
import { Migration00004 } from './Migration00004.ts';
import { Migration00005 } from './Migration00005.ts';

/** Every migration in order. A new one gets the next number, and one line here. */
export const migrations = [
  { name: 'Migration00001', class: Migration00001 },
  { name: 'Migration00002', class: Migration00002 },
  { name: 'Migration00003', class: Migration00003 },
  { name: 'Migration00004', class: Migration00004 },
  { name: 'Migration00005', class: Migration00005 },
];

/** The schema version this build needs. */
export const expectedSchemaVersion = migrations.at(-1)!.name.slice(-5);
