import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../server/database/database.ts';
import { freshDatabase } from '../support/app/testApp.ts';
import { serveMetrics } from '../support/checks/metrics.ts';
import { startGatewayTo } from '../support/gateway/upstream.ts';

const quick = { ARKLOOP_GATEWAY_UPSTREAM_CHECK_INTERVAL_MS: '100', ARKLOOP_RATELIMIT_CAPACITY: '1000000' };

/** A server in place of an API, on a port that it keeps when it is stopped and started again. */
async function startApi(name: string, listener: RequestListener = (_req, res) => res.end(name)) {
  const state = { isReady: true, requests: 0, probes: 0 };
  let port = 0;
  let server = createServer();
  const start = async () => {
    server = createServer((req, res) => {
      if (req.url === '/readyz') {
        state.probes++;
        return void res
          .writeHead(state.isReady ? 200 : 503)
          .end(JSON.stringify({ status: state.isReady ? 'ok' : 'unavailable', reason: name }));
      }
      state.requests++;
      listener(req, res);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  };
  /** As a killed process: all connections end. */
  const kill = () => {
    server.closeAllConnections();
    server.close();
  };
  await start();
  onTestFinished(kill);
  return { state, start, kill, url: `http://127.0.0.1:${port}` };
}

/** Waits until the gateway has ejected the upstream: with the third check, two have failed. */
async function becomeUnready({ state }: Awaited<ReturnType<typeof startApi>>) {
  state.isReady = false;
  const { probes } = state;
  await expect.poll(() => state.probes).toBeGreaterThanOrEqual(probes + 3);
}

const get = async (address: string, path = '/v1/x', init?: RequestInit) => {
  const answer = await fetch(`${address}${path}`, init);
  return { status: answer.status, text: await answer.text() };
};

test('requests are distributed, and an upstream that is not ready gets none until it is ready again', async () => {
  const [one, two] = [await startApi('one'), await startApi('two')];
  const { address } = await startGatewayTo(`${one.url},${two.url}`, quick);
  for (let n = 0; n < 60; n++) expect((await get(address)).status).toBe(200);
  expect(Math.min(one.state.requests, two.state.requests)).toBeGreaterThan(10);
  await becomeUnready(one);
  const before = one.state.requests;
  for (let n = 0; n < 30; n++) expect(await get(address)).toEqual({ status: 200, text: 'two' });
  expect(one.state.requests).toBe(before);
  await expect.poll(async () => (await get(address, '/readyz')).status).toBe(200);
  one.state.isReady = true;
  await expect.poll(async () => (await get(address)).text).toBe('one');
});

test('the less loaded upstream is chosen', async () => {
  const held: ServerResponse[] = [];
  const [slow, free] = [await startApi('slow', (_req, res) => void held.push(res)), await startApi('free')];
  const { address } = await startGatewayTo(`${slow.url},${free.url}`, quick);
  const waiting = [];
  while (held.length === 0) {
    waiting.push(get(address));
    await sleep(20);
  }
  for (let n = 0; n < 40; n++) expect((await get(address)).text).toBe('free');
  expect(slow.state.requests).toBe(1);
  held[0]!.end('slow');
  await Promise.all(waiting);
});

test('when an upstream is killed, GET is answered by the other one, POST is sent once, and metrics and log tell', async () => {
  const database = openDatabase(await freshDatabase(), { max: 1, log: pino({ level: 'silent' }), applicationName: 'test' });
  onTestFinished(database.close);
  const counted = await serveMetrics(database);
  const lines: { msg: string; upstream?: string; reason?: string }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const [one, two] = [await startApi('one'), await startApi('two')];
  // Checks are rare, so that the first failure is that of a request.
  const { address } = await startGatewayTo(
    `${one.url},${two.url}`,
    { ...quick, ARKLOOP_GATEWAY_UPSTREAM_CHECK_INTERVAL_MS: '3000' },
    { log },
  );
  expect((await counted.scrape()).sum('arkloop_gateway_upstream_healthy')).toBe(2);
  one.kill();
  const answers = await Promise.all(Array.from({ length: 40 }, () => get(address)));
  expect(answers).toEqual(Array(40).fill({ status: 200, text: 'two' }));
  const { sum } = await counted.scrape();
  expect(sum('arkloop_gateway_upstream_healthy', { upstream: one.url })).toBe(0);
  expect(sum('arkloop_gateway_upstream_ejections_total', { reason: 'connect' })).toBe(1);
  expect(lines.filter(({ msg }) => msg === 'an upstream was ejected')).toMatchObject([{ upstream: one.url, reason: 'connect' }]);
  for (let n = 0; n < 10; n++) expect((await get(address, '/v1/x', { method: 'POST', body: '{}' })).text).toBe('two');
  await one.start();
  await expect.poll(async () => (await get(address)).text).toBe('one');
  expect((await counted.scrape()).sum('arkloop_gateway_upstream_healthy')).toBe(2);
  expect(lines.filter(({ msg }) => msg === 'an upstream is used again')).toMatchObject([{ upstream: one.url }]);
});

test('POST is not repeated on another upstream, not even if no connection was opened', async () => {
  const two = await startApi('two');
  const { address } = await startGatewayTo(`http://127.0.0.1:1,${two.url}`, {
    ...quick,
    ARKLOOP_GATEWAY_UPSTREAM_CHECK_INTERVAL_MS: '60000',
  });
  const statuses: number[] = [];
  for (let n = 0; n < 20; n++) statuses.push((await get(address, '/v1/x', { method: 'POST', body: '{}' })).status);
  expect(statuses.filter((status) => status === 502).length).toBeLessThan(2);
  expect(two.state.requests).toBe(statuses.filter((status) => status === 200).length);
});

test('a request that an upstream has seen is not repeated, whatever its method', async () => {
  const breaks = await startApi('breaks', (req) => void req.socket.destroy());
  const second = await startApi('second', (req) => void req.socket.destroy());
  const { address } = await startGatewayTo(`${breaks.url},${second.url}`, quick);
  for (let n = 1; n <= 5; n++) {
    expect((await get(address)).status).toBe(502);
    expect(breaks.state.requests + second.state.requests).toBe(n);
  }
});

test('an upstream that accepts connections and never answers is ejected by its checks', async () => {
  const hanging = createTcpServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void hanging.close());
  const two = await startApi('two');
  const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
  const { address } = await startGatewayTo(`${url},${two.url}`, { ...quick, ARKLOOP_GATEWAY_UPSTREAM_TIMEOUT_MS: '1500' });
  await expect
    .poll(async () => (await Promise.all(Array.from({ length: 10 }, () => get(address)))).every(({ status }) => status === 200))
    .toBe(true);
  for (let n = 0; n < 20; n++) expect((await get(address)).text).toBe('two');
});

test('when all upstreams are down requests get 502, and each one serves as soon as it is back', async () => {
  const [one, two] = [await startApi('one'), await startApi('two')];
  const { address } = await startGatewayTo(`${one.url},${two.url}`, { ...quick, ARKLOOP_GATEWAY_UPSTREAM_CHECK_INTERVAL_MS: '60000' });
  one.kill();
  two.kill();
  for (let n = 0; n < 5; n++) expect((await get(address)).status).toBe(502);
  expect(await get(address, '/readyz')).toMatchObject({ status: 503, text: expect.stringContaining('upstream unreachable') });
  await two.start();
  expect(await get(address)).toEqual({ status: 200, text: 'two' });
});

test('a stream is cut with its upstream only: not by the ejection, and never with a clean end', async () => {
  const streaming: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => res.write('data: x\n\n'), 20);
    res.once('close', () => clearInterval(timer));
  };
  const [one, two] = [await startApi('one', streaming), await startApi('two', streaming)];
  const { address } = await startGatewayTo(`${one.url},${two.url}`, quick);
  const open = async () => {
    const ends: string[] = [];
    let events = 0;
    const response = await fetch(`${address}/v1/stream`);
    const reading = (async () => {
      for await (const _ of response.body!) events++;
      ends.push('clean');
    })().catch(() => void ends.push('broken'));
    onTestFinished(() => reading);
    return { ends, events: () => events };
  };
  const streams = await Promise.all(Array.from({ length: 10 }, open));
  expect(Math.min(one.state.requests, two.state.requests)).toBeGreaterThan(0);
  await becomeUnready(one);
  const before = streams.map(({ events }) => events());
  await expect.poll(() => streams.every(({ events }, at) => events() > before[at]!)).toBe(true);
  expect(streams.flatMap(({ ends }) => ends)).toEqual([]);
  one.kill();
  await expect.poll(() => streams.flatMap(({ ends }) => ends)).toEqual(Array(one.state.requests).fill('broken'));
  two.kill();
});

test('a removed upstream gets no new requests and ends what it has; a file that cannot be used changes nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-upstreams-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'upstreams');
  const held: ServerResponse[] = [];
  const old = await startApi('old', (req, res) => (req.url === '/v1/slow' ? void held.push(res) : res.end('old')));
  const fresh = await startApi('fresh');
  await writeFile(file, `# the first one\n${old.url}\n`);
  const lines: { msg: string; in_flight?: number }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const { address } = await startGatewayTo('', { ...quick, ARKLOOP_GATEWAY_UPSTREAMS_FILE: file }, { log });
  const slow = get(address, '/v1/slow');
  await expect.poll(() => held.length).toBe(1);
  expect((await get(address)).text).toBe('old');
  await writeFile(file, 'ftp://nowhere\n');
  await expect.poll(() => lines.some(({ msg }) => msg.includes('cannot be used'))).toBe(true);
  expect((await get(address)).text).toBe('old');
  await writeFile(file, `${fresh.url} # the next one\n`);
  await expect.poll(async () => (await get(address)).text).toBe('fresh');
  const before = old.state.requests;
  for (let n = 0; n < 20; n++) expect((await get(address)).text).toBe('fresh');
  expect(old.state.requests).toBe(before);
  expect(lines.filter(({ msg }) => msg === 'an upstream was removed')).toMatchObject([{ in_flight: 1 }]);
  held[0]!.end('done');
  expect(await slow).toEqual({ status: 200, text: 'done' });
});

test.for([
  ['ARKLOOP_GATEWAY_UPSTREAM: expected', { ARKLOOP_GATEWAY_UPSTREAM: 'http://a,http://a/' }],
  ['ARKLOOP_GATEWAY_UPSTREAM: expected', { ARKLOOP_GATEWAY_UPSTREAM: 'http://a,b' }],
  ['ARKLOOP_GATEWAY_UPSTREAMS_FILE: cannot read', { ARKLOOP_GATEWAY_UPSTREAM: '', ARKLOOP_GATEWAY_UPSTREAMS_FILE: '/nowhere' }],
  ['ARKLOOP_GATEWAY_UPSTREAMS_FILE: expected', { ARKLOOP_GATEWAY_UPSTREAM: '', ARKLOOP_GATEWAY_UPSTREAMS_FILE: '/dev/null' }],
  ['ARKLOOP_GATEWAY_UPSTREAMS_FILE: must not', { ARKLOOP_GATEWAY_UPSTREAMS_FILE: '/dev/null' }],
] as const)('%s: %o stops the start', async ([message, env]) => {
  await expect(startGatewayTo('http://127.0.0.1:1', env)).rejects.toThrow(message);
});
