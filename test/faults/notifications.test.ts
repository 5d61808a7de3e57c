import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { expectSound } from '../setup/invariants.ts';
import { addModel } from '../setup/model.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld();
const { url, sql } = world;
const bob = await world.signUp();
const vendor = await addModel(world, bob);
afterAll(vendor.close);

const channels = `from pg_stat_activity where datname = current_database() and usename = current_user and pid <> pg_backend_pid() and query ilike 'listen %'`;

/** A run of six pieces, 300 ms apart; how late each event reached a reader, in milliseconds. */
async function delays(during: (piece: number) => Promise<unknown> = async () => undefined) {
  const pieces = Array.from({ length: 6 }, (_, at) => `piece${at} `);
  vendor.answers({ steps: pieces.flatMap((piece) => [chat.text(piece), { wait: 300 }]).concat(chat.stop(), chat.done) });
  const runId = await startRun(world, bob, await openThread(world, bob));
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
  expect(reader.events).toEqual(await expectSound(world, runId, bob.token));
  expect(reader.events.at(-1)?.type).toBe('run.completed');
  return late;
}

test('connections that listen are cut again and again: no event is lost, none late', async () => {
  const late = await delays(() => sql(`select pg_terminate_backend(pid) ${channels}`));
  expect(Math.max(...late)).toBeLessThan(2_000);
  await eventually(async () => (await sql(`select pid ${channels}`)).length >= 3, 'the channels of API, worker and queue');
  expect(Math.max(...(await delays()))).toBeLessThan(1_000);
});

test('no notification gets through: runs start by polling, and events come within 2 s', async () => {
  const database = new URL(world.databaseUrl).pathname.slice(1);
  const admin = new pg.Client({ connectionString: world.databaseUrl });
  await admin.connect();
  // A function of the same name that says nothing, found before PostgreSQL's own.
  await admin.query(`create schema quiet; create function quiet.pg_notify(text, text) returns void language sql as 'select'`);
  await admin.query(`alter database ${database} set search_path = quiet, pg_catalog, public`);
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await admin.end();
  const heard: string[] = [];
  const listener = new pg.Client({ connectionString: world.databaseUrl });
  listener.on('notification', ({ channel }) => heard.push(channel));
  await listener.connect();
  await listener.query('listen arkloop_runs; listen "jobs:insert"');
  await eventually(async () => (await sql('select 1').catch(() => [])).length === 1, 'a new connection');
  const began = Date.now();
  const late = await delays();
  expect(Math.max(...late)).toBeLessThan(2_000);
  expect(Date.now() - began).toBeLessThan(8_000);
  expect(heard).toEqual([]);
  await listener.end();
});
