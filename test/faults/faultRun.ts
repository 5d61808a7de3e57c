import { callWithin } from '../../client/conformance/call.ts';
import { audit } from '../support/auditor/audit.ts';
import type { Finding } from '../support/auditor/finding.ts';
import { newJournal } from '../support/auditor/journal.ts';
import { query } from '../support/cluster/query.ts';
import { auditFailures, auditUploads, findingsOfProcesses, findingsOfRecoveries, isSettled, until, watchDeletions } from './finalChecks.ts';
import { createFlood } from './flood.ts';
import { createInjector, injectFaults } from './inject.ts';
import { type Installation, startInstallation } from './installation.ts';
import { type Load, startLoad } from './load.ts';
import { describe, describeFault, planEach, planFaults, workers } from './plan.ts';
import { createProbe, measureRecovery, type Recovery } from './probe.ts';
import { seededRandom } from './random.ts';
import { startUpstream } from './upstream.ts';

export type FaultRunOptions = {
  seed: number;
  /** Duration of the faults. Starting and settling come on top. */
  seconds: number;
  /** Whether one fault of each kind follows, each after the last is over, for the times of recovery. */
  each?: boolean;
  /** Kinds of faults; all by default. */
  kinds?: readonly string[] | undefined;
  /** Conversations at a time. */
  people?: number;
  say: (line: string) => void;
  /** Lines of the servers. */
  onLine?: (name: string, line: string) => void;
};

export type FaultReport = {
  seed: number;
  kills: number;
  faults: Map<string, number>;
  requests: number;
  statuses: Map<number, number>;
  acknowledged: number;
  /** Seconds from the last fault until the API serves again and all work is done. */
  recoverySeconds: number;
  settlingSeconds: number;
  /** Of the faults that came one at a time. */
  recoveries: Recovery[];
  rows: Record<string, number>;
  findings: Finding[];
};

/** The longest time from the last fault until the API serves without errors. */
const maxRecoveryMs = 45_000;
/** The longest time after that until no run, operation or delivery is open. Claims of webhooks last 20 s, and their retries up to 77 s. */
const maxSettlingMs = 120_000;

/** Runs the load while faults are injected, lets the installation recover, and audits the database. */
export async function runFaults({ seed, seconds, each = false, kinds, people = 10, say, onLine }: FaultRunOptions): Promise<FaultReport> {
  const journal = newJournal();
  const upstream = await startUpstream(journal);
  const installation = await startInstallation({ upstreamUrl: upstream.url, isFaulty: true, ...(onLine && { onLine }) });
  try {
    const plan = planFaults(seed, seconds, kinds);
    say(`seed ${seed}: ${plan.length} faults in ${seconds} s`);
    const { url, admin } = installation;
    const findDeletions = await watchDeletions(installation);
    const probe = await createProbe(url, admin);
    const { inject, kills } = createInjector(installation, upstream, await createFlood(installation));
    const load = startLoad({ url, upstreamUrl: upstream.url, admin, journal, random: seededRandom(seed + 1), people, pauseMs: 150 });
    const injection = injectFaults(inject, plan, (fault) => say(describeFault(fault)));
    await injection.done;
    const healed = Date.now();
    const isServing = await until(() => isRecovered(installation, load), maxRecoveryMs);
    const recoverySeconds = (Date.now() - healed) / 1_000;
    const recoveries: Recovery[] = [];
    if (isServing && each)
      for (const fault of planEach(seed, kinds)) {
        say(describe(fault));
        const recovery = await measureRecovery(url, fault, inject, probe, maxRecoveryMs);
        recoveries.push(recovery);
        for (const failure of recovery.failures) say(`  a conversation failed at ${failure}`);
      }
    await load.stop();
    const stopped = Date.now();
    await until(() => isSettled(installation), maxSettlingMs);
    const settlingSeconds = (Date.now() - stopped) / 1_000;
    const findings = await audit({
      databaseUrl: installation.databaseUrl,
      encryptionKeys: installation.encryptionKeys,
      journal,
      isSettled: true,
    });
    if (!isServing)
      findings.push({
        kind: 'recovery',
        subject: 'api',
        detail: `${maxRecoveryMs / 1_000} s after the last fault, an API does not serve or a worker does not announce itself`,
      });
    findings.push(...(await auditUploads(url, load)), ...(await auditFailures(installation)), ...findingsOfProcesses(installation));
    findings.push(...(await findDeletions()), ...findingsOfRecoveries(recoveries));
    return {
      seed,
      kills: kills(),
      faults: injection.byKind,
      requests: load.totals.requests,
      statuses: load.totals.statuses,
      acknowledged: load.totals.acknowledged,
      recoverySeconds,
      settlingSeconds,
      recoveries,
      rows: await countRows(installation),
      findings,
    };
  } finally {
    upstream.close();
    await installation.stop();
  }
}

/** All processes are ready, the workers announce themselves, and consecutive requests succeed. */
async function isRecovered({ url, servers, databaseUrl }: Installation, load: Load): Promise<boolean> {
  if (Object.values(servers).some((server) => !server.isReady())) return false;
  const [{ n }] = await query<{ n: number }>(
    databaseUrl,
    `select count(*)::int as n from workers where last_seen_at > now() - interval '3 seconds'`,
  );
  if (n < workers.length) return false;
  const call = callWithin(url, 2_000);
  const token = load.anyUser()?.token;
  for (let at = 0; at < 20; at++) {
    const { status } = token ? await call('GET', '/v1/threads', { token }) : await call('GET', '/readyz');
    if (status !== 200) return false;
  }
  return true;
}

async function countRows({ databaseUrl }: Installation): Promise<Record<string, number>> {
  const tables = ['users', 'threads', 'messages', 'runs', 'run_events', 'credit_transactions', 'webhook_deliveries', 'idempotency_keys'];
  const parts = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`);
  const [row] = await query<Record<string, number>>(
    databaseUrl,
    `select ${parts.join(', ')}, (select sum(attempt - 1)::int from runs where attempt > 1) as recovered_attempts`,
  );
  return row;
}
