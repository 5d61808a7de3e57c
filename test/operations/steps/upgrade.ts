import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expectedSchemaVersion } from '../../../server/database/expectedSchema.ts';
import { schemaVersion } from '../../../server/database/migrate.ts';
import type { FailedRequest } from '../../faults/load.ts';
import type { Day } from '../dayContext.ts';
import type { Release } from '../release.ts';

const present = fileURLToPath(new URL('../../../', import.meta.url));

/** The migrations run as a step of their own, while the old processes serve. Then each process is replaced. */
export async function upgrade({ installation, release, say, report, underLoad, withoutFailure }: Day): Promise<void> {
  if (typeof release === 'string') say(`  not from a release, because ${release}: this version is started again in the same way`);
  installation.use({ home: present });
  await withoutFailure('migrations, with the old processes', () => installation.command(['migrate']));
  const failed = await underLoad('new processes', () => installation.replaceProcesses());
  const lost = failed.filter((failure) => typeof release !== 'string' && !release.announcesClose && isLostConnection(failure));
  if (lost.length > 0)
    say(
      `  ${lost.length} of them met a kept connection that a process of ${(release as Release).version} closed: an error of that release`,
    );
  for (const failure of failed)
    if (!lost.includes(failure))
      report({ kind: 'request.failed', subject: `new processes: ${failure.request}`, detail: `${failure.status} ${failure.text}` });
  const client = new pg.Client({ connectionString: installation.databaseUrl });
  await client.connect();
  const { version } = await schemaVersion(client);
  await client.end();
  if (version !== expectedSchemaVersion)
    report({ kind: 'upgrade.schema', subject: version, detail: `this version expects ${expectedSchemaVersion}` });
}

/** Broken between client and gateway, or between gateway and API. */
const isLostConnection = ({ status, text }: FailedRequest) =>
  (status === 0 && /other side closed|ECONNRESET/.test(text)) || (status === 502 && text.includes('"bad_gateway"'));
