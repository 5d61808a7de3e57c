import { once } from 'node:events';
import { connect } from 'node:net';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../../contract/events.ts';
import { chat } from '../../support/agent/vendor.ts';
import { registerUser, scriptedInstance, temporaryDataDir } from '../../support/app/instance.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, freshDatabase } from '../../support/app/testApp.ts';
import { textOf } from '../../support/checks/invariants.ts';
import { processesOf } from '../../support/cluster/processes.ts';
import { isTerminal, openStream, readAll, types } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const words = Array.from({ length: 60 }, (_, at) => `word${at} `);
const firstHalf = { steps: [...words.slice(0, 30).map(chat.text), 'stall' as const] };
const isWord = (word: number) => (event: RunEvent) => event.type === 'message.delta' && event.data.content === `word${word} `;

test('an instance killed during an answer continues it after a restart, and leaves no processes when it stops', async () => {
  const dataDir = temporaryDataDir();
  const { vendor, env } = await scriptedInstance({ ARKLOOP_DATA_DIR: dataDir });
  const killed = await startProcess('all', env);
  const person = await registerUser(killed.url);
  const api = { call: callTo(killed.url) };
  vendor.respondWith(firstHalf, chat.answer(...words));
  const runId = await startRun(api, person, await openThread(api, person));
  const reader = await openStream(killed.url, runId, { token: person.token });
  await reader.until(isWord(29));
  const brokenOff = reader.ended.catch(() => undefined);
  killed.kill('SIGKILL');
  await killed.exited;
  await brokenOff;

  const again = await startProcess('all', env);
  const rest = await openStream(again.url, runId, { token: person.token, lastEventId: reader.events.at(-1)!.seq });
  await rest.ended;
  const log = await readAll(again.url, runId, person.token);
  expect([...reader.events, ...rest.events]).toEqual(log);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, at) => at + 1));
  expect(types(log).filter((type) => type.startsWith('run.'))).toEqual([
    'run.started',
    'run.route.selected',
    'run.recovered',
    'run.completed',
  ]);
  expect(textOf(log)).toBe(words.join(''));
  again.kill('SIGTERM');
  expect(await again.exited).toEqual({ code: 0, signal: null });
  expect(processesOf(dataDir)).toEqual([]);
  for (const output of [killed.output(), again.output()]) expect(output).not.toContain('sk-test-canary');
});

test('an instance that shuts down returns its run to the queue, ends its streams, and exits within 15 s', async () => {
  const databaseUrl = await freshDatabase();
  const { vendor, env } = await scriptedInstance({ ...testKeysEnv, ARKLOOP_DATABASE_URL: databaseUrl });
  const instance = await startProcess('all', env);
  const person = await registerUser(instance.url);
  const api = { call: callTo(instance.url) };
  vendor.respondWith(firstHalf, chat.answer(...words));
  const runId = await startRun(api, person, await openThread(api, person));
  const reader = await openStream(instance.url, runId, { token: person.token });
  await reader.until(isWord(29));
  const { hostname, port } = new URL(instance.url);
  const probe = connect(Number(port), hostname).setEncoding('utf8');
  let answer = '';
  probe.on('data', (chunk) => (answer += chunk));
  // The answer to the first request shows that the beginning of the second has arrived.
  probe.write(`GET /healthz HTTP/1.1\r\nhost: ${hostname}\r\n\r\nGET /readyz HTTP/1.1\r\nhost: ${hostname}\r\n`);
  await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 200 .*\{"status":"ok"/s);
  answer = '';
  const began = Date.now();
  instance.kill('SIGTERM');
  await reader.ended;
  expect(Date.now() - began).toTakeLessThan(2_000);
  expect(reader.events.some(isTerminal)).toBe(false);
  instance.kill('SIGTERM');
  probe.write('\r\n');
  await once(probe, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toContain('shutting down');
  expect(await instance.exited).toEqual({ code: 0, signal: null });
  expect(Date.now() - began).toTakeLessThan(15_000);
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  const { rows } = await sql.query(
    'select r.status, r.lease_token, j.locked_at from runs r join graphile_worker.jobs j on j.key = $1 where r.id = $2',
    [`run:${runId}`, runId],
  );
  await sql.end();
  expect(rows).toEqual([{ status: 'running', lease_token: null, locked_at: null }]);

  const again = await startProcess('all', env);
  const rest = await openStream(again.url, runId, { token: person.token, lastEventId: reader.events.at(-1)!.seq });
  await rest.ended;
  const log = await readAll(again.url, runId, person.token);
  expect([...reader.events, ...rest.events]).toEqual(log);
  expect(log.at(-1)?.type).toBe('run.completed');
  expect(textOf(log)).toBe(words.join(''));
});
