import { readFileSync } from 'node:fs';
// Keeps the statements of this version as those of the last release: `node test/statements/keepRelease.ts`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allStatements } from './declared.ts';
import { columnTypes, isPreparable, keepStatements } from './releasedStatements.ts';

// First: no module of the server may be imported before.
const statements = (await allStatements()).filter(isPreparable).map(({ file, name, text }) => ({ file, name, text }));
const { pino } = await import('pino');
const { startEmbeddedPostgres } = await import('../../server/database/embedded.ts');
const { expectedSchemaVersion } = await import('../../server/database/expectedSchema.ts');
const { migrate } = await import('../../server/database/migrate.ts');

const { version: release } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
const dataDir = await mkdtemp(join(tmpdir(), 'arkloop-statements-'));
const { url, stop } = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
try {
  await migrate(url);
  keepStatements({ release, schemaVersion: expectedSchemaVersion, statements, columns: await columnTypes(url) });
  console.log(`${statements.length} statements of ${release} are kept`);
} finally {
  await stop();
  await rm(dataDir, { recursive: true, force: true });
}
