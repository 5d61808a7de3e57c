// Keeps a backup as the data of a release, for the test of upgrades: `node test/system/data/packRelease.ts FOLDER`, with the release that made it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { readManifest } from '../../../server/processes/backup/manifest.ts';
import { packRelease, schemaOf } from './released.ts';

const path = resolve(process.argv[2] ?? '.');
const { version, migrations } = await readManifest(path);
const dataDir = await mkdtemp(join(tmpdir(), 'arkloop-release-'));
const { url, stop } = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
try {
  await migrate(url, migrations);
  packRelease(version, path, await schemaOf(url));
} finally {
  await stop();
  await rm(dataDir, { recursive: true, force: true });
}
