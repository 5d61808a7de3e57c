import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { openStream } from '../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { databaseOf } from '../../support/world/databases.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';
import { world } from '../../support/world/world.ts';

useDatabaseClock();
const app = await startTestApp();
const { url, sql } = app;
const bob = await app.signUp();
const vendor = await addVendorModel(app, bob);
afterAll(vendor.close);

// Only connections that listen: the queue library waits up to a minute after several attempts that failed.
const channels = `from pg_stat_activity where datname = current_database() and usename = current_user and pid <> pg_backend_pid() and query ilike 'listen %' and state = 'idle'`;

/** Runs an answer of six deltas, 300 ms apart. Returns the delay of each event at a reader, in milliseconds. */
async function delays(during: (piece: number) => Promise<unknown> = async () => undefined) {
  const pieces = Array.from({ length: 6 }, (_, at) => `piece${at} `);
  vendor.respondWith({ steps: pieces.flatMap((piece) => [chat.text(piece), { wait: () => sleep(300) }]).concat(chat.stop(), chat.done) });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const reader = await openStream(url, runId, { token: bob.token });
  const late: number[] = [];
  let at = 0;
  while (!reader.events.at(-1)?.type.match(/^run\.(completed|failed|cancelled)$/)) {
    const seq = reader.events.length + 1;
    const events = await reader.until((event) => event.seq === seq);
    for (const event of events.slice(late.length)) {
      late.push(Date.now() - Date.parse(event.created_at));
      if (event.type === 'message.delta') await during(at++);
    }
  }
  await reader.ended;
  expect(reader.events).toEqual(await expectRunInvariants(app, runId, bob.token));
  expect(reader.events.at(-1)?.type).toBe('run.completed');
  return late;
}

test('no event is lost or late when listening connections are terminated repeatedly', async () => {
  const late = await delays(() => sql(`select pg_terminate_backend(pid) ${channels}`));
  expect(Math.max(...late)).toTakeLessThan(2_000);
  await eventually(async () => (await sql(`select pid ${channels}`)).length >= 3, 'the channels of API, worker and queue');
  expect(Math.max(...(await delays()))).toTakeLessThan(1_000);
});

test('without notifications, runs start by polling and events arrive within 2 s', async () => {
  const [database, schema] = [databaseOf(app.databaseUrl), world().schema].map((name) => pg.escapeIdentifier(name));
  const admin = new pg.Client({ connectionString: app.databaseUrl });
  await admin.connect();
  // A function of the same name that does nothing and precedes PostgreSQL's own in the search path.
  await admin.query(`create schema quiet; create function quiet.pg_notify(text, text) returns void language sql as 'select'`);
  // A setting of the role would precede that of the database.
  await admin.query(`alter role current_user in database ${database} set search_path = quiet, pg_catalog, ${schema}`);
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await admin.end();
  const heard: string[] = [];
  const listener = new pg.Client({ connectionString: app.databaseUrl });
  listener.on('notification', ({ channel }) => heard.push(channel));
  await listener.connect();
  await listener.query('listen arkloop_runs; listen "jobs:insert"');
  await eventually(async () => (await sql('select 1').catch(() => [])).length === 1, 'a new connection');
  const began = Date.now();
  const late = await delays();
  expect(Math.max(...late)).toTakeLessThan(2_000);
  expect(Date.now() - began).toTakeLessThan(8_000);
  expect(heard).toEqual([]);
  await listener.end();
});
