import { readdirSync } from 'node:fs';

const numbers = readdirSync(new URL('./migrations', import.meta.url)).flatMap((file) => /^Migration(\d{5})\./.exec(file)?.[1] ?? []);

/** The schema version this build needs, that of its newest migration. By the names of the files: the migrations load the ORM, 20 MiB. */
export const expectedSchemaVersion: string = numbers.sort().at(-1) ?? '00000';
