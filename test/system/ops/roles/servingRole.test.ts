import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { startEmbeddedPostgres } from '../../../../server/database/embedded.ts';
import { migrate } from '../../../../server/database/migrate.ts';
import { clockOff } from '../../../support/app/clock.ts';
import { followWithReconnects, registerUser, temporaryDataDir } from '../../../support/app/instance.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { callTo, freshDatabase } from '../../../support/app/testApp.ts';
import { openThread, startRun } from '../../../support/resources/conversation.ts';

vi.setConfig({ testTimeout: 90_000 });
const log = pino({ level: 'silent' });

async function connect(url: string) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end().catch(() => undefined));
  const code = (text: string) =>
    client.query(text).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    );
  return { rows: async (text: string, values: unknown[] = []) => (await client.query(text, values)).rows, code, end: () => client.end() };
}

const attributes = `select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as any_attribute,
  (select count(*)::int from pg_auth_members where member = r.oid) as memberships from pg_roles r where rolname = current_user`;

/** Statements that require a superuser or a role attribute. Each gives access to files, programs, settings, or other roles. */
const denied = [
  `copy (select 1) to program 'true'`,
  `create temp table output (line text); copy output from program 'id'`,
  `copy (select 1) to '/tmp/arkloop-copy'`,
  `create temp table passwd (line text); copy passwd from '/etc/passwd'`,
  `select pg_read_file('/etc/passwd')`,
  `select pg_read_binary_file('postgresql.conf')`,
  `select pg_ls_dir('/')`,
  `select lo_import('/etc/passwd')`,
  `select lo_export(1, '/tmp/arkloop-export')`,
  `alter system set log_statement = 'all'`,
  `select pg_reload_conf()`,
  `set session_preload_libraries = 'x'`,
  `load '/tmp/x.so'`,
  `create extension file_fdw`,
  `create extension dblink`,
  `create function run() returns int language c as '/tmp/x.so', 'run'`,
  `create role another`,
  `create database another`,
  `alter role current_user superuser`,
  `alter role current_user createrole`,
  `set role arkloop`,
  `set session authorization arkloop`,
  `grant pg_execute_server_program to current_user`,
  `alter role arkloop password 'mine'`,
  `select rolpassword from pg_authid`,
  `create event trigger mine on ddl_command_end execute function now()`,
  `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop instance lock'`,
];

async function expectBound(url: string) {
  const { rows, code } = await connect(url);
  expect(await rows(attributes)).toEqual([{ any_attribute: false, memberships: 0 }]);
  for (const text of denied) expect([text, await code(text)]).toEqual([text, '42501']);
}

test('the serving role of the embedded PostgreSQL has no attribute, and can create the objects that a version needs', async () => {
  const { url, stop } = await startEmbeddedPostgres({ dataDir: temporaryDataDir(), log });
  onTestFinished(stop);
  await migrate(url);
  await expectBound(url);
  const { code, end } = await connect(url);
  for (const text of ['create extension pg_trgm', 'create extension pgcrypto', 'create schema other', 'create table other.kept (id int)'])
    expect([text, await code(text)]).toEqual([text, 'done']);
  await end();
});

/** Creates a data folder of an earlier version: the superuser owns database and tables, and no other role exists. */
async function earlierFolder() {
  const dataDir = temporaryDataDir();
  const { superuserUrl, stop } = await startEmbeddedPostgres({ dataDir, log });
  const superuser = await connect(superuserUrl);
  await superuser.rows('alter database arkloop owner to arkloop');
  await superuser.rows('drop role arkloop_app');
  await migrate(superuserUrl);
  await superuser.rows(`insert into users (id, username) values (gen_random_uuid(), 'before')`);
  await superuser.rows(`create type mood as enum ('good')`);
  await superuser.rows(`select graphile_worker.add_job('before')`);
  await superuser.end();
  await stop();
  rmSync(join(dataDir, 'postgres-app-password'));
  return dataDir;
}

/** Objects in the schemas of the product that the serving role does not own. */
const foreign = `
  select 'relation ' || c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'graphile_worker') and c.relowner <> (select oid from pg_roles where rolname = 'arkloop_app')
  union all
  select 'routine ' || p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname in ('public', 'graphile_worker') and p.proowner <> (select oid from pg_roles where rolname = 'arkloop_app')
  union all
  select 'type ' || t.oid::regtype from pg_type t join pg_namespace n on n.oid = t.typnamespace
  where n.nspname in ('public', 'graphile_worker') and t.typowner <> (select oid from pg_roles where rolname = 'arkloop_app')
  union all
  select 'schema ' || nspname from pg_namespace where nspname = 'graphile_worker' and nspowner <> (select oid from pg_roles where rolname = 'arkloop_app')
  union all
  select 'database ' || datname from pg_database where datname = 'arkloop' and datdba <> (select oid from pg_roles where rolname = 'arkloop_app')`;

test('the ownership of a data folder of an earlier version is transferred at startup, also after an interrupted start', async () => {
  const dataDir = await earlierFolder();
  const first = await startEmbeddedPostgres({ dataDir, log });
  const superuser = await connect(first.superuserUrl);
  expect(await superuser.rows(foreign)).toEqual([]);
  // An interrupted transfer: the superuser owns some objects and the database again.
  for (const text of [
    'alter table users owner to arkloop',
    'alter table graphile_worker._private_jobs owner to arkloop',
    'alter routine new_id() owner to arkloop',
    'alter schema graphile_worker owner to arkloop',
    'alter database arkloop owner to arkloop',
    'alter role arkloop_app createdb',
  ])
    await superuser.rows(text);
  expect((await superuser.rows(foreign)).length).toBeGreaterThan(4);
  await superuser.end();
  await first.stop();

  const again = await startEmbeddedPostgres({ dataDir, log });
  onTestFinished(again.stop);
  const serving = await connect(again.url);
  expect(await serving.rows(foreign)).toEqual([]);
  await expectBound(again.url);
  expect(await serving.rows(`select username from users where username = 'before'`)).toEqual([{ username: 'before' }]);
  expect(await serving.rows(`select task_identifier from graphile_worker.jobs where task_identifier = 'before'`)).toHaveLength(1);
  await serving.rows(`select graphile_worker.add_job('after')`);
  // Statements of migrations and housekeeping.
  for (const text of [
    'alter table users add column later int',
    'create index on runs (status)',
    `create table run_events_2030_01 partition of run_events for values from ('01bb0000-0000-0000-0000-000000000000') to ('01bb0000-0000-0000-0000-000000000001')`,
    'drop table run_events_2030_01',
    `alter type mood add value 'bad'`,
  ])
    expect([text, await serving.code(text)]).toEqual([text, 'done']);
});

/** Expects that a user can register and that a run completes. */
async function expectServing(url: string) {
  const person = await registerUser(url);
  const app = { call: callTo(url) };
  const runId = await startRun(app, person, await openThread(app, person));
  const events = await followWithReconnects(url, runId, person.token);
  expect(events.at(-1)?.type).toBe('run.completed');
}

test('a process serves from a data folder of an earlier version', async () => {
  const dataDir = await earlierFolder();
  const { url } = await startProcess('all', { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATA_DIR: dataDir });
  await expectServing(url);
});

test('the privileges named in the operations guide are sufficient to serve and allow nothing else', async () => {
  const name = `least_${randomBytes(5).toString('hex')}`;
  const superuser = await connect(inject('postgresSuperuserUrl'));
  const url = new URL(inject('postgresUrl'));
  Object.assign(url, { username: name, password: 'least', pathname: `/${name}` });
  await superuser.rows(`create role ${name} login password 'least'`);
  await superuser.rows(`create database ${name}`);
  await superuser.rows(`revoke all on database ${name} from public`);
  const owned = new URL(inject('postgresSuperuserUrl'));
  owned.pathname = `/${name}`;
  const inside = await connect(owned.href);
  const env = { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: url.href };

  await superuser.rows(`grant connect on database ${name} to ${name}`);
  const refused = await startProcess('all', env).then(
    () => 'started',
    (error: Error) => error.message,
  );
  // The schema of the queue comes first.
  expect(refused).toContain(
    `arkloop: ARKLOOP_DATABASE_URL: the role may not bring the schema to this version: permission denied for database ${name}\n`,
  );

  await superuser.rows(`grant create on database ${name} to ${name}`);
  await inside.rows(`grant usage, create on schema public to ${name}`);
  const first = await startProcess('all', env);
  await expectServing(first.url);
  expect(first.output()).not.toContain('superuser');
  const { rows } = await connect(url.href);
  const partitions = `select count(*)::int as n from pg_inherits where inhparent in ('run_events'::regclass, 'access_log'::regclass)`;
  expect((await rows(partitions))[0].n).toBeGreaterThan(2);
  first.kill('SIGTERM');
  await first.exited;

  // Only the first start and upgrades create schemas.
  await superuser.rows(`revoke create on database ${name} from ${name}`);
  const again = await startProcess('all', env);
  expect((await callTo(again.url)('GET', '/v1/auth/registration-mode')).status).toBe(200);
  again.kill('SIGTERM');
  await again.exited;
  await expectBound(url.href);
});

test('a superuser role and a clock that differs from that of the database log a warning', async () => {
  const url = new URL(inject('postgresSuperuserUrl'));
  url.pathname = new URL(await freshDatabase()).pathname;
  const { output, kill, exited } = await startProcess('all', {
    ...{ ...fastWorkerEnv, ...testKeysEnv, ...clockOff(600) },
    ARKLOOP_DATABASE_URL: url.href,
  });
  expect(output()).toContain('ARKLOOP_DATABASE_URL: the role is a superuser');
  expect(output()).toMatch(/ARKLOOP_DATABASE_URL: the clock of the database is (59|60)\d s behind that of this machine/);
  kill('SIGTERM');
  await exited;
});
