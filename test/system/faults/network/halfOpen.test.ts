import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../../server/database/database.ts';
import { statement } from '../../../../server/database/statement.ts';
import { startProxy } from '../../../faults/network/proxy.ts';
import { expectWithin } from '../../../support/app/expectWithin.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { callTo, startTestApp } from '../../../support/app/testApp.ts';
import { overTcp } from '../../../support/cluster/overTcp.ts';
import { isTerminal, openStream } from '../../../support/http/events.ts';
import { openThread, startRun } from '../../../support/resources/conversation.ts';

/* Half-open connections: the other side is gone, and nothing says so, as after a failover or in a firewall that lost its state. */

const app = await startTestApp({}, { worker: false });

/** A URL of the database behind a proxy whose connections become half-open by `forget`. */
async function proxied() {
  const proxy = startProxy();
  onTestFinished(proxy.stop);
  const url = overTcp(app.databaseUrl);
  url.port = String(await proxy.link('database', [Number(url.port)]));
  return { url: url.href, forget: () => proxy.forget('database') };
}

const ask = statement()((db) => db.selectNoFrom(sql.lit(1).as('alive')));

test('queries on half-open connections of a pool fail, and the next ones get new connections', async () => {
  const { url, forget } = await proxied();
  const database = openDatabase(url, { max: 2, log: pino({ level: 'silent' }), applicationName: 'arkloop test' });
  onTestFinished(database.close);
  const both = () => Promise.allSettled([database.rows(ask), database.transaction(async (tx) => tx.rows(ask))]);
  expect((await both()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  forget();
  await sleep(100);
  expect((await both()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((await both()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
});

test('an API and a worker whose connections are all half-open serve again within half a minute', async () => {
  const { url, forget } = await proxied();
  const env = { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: url };
  const [api] = await Promise.all([startProcess('api', env), startProcess('worker', env)]);
  const call = callTo(api.url);
  const person = await app.signUp();
  const isExecuted = async () => {
    const runId = await startRun({ call }, person, await openThread({ call }, person));
    const stream = await openStream(api.url, runId, { token: person.token, signal: AbortSignal.timeout(60_000) });
    await stream.ended;
    return stream.events.some(isTerminal);
  };
  expect(await isExecuted()).toBe(true);
  await sleep(100);
  forget();
  await expectWithin(35_000, () => isExecuted().catch(() => false), true);
  await expect.poll(async () => (await app.sql(`select 1 from workers where last_seen_at > now() - interval '2 seconds'`)).length).toBe(1);
});
