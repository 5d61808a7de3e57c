import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chat } from '../../support/agent/vendor.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { followWithReconnects, registerUser, scriptedInstance, temporaryDataDir } from '../../support/app/instance.ts';
import { startProcess } from '../../support/app/process.ts';
import { callTo } from '../../support/app/testApp.ts';
import { textOf } from '../../support/checks/invariants.ts';
import { processesOf } from '../../support/cluster/processes.ts';
import { isTerminal, openStream, readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const words = Array.from({ length: 60 }, (_, at) => `word${at} `);

test('when PostgreSQL dies during a run, it is restarted and the run ends with every event in place', async () => {
  const dataDir = temporaryDataDir();
  const { vendor, env } = await scriptedInstance({ ARKLOOP_DATA_DIR: dataDir });
  const instance = await startProcess('all', env);
  const person = await registerUser(instance.url);
  const api = { call: callTo(instance.url) };
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    // The answer continues during the restart, so writes find no database.
    vendor.respondWith(
      { steps: words.flatMap((word) => [chat.text(word), { wait: 20 }]).concat(chat.stop(), chat.done) },
      chat.answer(...words),
    );
    const runId = await startRun(api, person, await openThread(api, person));
    const reader = await openStream(instance.url, runId, { token: person.token });
    const followed = followWithReconnects(instance.url, runId, person.token);
    await reader.until((event) => event.type === 'message.delta' && event.data.content === 'word9 ');
    reader.close();
    process.kill(Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]), signal);
    const downAt = Date.now();
    await expect.poll(async () => (await fetch(`${instance.url}/readyz`)).status, { interval: 20 }).not.toBe(200);
    await expectWithin(20_000, async () => (await fetch(`${instance.url}/readyz`)).status, 200);
    expect(Date.now() - downAt).toTakeLessThan(15_000);
    const seen = await followed;
    const log = await readAll(instance.url, runId, person.token);
    expect(seen).toEqual(log);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, at) => at + 1));
    expect(log.filter(isTerminal).map(({ type }) => type)).toEqual(['run.completed']);
    expect(textOf(log)).toBe(words.join(''));
  }
  instance.kill('SIGTERM');
  expect(await instance.exited).toEqual({ code: 0, signal: null });
  expect(processesOf(dataDir)).toEqual([]);
});
