import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { snippetsOf } from '../../guides/snippets.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { freshDatabase, startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { startLoad } from '../../support/checks/steadyLoad.ts';
import { run } from '../../support/checks/thirdParty.ts';
import { type PgBouncer, pgBouncerOf, startPgBouncer, versionOf } from '../../support/cluster/pgbouncer.ts';
import { query } from '../../support/cluster/query.ts';

const guide = snippetsOf('docs/guides/self-hosting.md').filter(({ text }) => /pooler|\[pgbouncer\]/.test(text));
const configuration = guide.find(({ lang }) => lang === 'ini')!.text;
/** The environment variables of the guide, with the addresses of this test. */
const variables = (pooled: string, direct: string) =>
  Object.fromEntries(
    [...guide.find(({ lang }) => lang === 'sh')!.text.matchAll(/^export (\w+)=\S+@(\w+)\.internal/gm)].map(([, name, host]) => [
      name!,
      host === 'pooler' ? pooled : direct,
    ]),
  );
const withPreparedStatements = configuration.replace('; from 1.21 on: ', '');
/** Fewer sessions than connections, so that connections change their session all the time. */
const crowded = (text: string) => text.replace('default_pool_size = 20', 'default_pool_size = 8');

const start = (role: string, env: Record<string, string>) =>
  run(process.execPath, [fileURLToPath(new URL('../../../server/main.ts', import.meta.url)), role], { cwd: '.', env });

const versions = [
  { release: 'bookworm', version: /^1\.18\./, text: configuration, prepared: false },
  { release: 'trixie', version: /^1\.(2[1-9]|[3-9]\d)\./, text: withPreparedStatements, prepared: true },
] as const;

test.each(versions)(
  'an installation works behind the PgBouncer of $release, configured as in the guide',
  async ({ release, version, text, prepared }) => {
    const program = await pgBouncerOf(release);
    expect(await versionOf(program)).toMatch(version);
    const app = await startTestApp({}, { worker: false });
    const pooler = await startPgBouncer(program, crowded(text), app.databaseUrl);
    const env = variables(pooler.url, app.databaseUrl);
    expect(Object.keys(env)).toEqual(['ARKLOOP_DATABASE_URL', 'ARKLOOP_DATABASE_DIRECT_URL']);
    expect(await start('migrate', env)).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date') });
    // PgBouncer had connected before the role had its settings.
    await pooler.restart();
    const all = { ...env, ...testKeysEnv, ...fastWorkerEnv, ARKLOOP_RATELIMIT_CAPACITY: '1000000', ARKLOOP_API_DB_POOL_MAX_CONNS: '16' };
    const api = await startProcess('api', all);
    const gateway = await startProcess('gateway', { ...all, ARKLOOP_GATEWAY_UPSTREAM: api.url });
    const worker = await startProcess('worker', all);
    const people = await Promise.all(Array.from({ length: 3 }, () => app.signUp()));
    const load = startLoad(gateway.url, people);
    const talked = (some: number) => expect.poll(() => load.statuses.get(201) ?? 0, { timeout: 120_000 }).toBeGreaterThan(some);
    await talked(120);
    await expectSettings(pooler);
    const names = await query(pooler.url, 'select name from pg_prepared_statements');
    expect(names.length > 0).toBe(prepared);
    worker.kill('SIGTERM');
    const second = await startProcess('worker', all);
    expect((await worker.exited).code).toBe(0);
    await talked((load.statuses.get(201) ?? 0) + 120);
    const talks = await load.stop();
    expect([...load.statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    const amiss = /sessions of the pooler have|prepared statement|startup parameter|"level":[56]0/;
    for (const { output } of [api, gateway, worker, second]) expect(output()).not.toMatch(amiss);
    for (const { runId, person } of talks) await expectRunInvariants({ ...app, url: api.url }, runId, person.token);
  },
  600_000,
);

async function expectSettings({ url }: PgBouncer) {
  const [settings] = await query(
    url,
    `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle, current_setting('TimeZone') as zone`,
  );
  expect(settings).toEqual({ statement: '10s', lock: '2s', idle: '30s', zone: 'UTC' });
}

test('a start that cannot work behind a pooler fails with a one-line error', async () => {
  const program = await pgBouncerOf('bookworm');
  const databaseUrl = await freshDatabase();
  const [pooler, inSessions] = await Promise.all([
    startPgBouncer(program, configuration, databaseUrl),
    startPgBouncer(program, configuration.replace('= transaction', '= session'), databaseUrl),
  ]);
  const started = async (url: string, direct?: string) => {
    const env = { ARKLOOP_DATABASE_URL: url, ...(direct && { ARKLOOP_DATABASE_DIRECT_URL: direct }) };
    const { code, stdout, stderr } = await start('migrate', env);
    return code === 0
      ? 'works'
      : {
          code,
          lines: (stdout + stderr)
            .trim()
            .split('\n')
            .filter((line) => !line.startsWith('{')),
        };
  };
  const refused = (line: string) => ({ code: 1, lines: [`arkloop: ${line}`] });
  expect(await started(pooler.url)).toEqual(
    refused(
      'ARKLOOP_DATABASE_URL: leads to a pooler in transaction mode; set ARKLOOP_DATABASE_DIRECT_URL to PostgreSQL itself, for migrations, notifications and the queue',
    ),
  );
  expect(await started(databaseUrl, pooler.url)).toEqual(
    refused('ARKLOOP_DATABASE_DIRECT_URL: leads to a pooler in transaction mode; expected PostgreSQL itself'),
  );
  expect(await started(pooler.url, await freshDatabase())).toEqual(
    refused('ARKLOOP_DATABASE_DIRECT_URL: leads to another database than ARKLOOP_DATABASE_URL'),
  );
  const unknown = Object.assign(new URL(pooler.url), { pathname: '/elsewhere' }).href;
  expect(await started(unknown, databaseUrl)).toEqual({
    code: 1,
    lines: [expect.stringMatching(/^arkloop: ARKLOOP_DATABASE_URL: cannot use .*elsewhere: .*no such database/)],
  });
  expect(await started(inSessions.url)).toBe('works');
  expect(await started(pooler.url, databaseUrl)).toBe('works');
}, 600_000);
