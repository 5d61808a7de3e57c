import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fastWorkerEnv, type ServerProcess, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { openStream } from '../../support/http/events.ts';
import { eventually, openThread } from '../../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const { sql, url } = app;
const alice = await app.signUp();
const count = 120;

/** Ended runs of five days ago, with 40 events each. */
async function addOldRuns(): Promise<string[]> {
  const threadId = await openThread(app, alice);
  const rows = await sql(
    `insert into runs (account_id, id, thread_id, created_by_user_id, source, status, trace_id, tail_message_number, next_seq, completed_at)
     select $1, uuidv7(interval '-5 days'), $2, $3, 'api', 'completed', repeat('0', 32), 1, 41, now() - interval '5 days'
     from generate_series(1, $4) returning id`,
    [alice.accountId, threadId, alice.id, count],
  );
  const ids = rows.map(({ id }) => id as string);
  await sql(
    `insert into run_events (run_id, seq, event_id, type, data, created_at)
     select id, n, gen_random_uuid(), case n when 1 then 'run.started' when 40 then 'run.completed' else 'message.delta' end,
       json_build_object('content', md5(id::text || n)), now() - interval '5 days'
     from unnest($1::uuid[]) id, generate_series(1, 40) n`,
    [ids],
  );
  return ids;
}

async function textOf(runId: string): Promise<string> {
  const stream = await openStream(url, runId, { token: alice.token });
  await stream.ended;
  return stream.text();
}

async function textsOf(ids: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (let at = 0; at < ids.length; at += 20) texts.push(...(await Promise.all(ids.slice(at, at + 20).map(textOf))));
  return texts;
}

const startWorkerProcess = () =>
  startProcess('worker', {
    ...fastWorkerEnv,
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: app.databaseUrl,
    ARKLOOP_STORAGE_ROOT: app.config.storageRoot!,
    ARKLOOP_RUN_EVENTS_ARCHIVE_DAYS: '1',
  });
const archived = async () => (await sql(`select count(*)::int as n from run_event_archives where state = 'kept'`))[0].n as number;
const left = async () => (await sql('select count(distinct run_id)::int as n from run_events'))[0].n as number;

test('workers killed while they archive lose no event and leave none twice', async () => {
  const ids = await addOldRuns();
  const texts = await textsOf(ids);
  expect(new Set(texts.map((text) => text.split('\n\n').length))).toEqual(new Set([42]));
  for (const [round, share] of [0.1, 0.3, 0.5, 0.8].entries()) {
    const workers: ServerProcess[] = [];
    for (let n = 0; n <= round % 2; n++) workers.push(await startWorkerProcess());
    await eventually(async () => (await archived()) >= share * count, 'the archiving');
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map(({ exited }) => exited));
    expect((await archived()) + (await left())).toBe(count);
    expect(await textsOf(ids)).toEqual(texts);
    // As if ten minutes had passed: the claims of the killed workers end.
    await sql(`update run_event_archives set claimed_at = claimed_at - interval '11 minutes' where state = 'writing'`);
  }
  const workers = await Promise.all([startWorkerProcess(), startWorkerProcess()]);
  await eventually(async () => (await archived()) === count, 'the archiving');
  expect(await left()).toBe(0);
  expect(await textsOf(ids)).toEqual(texts);
  const objects = await readdir(`${app.config.storageRoot}/run-events/${alice.accountId}`);
  expect(objects.filter((name) => !name.startsWith('.')).sort()).toEqual(ids.map((id) => `${id}.1.ndjson.gz`).sort());
  for (const worker of workers) worker.kill('SIGTERM');
  for (const worker of workers) expect(await worker.exited).toEqual({ code: 0, signal: null });
});
