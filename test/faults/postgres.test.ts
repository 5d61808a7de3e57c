import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { isTerminal, openStream, readAll } from '../setup/events.ts';
import { followAcross, register, scriptedInstance, temporaryFolder } from '../setup/instance.ts';
import { textOf } from '../setup/invariants.ts';
import { startProcess } from '../setup/process.ts';
import { processesOf } from '../setup/processes.ts';
import { chat } from '../setup/vendor.ts';
import { callTo } from '../setup/world.ts';

const words = Array.from({ length: 60 }, (_, at) => `word${at} `);

test('PostgreSQL dies while a run streams: it is started again, and the run ends with every event in place', async () => {
  const dataDir = temporaryFolder();
  const { vendor, env } = await scriptedInstance({ ARKLOOP_DATA_DIR: dataDir });
  const instance = await startProcess('all', env);
  const person = await register(instance.url);
  const api = { call: callTo(instance.url) };
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    // The answer goes on during the restart, so it is written to a database that is not there.
    vendor.answers(
      { steps: words.flatMap((word) => [chat.text(word), { wait: 20 }]).concat(chat.stop(), chat.done) },
      chat.answer(...words),
    );
    const runId = await startRun(api, person, await openThread(api, person));
    const reader = await openStream(instance.url, runId, { token: person.token });
    const followed = followAcross(instance.url, runId, person.token);
    await reader.until((event) => event.type === 'message.delta' && event.data.content === 'word9 ');
    reader.close();
    process.kill(Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]), signal);
    const downAt = Date.now();
    await expect.poll(async () => (await fetch(`${instance.url}/readyz`)).status, { timeout: 10_000, interval: 20 }).not.toBe(200);
    await expect.poll(async () => (await fetch(`${instance.url}/readyz`)).status, { timeout: 20_000, interval: 50 }).toBe(200);
    expect(Date.now() - downAt).toBeLessThan(15_000);
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
}, 90_000);
