import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startProxy } from '../../faults/network/proxy.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { freshDatabase, startTestApp } from '../../support/app/testApp.ts';
import { overTcp } from '../../support/cluster/overTcp.ts';
import { startGatewayTo } from '../../support/gateway/upstream.ts';

/** A server that accepts connections and never answers. */
async function startBlackHole() {
  const open = new Set<Socket>();
  const server = createServer((socket) => void open.add(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onFileFinished(async () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The response of `/readyz`, which must arrive within 200 ms. */
async function probe(address: string) {
  const sentAt = performance.now();
  const answer = await fetch(`${address}/readyz`);
  const body = (await answer.json()) as { storage?: string; reason?: string };
  expect(performance.now() - sentAt).toTakeLessThan(200);
  return [answer.status, body.reason ?? body.storage];
}

test('probes of API and gateway are answered at once with 200 while the object store never answers', async () => {
  const app = await startTestApp(
    {
      ...{ ARKLOOP_STORAGE_BACKEND: 's3', ARKLOOP_S3_ENDPOINT: await startBlackHole() },
      ...{ ARKLOOP_S3_ACCESS_KEY: 'key', ARKLOOP_S3_SECRET_KEY: 'secret' },
    },
    { worker: false },
  );
  const { address } = await startGatewayTo(app.url);
  await expect.poll(() => probe(address)).toEqual([200, 'unreachable']);
  for (let n = 0; n < 20; n++, await sleep(150))
    for (const url of [app.url, address]) expect(await probe(url)).toEqual([200, 'unreachable']);
});

test('probes of API and gateway are answered at once while the database never answers', async () => {
  const proxy = startProxy();
  onFileFinished(async () => proxy.stop());
  const databaseUrl = overTcp(await freshDatabase());
  databaseUrl.port = `${await proxy.link('database', [Number(databaseUrl.port)])}`;
  const app = await startTestApp({}, { databaseUrl: databaseUrl.href, worker: false });
  const { address } = await startGatewayTo(app.url);
  const both = () => Promise.all([app.url, address].map(probe));
  const ready = [200, 'ok'];
  await expect.poll(both).toEqual([ready, ready]);
  // Otherwise the API could not be closed after a failure.
  onTestFinished(() => proxy.set('database', { mode: 'open' }));
  proxy.set('database', { mode: 'blackHole' });
  const lostAt = performance.now();
  const unready = [503, 'database unreachable'];
  await expect.poll(both, { interval: 20 }).toEqual([unready, unready]);
  expect(performance.now() - lostAt).toTakeLessThan(6_000);
  for (let n = 0; n < 10; n++, await sleep(100)) expect(await both()).toEqual([unready, unready]);
  proxy.set('database', { mode: 'open' });
  await expect.poll(both, { interval: 20 }).toEqual([ready, ready]);
});

test('an API stays ready while all connections of its pool are in use', async () => {
  const app = await startTestApp({}, { worker: false });
  const { pool } = app.database;
  const clients = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
  try {
    for (let n = 0; n < 8; n++, await sleep(500)) expect(await probe(app.url)).toEqual([200, 'ok']);
  } finally {
    for (const client of clients) client.release();
  }
});
