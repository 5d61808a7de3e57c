import pg from 'pg';
import { expectedSchemaVersion } from '../../../server/database/expectedSchema.ts';
import { schemaVersion } from '../../../server/database/migrate.ts';
import type { Day } from '../day.ts';

const present = new URL('../../../', import.meta.url).pathname;

/** The migrations run as a step of their own, while the old processes serve. Then each process is replaced. */
export async function upgrade({ installation, release, say, report, withoutFailure }: Day): Promise<void> {
  if (typeof release === 'string') say(`  not from a release, because ${release}: this version is started again in the same way`);
  installation.use({ home: present });
  await withoutFailure('migrations, with the old processes', () => installation.command(['migrate']));
  await withoutFailure('new processes', () => installation.replaceProcesses());
  const client = new pg.Client({ connectionString: installation.databaseUrl });
  await client.connect();
  const version = await schemaVersion(client).finally(() => client.end());
  if (version !== expectedSchemaVersion)
    report({ kind: 'upgrade.schema', subject: version, detail: `this version expects ${expectedSchemaVersion}` });
}
