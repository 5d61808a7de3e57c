import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { followWithReconnects, registerUser, temporaryDataDir } from '../../support/app/instance.ts';
import { startProcess } from '../../support/app/process.ts';
import { callTo } from '../../support/app/testApp.ts';
import { disconnectWhileSending, unfinishedPaths } from '../../support/http/disconnect.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

/** The log lines of level warn and above. */
const warnings = (output: string) => output.split('\n').filter((line) => /^\{"level":(40|50|60)/.test(line));

test('an object store that does not answer stops neither a start nor, for long, an end', async () => {
  const store = createServer();
  store.listen(0, '127.0.0.1');
  await once(store, 'listening');
  onTestFinished(() => void store.close());
  const { port } = store.address() as AddressInfo;
  const connections = new Set<Socket>();
  store.on('connection', (socket) => void connections.add(socket.on('error', () => undefined)));
  onTestFinished(() => connections.forEach((socket) => void socket.destroy()));
  const instance = await startProcess('all', {
    ARKLOOP_DATA_DIR: temporaryDataDir(),
    ARKLOOP_STORAGE_BACKEND: 's3',
    ARKLOOP_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    ARKLOOP_S3_ACCESS_KEY: 'key',
    ARKLOOP_S3_SECRET_KEY: 'secret',
  });
  expect((await callTo(instance.url)('GET', '/readyz')).status).toBe(200);
  expect(connections.size).toBeGreaterThan(0);
  const begin = performance.now();
  instance.kill('SIGTERM');
  expect(await instance.exited).toEqual({ code: 0, signal: null });
  // 30 seconds, the limit of a request, if it waits for the store.
  expect(performance.now() - begin).toTakeLessThan(3_000);
});

test('connections that have brought no request hold up the end of no server', async () => {
  const instance = await startProcess('all', { ARKLOOP_DATA_DIR: temporaryDataDir(), ARKLOOP_METRICS_ADDR: '127.0.0.1:0' });
  const addresses = ['API', 'Gateway', 'Metrics'].map((name) => new URL(new RegExp(`${name}: +(\\S+)`).exec(instance.output())![1]!));
  const sockets = addresses.map(({ port, hostname }) => connect(Number(port), hostname).on('error', () => undefined));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const begin = performance.now();
  instance.kill('SIGTERM');
  expect(await instance.exited).toEqual({ code: 0, signal: null });
  // 10 seconds, the limit of running requests, if it waits for them.
  expect(performance.now() - begin).toTakeLessThan(5_000);
});

test.each([
  ['SIGTERM', '1'],
  ['SIGINT', '1'],
  ['SIGTERM', '2'],
] as const)('a clean stop by %s logs no warning, after work and when idle (API processes: %s)', async (signal, processes) => {
  const env = { ARKLOOP_DATA_DIR: temporaryDataDir(), ARKLOOP_API_PROCESSES: processes };
  for (const isIdle of [false, true]) {
    const instance = await startProcess('all', env);
    const gateway = /Gateway: +(\S+)/.exec(instance.output())![1]!;
    const before = instance.output().length;
    if (!isIdle) {
      const person = await registerUser(gateway);
      const call = callTo(gateway);
      for (const path of unfinishedPaths) await disconnectWhileSending(instance.url, path, person.token);
      await followWithReconnects(instance.url, await startRun({ call }, person, await openThread({ call }, person)), person.token);
    } else await sleep(300);
    instance.kill(signal);
    expect(await instance.exited).toEqual({ code: 0, signal: null });
    expect(warnings(instance.output().slice(before))).toEqual([]);
  }
});
