import { setTimeout as sleep } from 'node:timers/promises';
import { callWithin } from '../../client/conformance/call.ts';
import { newId } from '../../server/platform/crypto/ids.ts';
import { audit } from '../support/auditor/audit.ts';
import type { Finding } from '../support/auditor/finding.ts';
import { query } from '../support/cluster/query.ts';
import type { Installation } from './installation.ts';
import type { Load } from './load.ts';
import type { Recovery } from './probe.ts';

/** What is checked after the load has stopped. */
type Audited = Pick<Installation, 'databaseUrl'>;

/** Whether the condition held within `ms`. It is asked every half second; a failure counts as no. */
export async function until(holds: () => Promise<boolean>, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(500)) if (await holds().catch(() => false)) return true;
  return false;
}

/** No run and no operation is open, and no delivery is due. */
export async function isSettled({ databaseUrl }: Audited): Promise<boolean> {
  const findings = await audit({ databaseUrl, isSettled: true });
  if (findings.some(({ kind }) => kind === 'run.open' || kind === 'credits.operation_open')) return false;
  return !(await hasPendingDeliveries(databaseUrl));
}

async function hasPendingDeliveries(databaseUrl: string): Promise<boolean> {
  const [{ n }] = await query<{ n: number }>(databaseUrl, `select count(*)::int as n from webhook_deliveries where status = 'pending'`);
  return n > 0;
}

export async function auditUploads(url: string, { uploads }: Pick<Load, 'uploads'>): Promise<Finding[]> {
  const call = callWithin(url, 10_000);
  const findings: Finding[] = [];
  for (const { key, token, content } of uploads) {
    const { status, text } = await call('GET', `/v1/attachments/${key}`, { token });
    if (status !== 200 || text !== content)
      findings.push({ kind: 'write.lost', subject: key, detail: `upload: ${status} ${text.slice(0, 200)}` });
  }
  return findings;
}

/** The path of a line of the access log that no one else writes. */
const keptPath = '/kept';

/** What a process with a wrong clock would delete. Returns a function that finds what is missing. */
export async function watchDeletions({ databaseUrl }: Audited): Promise<() => Promise<Finding[]>> {
  const partitions = async () => {
    const rows = await query<{ name: string }>(databaseUrl, `select inhrelid::regclass::text as name from pg_inherits`);
    return new Set(rows.map(({ name }) => name));
  };
  await query(
    databaseUrl,
    `insert into access_log values ('${newId()}', now(), '', '', '${keptPath}', 200, 0, '', '', '', '', 'tool', 0, 'anonymous', '', '')`,
  );
  const before = await partitions();
  return async () => {
    const now = await partitions();
    const missing = [...before].filter((name) => !now.has(name));
    const kept = await query(databaseUrl, `select 1 from access_log where path = '${keptPath}'`);
    if (kept.length === 0) missing.push('access_log');
    return missing.map((subject) => ({ kind: 'deleted', subject, detail: 'was there when the faults began' }));
  };
}

/** Runs may fail because of the model, or because a busy account has used up its credits, but not because of our own processes. */
export async function auditFailures({ databaseUrl }: Audited): Promise<Finding[]> {
  const failed = await query<{ subject: string; detail: string }>(
    databaseUrl,
    `select id as subject, error::text as detail from runs
     where status = 'failed' and error ->> 'error_class' not like 'provider.%' and error ->> 'error_class' <> 'budget.exceeded'`,
  );
  return failed.map((row) => ({ kind: 'run.failed', ...row }));
}

/** Faults beside which others are served, because they concern one account, one process of two, or files. */
const harmless = new Set(['pool.flood', 'pool.lock', 'storage.blackHole', 'disk.storage', 'flush.hang', 'clock.jump', 'memory']);
/** For how long conversations may fail beside such a fault. */
const maxHarmSeconds = 10;

export function findingsOfRecoveries(recoveries: readonly Recovery[]): Finding[] {
  return recoveries.flatMap(({ fault, kind, isRecovered, outageSeconds, notReady }) => {
    const found: string[] = [];
    if (!isRecovered) found.push('conversations did not succeed again');
    if (harmless.has(kind) && outageSeconds > maxHarmSeconds) found.push(`others were not served for ${outageSeconds.toFixed(1)} s`);
    if (harmless.has(kind) && notReady > 0) found.push(`the installation was not ready ${notReady} times`);
    return found.map((detail) => ({ kind: 'recovery', subject: fault, detail }));
  });
}

/** Messages that say that something happened which the program did not foresee. */
const unforeseen = /not foreseen|cannot be replayed|a request failed|unhandled|uncaught|does not know|reason of our own/;

export function findingsOfProcesses({ errors, exits }: Pick<Installation, 'errors' | 'exits'>): Finding[] {
  return [
    ...exits.map(({ name, how }) => ({ kind: 'process.exit', subject: name, detail: how })),
    ...errors
      .filter(({ message }) => unforeseen.test(message))
      .map(({ name, line }) => ({ kind: 'process.error', subject: name, detail: line.slice(0, 1_500) })),
  ];
}
