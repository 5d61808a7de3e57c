import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../../server/platform/config/config.ts';
import { runBackupCommand } from '../../../server/processes/backup/command.ts';
import { readManifest, writeManifest } from '../../../server/processes/backup/manifest.ts';
import { restoreBackup } from '../../../server/processes/backup/restore.ts';
import { openStorage } from '../../../server/storage/open.ts';
import { routingTo } from '../../faults/installation.ts';
import { startLoad } from '../../faults/load.ts';
import { seededRandom } from '../../faults/random.ts';
import { startUpstream } from '../../faults/upstream.ts';
import { registerUser, temporaryDataDir } from '../../support/app/instance.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { emptyDatabase, startTestApp, type TestApp, testKeys } from '../../support/app/testApp.ts';
import { audit, summarize } from '../../support/auditor/audit.ts';
import { type Journal, journalBefore, knownNow, newJournal } from '../../support/auditor/journal.ts';
import { query } from '../../support/cluster/query.ts';
import { callTo } from '../../support/http/call.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const folder = mkdtempSync(join(tmpdir(), 'arkloop-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const entry = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));
const log = pino({ level: 'silent' });

/** Runs the command as an operator does. */
async function command(args: string[], env: Record<string, string>): Promise<string> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ARKLOOP_|npm_lifecycle_event$)/.test(name)));
  const { stdout } = await promisify(execFile)(process.execPath, [entry, ...args], { env: { ...own, ...env } });
  return stdout;
}

/** Runs a restore or a backup in this process, and returns the line of its error. */
async function refusalOf(at: string, env: Record<string, string>, name: 'backup' | 'restore' = 'restore'): Promise<string> {
  const stops: (() => Promise<unknown>)[] = [];
  const deps = { config: readConfig(env, 'migrate'), log, onStop: (stop: () => Promise<unknown>) => void stops.push(stop) };
  const refused = await runBackupCommand({ name, folder: at, withKeys: false }, deps).then(
    (done) => `no error: ${done}`,
    (error: Error) => `${error.name}: ${error.message}`,
  );
  for (const stop of stops) await stop();
  return refused;
}

const envOf = (databaseUrl: string, storage: string): Record<string, string> => ({
  ...testKeysEnv,
  ARKLOOP_DATABASE_URL: databaseUrl,
  ARKLOOP_STORAGE_ROOT: join(folder, storage),
  ARKLOOP_DATA_DIR: join(folder, `${storage}-data`),
});

const journal = newJournal();
const upstream = await startUpstream(journal);
const workerEnv = {
  ...fastWorkerEnv,
  ARKLOOP_PROVIDER_ROUTING_JSON: routingTo(upstream.url),
  ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0',
};
let app: TestApp;
const backup = join(folder, 'backup');
let printed = '';
let expected: Journal;
let uploads: { key: string; token: string; content: string }[];

/** A backup while ten people work with the installation. */
beforeAll(async () => {
  app = await startTestApp({ ...workerEnv, ARKLOOP_STORAGE_ROOT: join(folder, 'storage') });
  const admin = await app.signUpAdmin();
  const load = startLoad({
    url: app.url,
    upstreamUrl: upstream.url,
    admin,
    journal,
    random: seededRandom(60),
    people: 4,
    pauseMs: 100,
  });
  await eventually(async () => load.uploads.length > 1 && journal.streams.length > 5, 'uploads and runs', 120_000);
  const known = knownNow(journal);
  uploads = [...load.uploads];
  printed = await command(['backup', backup], envOf(app.databaseUrl, 'storage'));
  await load.stop();
  expected = journalBefore(journal, known);
  await app.stopWorker();
});
afterAll(() => upstream.close());

test('a backup under load, restored elsewhere: the auditor finds no difference, and the copy serves', async () => {
  expect(journal.complaints).toEqual([]);
  expect(printed).toMatch(/^arkloop: backup of \d+ rows in \d+ tables and \d+ objects in .+; it needs the encryption key [0-9a-f]{16}\n$/);
  const content = await readManifest(backup);
  expect(content.missingObjects).toEqual([]);
  expect(content.objects.count).toBeGreaterThan(1);
  for (const table of ['users', 'runs', 'run_events', 'messages', 'audit_logs', '_private_jobs'])
    expect(content.tables.find(({ name }) => name === table)?.rows, table).toBeDefined();
  for (const text of [readFileSync(join(backup, 'manifest.json'), 'utf8'), printed])
    for (const secret of Object.values(testKeysEnv)) expect(text).not.toContain(secret);

  const databaseUrl = await emptyDatabase();
  expect(await command(['restore', backup], envOf(databaseUrl, 'restored'))).toMatch(/^arkloop: restored \d+ rows/);
  const options = { databaseUrl, encryptionKeys: testKeys.encryptionKeys, journal: expected };
  expect(summarize(await audit({ ...options, isSettled: false }))).toEqual([]);
  expect(await schemaOf(databaseUrl)).toEqual(await schemaOf(app.databaseUrl));

  const copy = await startTestApp({ ...workerEnv, ARKLOOP_STORAGE_ROOT: join(folder, 'restored') }, { databaseUrl });
  for (const { key, token, content: text } of uploads)
    expect((await copy.call('GET', `/v1/attachments/${key}`, { token })).text).toBe(text);
  const isSettled = async () => (await audit({ ...options, isSettled: true })).length === 0;
  await eventually(isSettled, 'the end of the open work', 120_000).catch(() => undefined);
  expect(summarize(await audit({ ...options, isSettled: true }))).toEqual([]);
  const person = await copy.signUp();
  expect((await copy.call('POST', '/v1/threads', { token: person.token, body: { title: 'new' } })).status).toBe(201);
});

/** Columns, indexes, constraints, triggers with their state, and partitions. */
const schemaOf = (databaseUrl: string) =>
  query(
    databaseUrl,
    `select 'column' as kind, attrelid::regclass::text || '.' || attname as name, format_type(atttypid, atttypmod) as what
       from pg_attribute join pg_class c on c.oid = attrelid
       where attnum > 0 and not attisdropped and relnamespace in (quote_ident(current_schema())::regnamespace, 'graphile_worker'::regnamespace)
     union all select 'index', indexname, indexdef from pg_indexes where schemaname in (current_schema(), 'graphile_worker')
     union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
       where connamespace in (quote_ident(current_schema())::regnamespace, 'graphile_worker'::regnamespace)
     union all select 'trigger', tgrelid::regclass || '.' || tgname, tgenabled::text from pg_trigger where not tgisinternal
     order by 1, 2, 3`,
  );

/** A copy of the backup, changed. */
function changed(name: string, change: (path: string) => unknown): string {
  const path = join(folder, name);
  cpSync(backup, path, { recursive: true });
  change(path);
  return path;
}

function flipByte(path: string) {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(path, bytes);
}

const users = (path: string) => join(path, 'database/public.users.copy.gz');
const firstObject = (path: string) => {
  const { key } = JSON.parse(readFileSync(join(path, 'objects.ndjson'), 'utf8').split('\n', 1)[0]!) as { key: string };
  return join(path, 'objects', key);
};
const rewrite = async (path: string, change: (content: Awaited<ReturnType<typeof readManifest>>) => unknown) => {
  const content = await readManifest(path);
  change(content);
  await writeManifest(path, content);
};

test('a damaged backup, a foreign one, and a used installation are refused with one line, and nothing is written', async () => {
  const databaseUrl = await emptyDatabase();
  const env = envOf(databaseUrl, 'untouched');
  const replaceManifest = (from: string, to: string) => (path: string) =>
    writeFileSync(join(path, 'manifest.json'), readFileSync(join(path, 'manifest.json'), 'utf8').replace(from, to));
  const damages: [name: string, change: (path: string) => unknown, refusal: RegExp][] = [
    ['cut', (path) => truncateSync(users(path), 100), /public\.users\.copy\.gz is missing or damaged$/],
    ['flipped', (path) => flipByte(users(path)), /public\.users\.copy\.gz is missing or damaged$/],
    ['no-table', (path) => rmSync(users(path)), /public\.users\.copy\.gz is missing or damaged$/],
    ['flipped-object', (path) => flipByte(firstObject(path)), /objects\/\S+ is missing or damaged$/],
    ['no-object', (path) => rmSync(firstObject(path)), /objects\/\S+ is missing or damaged$/],
    ['longer-list', (path) => appendFileSync(join(path, 'objects.ndjson'), '{}\n'), /objects\.ndjson is missing or damaged$/],
    ['no-manifest', (path) => rmSync(join(path, 'manifest.json')), /is not a complete backup: it has no manifest\.json$/],
    ['cut-manifest', (path) => truncateSync(join(path, 'manifest.json'), 500), /manifest\.json is damaged$/],
    ['flipped-manifest', replaceManifest('"rows":', '"row5":'), /manifest\.json is damaged$/],
    ['format', replaceManifest('"format": 1', '"format": 2'), /has format 2, and this release reads format 1$/],
  ];
  for (const [name, change, refusal] of damages) {
    const line = await refusalOf(changed(name, change), env);
    expect(line, name).toMatch(refusal);
    expect(line, name).toMatch(/^OperatorError: restore: [^\n]+$/);
  }
  const newer = changed('newer', () => undefined);
  await rewrite(newer, (content) => content.migrations.push('Migration99999'));
  expect(await refusalOf(newer, env)).toMatch(/with the schema 99999, which this release does not know; use that release or a newer one$/);
  expect(await refusalOf(backup, { ...env, ARKLOOP_ENCRYPTION_KEY: 'ab'.repeat(32) })).toMatch(
    /needs the encryption key [0-9a-f]{16}, and/,
  );
  const { ARKLOOP_ENCRYPTION_KEY: _key, ...withoutKey } = env;
  expect(await refusalOf(backup, withoutKey)).toMatch(/needs the encryption key [0-9a-f]{16}: set ARKLOOP_ENCRYPTION_KEY/);
  expect(await refusalOf(backup, envOf(app.databaseUrl, 'untouched'))).toMatch(/has users already/);
  expect(await refusalOf(join(folder, 'nowhere'), env)).toMatch(/nowhere is not a complete backup/);
  const [{ n }] = await query<{ n: number }>(
    databaseUrl,
    `select count(*)::int as n from pg_class where relnamespace = quote_ident(current_schema())::regnamespace`,
  );
  expect(n).toBe(0);
  expect(existsSync(join(folder, 'untouched'))).toBe(false);

  // Rows that do not fit end the transaction, and the next restore finds the installation empty.
  const content = await readManifest(backup);
  const tables = content.tables.map((table) => (table.name === 'runs' ? { ...table, rows: table.rows + 1 } : table));
  const storage = openStorage(readConfig(env), log);
  await expect(restoreBackup({ databaseUrl, storage, folder: backup, content: { ...content, tables } })).rejects.toThrow(
    /the manifest names/,
  );
  const beforeCommit = () => Promise.reject(new Error('the keys cannot be written'));
  await expect(restoreBackup({ databaseUrl, storage, folder: backup, content, beforeCommit })).rejects.toThrow('the keys');
  expect(await query(databaseUrl, `select from users where username <> 'system_agent'`)).toEqual([]);
  expect(await command(['restore', backup], env)).toMatch(/^arkloop: restored/);
});

test('a backup of the embedded database while it serves, with its keys, becomes a second installation', async () => {
  const [first, second] = [temporaryDataDir(), temporaryDataDir()];
  // A ring of one key, as after the replacement of a key.
  const ring = `${randomBytes(32).toString('hex')}\n`;
  writeFileSync(join(first, 'encryption-keys'), ring, { mode: 0o600 });
  const serving = await startProcess('all', { ARKLOOP_DATA_DIR: first });
  const person = await registerUser(serving.url);
  const call = callTo(serving.url);
  const thread = await call('POST', '/v1/threads', { token: person.token, body: { title: 'kept' } });
  const target = join(folder, 'embedded');
  await command(['backup', target, '--with-keys'], { ARKLOOP_DATA_DIR: first });
  expect(readdirSync(folder).filter((name) => name.includes('.partial'))).toEqual([]);
  expect(await refusalOf(target, { ARKLOOP_DATA_DIR: first }, 'backup')).toMatch(/exists already/);
  const otherKey = { ARKLOOP_DATA_DIR: first, ARKLOOP_ENCRYPTION_KEY: 'ab'.repeat(32) };
  expect(await refusalOf(`${target}-other`, otherKey, 'backup')).toMatch(
    /uses the encryption key [0-9a-f]{16}, and this command was given [0-9a-f]{16}$/,
  );
  expect(await refusalOf(target, { ARKLOOP_DATA_DIR: first })).toMatch(/another instance is using/);
  expect((await call('GET', `/v1/threads/${thread.body.id}`, { token: person.token })).status).toBe(200);

  expect(await command(['restore', target], { ARKLOOP_DATA_DIR: second })).toMatch(/^arkloop: restored/);
  expect(readFileSync(join(second, 'encryption-keys'), 'utf8')).toBe(ring);
  const copy = await startProcess('all', { ARKLOOP_DATA_DIR: second });
  const { status, body } = await callTo(copy.url)('GET', `/v1/threads/${thread.body.id}`, { token: person.token });
  expect({ status, title: body.title }).toEqual({ status: 200, title: 'kept' });
});
