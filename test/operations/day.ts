import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyringOf } from '../../server/platform/crypto/keyring.ts';
import { auditFailures, findingsOfProcesses, isSettled, until } from '../faults/finalChecks.ts';
import { type FailedRequest, startLoad } from '../faults/load.ts';
import { seededRandom } from '../faults/random.ts';
import { startUpstream } from '../faults/upstream.ts';
import { audit } from '../support/auditor/audit.ts';
import type { Finding } from '../support/auditor/finding.ts';
import { newJournal } from '../support/auditor/journal.ts';
import { query } from '../support/cluster/query.ts';
import { openCollector } from '../support/telemetry/collector.ts';
import type { Day } from './dayContext.ts';
import { prepareInstallation } from './installation.ts';
import { newKeys } from './keys.ts';
import { checkOutRelease } from './release.ts';
import { type StepName, steps } from './steps/steps.ts';

export type DayOptions = {
  /** In order. */
  only: readonly StepName[];
  isQuick: boolean;
  /** Conversations at a time. */
  people: number;
  seed: number;
  /** The commit from which the installation is upgraded. The last release by default. */
  from?: string | undefined;
  say(line: string): void;
  /** Lines of the servers and commands. */
  onLine(name: string, line: string): void;
  /** Rejects to end the day early. */
  interrupted: Promise<never>;
};

export type DayReport = {
  seed: number;
  minutes: number;
  requests: number;
  statuses: Map<number, number>;
  acknowledged: number;
  rows: Record<string, number>;
  findings: Finding[];
};

/** The longest time until no run, operation or delivery is open after the load has stopped. */
const maxSettlingMs = 120_000;

export async function liveOperatorsDay(options: DayOptions): Promise<DayReport> {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-operations-'));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })];
  try {
    return await Promise.race([live(options, folder, ends), options.interrupted]);
  } finally {
    for (const end of ends)
      await Promise.resolve(end()).catch((error: Error) => options.say(`  the end of the day failed: ${error.message}`));
  }
}

/** Registers in `ends`, the last first, how what it starts is stopped. */
async function live(options: DayOptions, folder: string, ends: (() => unknown)[]): Promise<DayReport> {
  const { isQuick, say, only, seed, people } = options;
  const began = Date.now();
  const release = only.includes('upgrade') ? await checkOutRelease(folder, options.from) : 'the step upgrade is left out';
  if (typeof release !== 'string') ends.unshift(release.remove);
  const journal = newJournal();
  const upstream = await startUpstream(journal);
  ends.unshift(upstream.close);
  const collector = await openCollector();
  ends.unshift(collector.close);
  const tokenSeconds = isQuick ? 60 : 90;
  const keys = newKeys();
  const installation = await prepareInstallation({
    folder,
    upstreamUrl: upstream.url,
    collectorUrl: collector.url,
    env: { ...keys.old, ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS: `${tokenSeconds}` },
    onLine: options.onLine,
  });
  ends.unshift(installation.stop);
  if (installation.withoutRedis) say(`  without Redis, so the gateways divide the rate limits: ${installation.withoutRedis}`);
  if (typeof release !== 'string') installation.use({ home: release.home });
  await installation.command(['migrate']);
  await installation.replaceProcesses();
  say(
    `two processes of each role serve, from ${typeof release === 'string' ? 'this version' : `${release.version} (${release.commit.slice(0, 8)})`}`,
  );

  const failed: FailedRequest[] = [];
  const findings: Finding[] = [];
  const load = startLoad({
    url: installation.url,
    upstreamUrl: upstream.url,
    admin: installation.admin,
    journal,
    random: seededRandom(seed),
    people,
    pauseMs: 150,
    tokenMs: (tokenSeconds * 1_000) / 4,
    onFailure: (failure) => void failed.push(failure),
  });
  let isLoaded = true;
  const stopLoad = async () => {
    if (isLoaded) await load.stop();
    isLoaded = false;
  };
  ends.unshift(stopLoad);
  const report = (finding: Finding) => {
    findings.push(finding);
    say(`  FINDING ${finding.kind} ${finding.subject}: ${finding.detail.slice(0, 600)}`);
  };
  const underLoad: Day['underLoad'] = async (name, work) => {
    const [since, requests, acknowledged] = [failed.length, load.totals.requests, load.totals.acknowledged];
    await work();
    // What has begun meanwhile ends.
    await sleep(isQuick ? 2_000 : 5_000);
    const done = load.totals.requests - requests;
    say(`  ${name}: ${done} requests, ${load.totals.acknowledged - acknowledged} writes, ${failed.length - since} failed`);
    if (done < 20) report({ kind: 'load.idle', subject: name, detail: `only ${done} requests` });
    return failed.slice(since);
  };
  const day: Day = {
    ...{ isQuick, say, installation, load, journal, collector, keys, tokenSeconds, release, folder, report, underLoad, stopLoad },
    async withoutFailure(name, work) {
      for (const { request, status, text } of await underLoad(name, work))
        report({ kind: 'request.failed', subject: `${name}: ${request}`, detail: `${status} ${text}` });
    },
  };
  mkdirSync(join(folder, 'files'));
  await day.withoutFailure('a quiet start', () => sleep(isQuick ? 4_000 : 10_000));
  for (const name of only) {
    say(`${name}: ${steps[name].what}`);
    const start = Date.now();
    await steps[name].live(day);
    say(`  ${((Date.now() - start) / 1_000).toFixed(0)} s`);
  }

  say('audit: the load stops, and the auditor reads the database');
  await stopLoad();
  const { databaseUrl } = installation;
  if (!(await until(() => isSettled({ databaseUrl }), maxSettlingMs)))
    report({ kind: 'settling', subject: 'installation', detail: `work is open ${maxSettlingMs / 1_000} s after the load` });
  const ring = keyringOf(
    keys.current().map((key) => Buffer.from(key, 'hex')),
    { namesKeys: keys.areNamed() },
  );
  for (const finding of [
    ...(await audit({ databaseUrl, encryptionKeys: ring, journal, isSettled: true })),
    ...(await auditFailures({ databaseUrl })),
    ...findingsOfProcesses(installation),
  ])
    report(finding);
  return {
    seed,
    minutes: (Date.now() - began) / 60_000,
    requests: load.totals.requests,
    statuses: load.totals.statuses,
    acknowledged: load.totals.acknowledged,
    rows: await countRows(databaseUrl),
    findings,
  };
}

async function countRows(databaseUrl: string): Promise<Record<string, number>> {
  const tables = ['users', 'threads', 'messages', 'runs', 'run_events', 'credit_transactions', 'webhook_deliveries'];
  const parts = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`);
  const [row] = await query<Record<string, number>>(databaseUrl, `select ${parts.join(', ')}`);
  return row;
}
