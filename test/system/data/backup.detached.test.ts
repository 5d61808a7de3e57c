import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { expectedSchemaVersion } from '../../../server/database/expectedSchema.ts';
import { createPartitions, removeOldEvents } from '../../../server/jobs/partitions/maintainPartitions.ts';
import { firstIdOf } from '../../../server/platform/crypto/ids.ts';
import { createBackup } from '../../../server/processes/backup/backup.ts';
import { readManifest } from '../../../server/processes/backup/manifest.ts';
import { restoreBackup } from '../../../server/processes/backup/restore.ts';
import { emptyDatabase, startTestApp } from '../../support/app/testApp.ts';
import { query } from '../../support/cluster/query.ts';

const log = pino({ level: 'silent' });

test('a backup has the events of a partition that is detached and waits for its day of grace', async () => {
  const { database, databaseUrl, sql } = await startTestApp();
  const day = new Date('2041-05-10T00:00:00Z');
  await createPartitions({ database, log, tables: ['run_events'] }, day);
  const runId = firstIdOf(day);
  await sql(
    `insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 1, gen_random_uuid(), 'run.started', '{}', $2)`,
    [runId, day],
  );
  await removeOldEvents({ database, log, months: 3 }, new Date('2041-10-01T00:00:00Z'));
  expect(await sql('select from run_events where run_id = $1', [runId])).toEqual([]);
  expect(await sql('select from run_events_2041_05')).toHaveLength(1);

  const folder = mkdtempSync(join(tmpdir(), 'arkloop-detached-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const target = join(folder, 'backup');
  const keys = await sql('select id from encryption_keys');
  const encryptionKeyIds = ['0'.repeat(16), ...keys.map(({ id }) => id as string)];
  await createBackup({
    databaseUrl,
    storage: undefined,
    folder: target,
    encryptionKeyIds,
    version: '0',
    schemaVersion: expectedSchemaVersion,
  });
  const restored = await emptyDatabase();
  await restoreBackup({ databaseUrl: restored, storage: undefined, folder: target, content: await readManifest(target) });
  expect(await query(restored, `select tableoid::regclass::text as name from run_events where run_id = '${runId}'`)).toEqual([
    { name: 'run_events_2041_05' },
  ]);
  // The original still waits.
  expect(await sql(`select obj_description('run_events_2041_05'::regclass) as remark`)).toEqual([
    { remark: expect.stringMatching(/^detached at 2041-10-01T/) },
  ]);
});
