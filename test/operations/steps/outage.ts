import { setTimeout as sleep } from 'node:timers/promises';
import { callWithin } from '../../../client/conformance/call.ts';
import { until } from '../../faults/finalChecks.ts';
import { query } from '../../support/cluster/query.ts';
import type { Day } from '../dayContext.ts';

/** The longest time until everything serves again. */
const maxRecoveryMs = 45_000;

export async function surviveOutages(day: Day): Promise<void> {
  const { installation, isQuick, report, say, withoutFailure, underLoad } = day;
  await withoutFailure('a worker is killed', async () => {
    const [worker] = installation.processes('worker');
    if (!(await until(() => hasRun(day), 20_000))) report({ kind: 'outage.vacuous', subject: worker!.name, detail: 'no run was executed' });
    await worker!.restart('SIGKILL', 0);
    if (!(await until(() => worksAgain(day), maxRecoveryMs)))
      report({ kind: 'recovery', subject: worker!.name, detail: `not back after ${maxRecoveryMs / 1_000} s` });
  });

  let since = 0;
  const failed = await underLoad('the database stops and starts', async () => {
    await installation.database.stop();
    await sleep(isQuick ? 4_000 : 10_000);
    await installation.database.start();
    since = Date.now();
    if (!(await until(() => worksAgain(day), maxRecoveryMs)))
      report({ kind: 'recovery', subject: 'installation', detail: `it does not serve ${maxRecoveryMs / 1_000} s after the database` });
  });
  say(`  served again after ${((Date.now() - since) / 1_000).toFixed(1)} s; failed: ${describe(failed.map(({ status }) => status))}`);
  if (failed.length === 0) report({ kind: 'outage.vacuous', subject: 'database', detail: 'no request failed without the database' });
  for (const { request, status, text } of failed)
    if (!isDocumented(status, text)) report({ kind: 'request.undocumented', subject: request, detail: `${status} ${text}` });
}

const describe = (statuses: number[]) =>
  Object.entries(Object.groupBy(statuses, String))
    .map(([status, list = []]) => `${list.length} with ${status}`)
    .join(', ');

/** docs/guides/errors.md: 503 `unavailable`. */
function isDocumented(status: number, text: string): boolean {
  if (status !== 503) return false;
  try {
    return (JSON.parse(text) as { error?: string }).error === 'unavailable';
  } catch {
    return false;
  }
}

async function hasRun({ installation: { databaseUrl } }: Day): Promise<boolean> {
  const [{ n }] = await query<{ n: number }>(databaseUrl, `select count(*)::int as n from runs where status = 'running'`);
  return n > 0;
}

/** All processes are ready, both workers announce themselves, and consecutive requests succeed. */
async function worksAgain({ installation, load }: Day): Promise<boolean> {
  for (const role of ['api', 'worker', 'gateway'] as const) if (installation.processes(role).some((each) => !each.isReady())) return false;
  const [{ n }] = await query<{ n: number }>(
    installation.databaseUrl,
    `select count(*)::int as n from workers where last_seen_at > now() - interval '3 seconds'`,
  );
  if (n < 2) return false;
  const call = callWithin(installation.url, 2_000);
  const token = load.anyUser()!.token;
  for (let at = 0; at < 20; at++) {
    const { status } = await call('GET', '/v1/threads', { token });
    // The token of the first user may have expired.
    if (status !== 200 && status !== 401) return false;
  }
  return (await call('GET', '/readyz')).status === 200;
}
