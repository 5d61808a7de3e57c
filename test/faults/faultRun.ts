import { setTimeout as sleep } from 'node:timers/promises';
import { callWithin } from '../../client/conformance/call.ts';
import { audit } from '../support/auditor/audit.ts';
import type { Finding } from '../support/auditor/finding.ts';
import { newJournal } from '../support/auditor/journal.ts';
import { query } from '../support/cluster/query.ts';
import { injectFaults } from './inject.ts';
import { type Installation, startInstallation } from './installation.ts';
import { type Load, startLoad } from './load.ts';
import { describeFault, planFaults, workers } from './plan.ts';
import { seededRandom } from './random.ts';
import { startUpstream } from './upstream.ts';

export type FaultRunOptions = {
  seed: number;
  /** Duration of the faults. Starting and settling come on top. */
  seconds: number;
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
  rows: Record<string, number>;
  findings: Finding[];
};

/** The longest time from the last fault until the API serves without errors. */
const maxRecoveryMs = 45_000;
/** The longest time after that until no run, operation or delivery is open. Claims of webhooks last 20 s, and their retries up to 77 s. */
const maxSettlingMs = 120_000;

/** Runs the load while faults are injected, lets the installation recover, and audits the database. */
export async function runFaults({ seed, seconds, kinds, people = 10, say, onLine }: FaultRunOptions): Promise<FaultReport> {
  const journal = newJournal();
  const upstream = await startUpstream(journal);
  const installation = await startInstallation({ upstreamUrl: upstream.url, ...(onLine && { onLine }) });
  try {
    const plan = planFaults(seed, seconds, kinds);
    say(`seed ${seed}: ${plan.length} faults in ${seconds} s`);
    const { url, admin } = installation;
    const load = startLoad({ url, upstreamUrl: upstream.url, admin, journal, random: seededRandom(seed + 1), people, pauseMs: 150 });
    const injection = injectFaults(installation, upstream, plan, (fault) => say(describeFault(fault)));
    await injection.done;
    const healed = Date.now();
    const isServing = await until(() => isRecovered(installation, load), maxRecoveryMs);
    const recoverySeconds = (Date.now() - healed) / 1_000;
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
    return {
      seed,
      kills: injection.kills(),
      faults: injection.byKind,
      requests: load.totals.requests,
      statuses: load.totals.statuses,
      acknowledged: load.totals.acknowledged,
      recoverySeconds,
      settlingSeconds,
      rows: await countRows(installation),
      findings,
    };
  } finally {
    upstream.close();
    await installation.stop();
  }
}

async function until(holds: () => Promise<boolean>, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(500)) if (await holds().catch(() => false)) return true;
  return false;
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

/** No run and no operation is open, and no delivery is due. */
async function isSettled({ databaseUrl }: Installation): Promise<boolean> {
  const findings = await audit({ databaseUrl, isSettled: true });
  if (findings.some(({ kind }) => kind === 'run.open' || kind === 'credits.operation_open')) return false;
  return !(await hasPendingDeliveries(databaseUrl));
}

async function hasPendingDeliveries(databaseUrl: string): Promise<boolean> {
  const [{ n }] = await query<{ n: number }>(databaseUrl, `select count(*)::int as n from webhook_deliveries where status = 'pending'`);
  return n > 0;
}

async function auditUploads(url: string, { uploads }: Load): Promise<Finding[]> {
  const call = callWithin(url, 10_000);
  const findings: Finding[] = [];
  for (const { key, token, content } of uploads) {
    const { status, text } = await call('GET', `/v1/attachments/${key}`, { token });
    if (status !== 200 || text !== content)
      findings.push({ kind: 'write.lost', subject: key, detail: `upload: ${status} ${text.slice(0, 200)}` });
  }
  return findings;
}

/** Runs may fail because of the model, or because a busy account has used up its credits, but not because of our own processes. */
async function auditFailures({ databaseUrl }: Installation): Promise<Finding[]> {
  const failed = await query<{ subject: string; detail: string }>(
    databaseUrl,
    `select id as subject, error::text as detail from runs
     where status = 'failed' and error ->> 'error_class' not like 'provider.%' and error ->> 'error_class' <> 'budget.exceeded'`,
  );
  return failed.map((row) => ({ kind: 'run.failed', ...row }));
}

/** Messages that say that something happened which the program did not foresee. */
const unforeseen = /not foreseen|cannot be replayed|a request failed|unhandled|uncaught|does not know|reason of our own/;

function findingsOfProcesses({ errors, exits }: Installation): Finding[] {
  return [
    ...exits.map(({ name, how }) => ({ kind: 'process.exit', subject: name, detail: how })),
    ...errors
      .filter(({ message }) => unforeseen.test(message))
      .map(({ name, line }) => ({ kind: 'process.error', subject: name, detail: line.slice(0, 1_500) })),
  ];
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
