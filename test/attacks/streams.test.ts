import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { behindGateway, gatewayOf, trusting } from '../gateway/world.ts';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { openStream, type Stream } from '../setup/events.ts';
import { sameKeys, startProcess } from '../setup/process.ts';
import { request } from '../setup/raw.ts';
import { reasonOf } from '../setup/walk.ts';
import { type Person, startWorld } from '../setup/world.ts';

const most = 5;
const world = await startWorld({ ...behindGateway, ARKLOOP_MAX_STREAMS_PER_USER: `${most}` }, { worker: false });
const accept = { accept: 'text/event-stream' };
const nowhere = '01890000-0000-7000-8000-000000000000';
const unlimited = { ARKLOOP_RATELIMIT_CAPACITY: '1000000' };

const open: Stream[] = [];
afterAll(() => {
  for (const stream of open) stream.close();
});
async function follow(url: string, runId: string, token: string, headers: Record<string, string> = {}) {
  const stream = await openStream(url, runId, { token, headers: { ...accept, ...headers } });
  open.push(stream);
  return stream;
}
const runOf = async (person: Person) => startRun(world, person, await openThread(world, person));
const tryOnce = (runId: string, token: string) => world.call('GET', `/v1/runs/${runId}/events?follow=false`, { token, headers: accept });
/** Resolves when a person may open a stream again. */
const mayOpen = ({ token }: Person, runId: string) =>
  eventually(async () => (await tryOnce(runId, token)).status === 200, 'the end of a stream', 3_000);

test('openings of streams are counted like any request, whatever the run is', async () => {
  const small = { ARKLOOP_RATELIMIT_CAPACITY: '20', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01' };
  const { call } = await gatewayOf(world, small, { alone: true });
  const { token } = await world.signUp();
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => call('GET', `/v1/runs/${nowhere}/events`, { token, headers: accept })),
  );
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(20);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(40);
  expect(refused[0]!.body.details.reason).toBe('request_rate');
});

test('a user has so many streams open at an API, over all runs and keys, and openings that are refused take no place', async () => {
  const [ann, bob] = [await world.signUp(), await world.signUp()];
  const runs = [await runOf(ann), await runOf(ann)];
  const { body: key } = await world.call('POST', '/v1/api-keys', { token: ann.token, body: { name: 'k' } });
  for (let n = 0; n < 2 * most; n++) expect((await tryOnce(nowhere, ann.token)).status).toBe(404);
  for (let n = 0; n < 2 * most; n++) expect((await tryOnce(runs[0]!, ann.token)).status).toBe(200);
  const streams: Stream[] = [];
  for (let n = 0; n < most; n++) streams.push(await follow(world.url, runs[n % 2]!, n % 2 ? key.key : ann.token));
  expect(streams.map(({ status }) => status)).toEqual(Array(most).fill(200));
  for (const token of [ann.token, key.key]) {
    const refused = await tryOnce(runs[0]!, token);
    expect(reasonOf(refused)).toEqual([429, 'open_streams_exceeded']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  expect((await follow(world.url, await runOf(bob), bob.token)).status).toBe(200);
  expect((await world.call('GET', '/v1/me', { token: ann.token })).status).toBe(200);
  streams[0]!.close();
  await mayOpen(ann, runs[0]!);
  await world.call('POST', `/v1/runs/${runs[1]}:cancel`, { token: ann.token, body: {} });
});

test('however a stream ends its place is free again: the run, the reader, the connection, the right to read', async () => {
  const ann = await world.signUp();
  const [runId, other] = [await runOf(ann), await runOf(ann)];
  const fill = async () => {
    const streams = [];
    for (let n = 0; n < most; n++) streams.push(await follow(world.url, runId, ann.token));
    expect(streams.map(({ status }) => status)).toEqual(Array(most).fill(200));
    expect(reasonOf(await tryOnce(other, ann.token))).toEqual([429, 'open_streams_exceeded']);
    return streams;
  };
  for (const stream of await fill()) stream.close();
  await mayOpen(ann, other);

  const sockets: Socket[] = [];
  for (let n = 0; n < most; n++) {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    sockets.push(socket);
    socket.write(request(`GET /v1/runs/${runId}/events`, { authorization: `Bearer ${ann.token}`, ...accept }));
    await once(socket, 'data');
  }
  expect(reasonOf(await tryOnce(other, ann.token))).toEqual([429, 'open_streams_exceeded']);
  for (const socket of sockets) socket.resetAndDestroy();
  await mayOpen(ann, other);

  // A caller that is gone before the answer.
  for (let n = 0; n < 4 * most; n++) {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1', () => {
      socket.write(request(`GET /v1/runs/${runId}/events`, { authorization: `Bearer ${ann.token}`, ...accept }));
      setImmediate(() => socket.resetAndDestroy());
    });
    await once(socket, 'close');
  }
  await mayOpen(ann, other);
  for (const stream of await fill()) void stream.ended.catch(() => undefined);
  await world.sql(`update runs set status = 'cancelled', cancelled_at = now() where id = $1`, [runId]);
  await world.sql(
    `insert into run_events (run_id, seq, event_id, type, data, created_at)
     select id, next_seq, gen_random_uuid(), 'run.cancelled', '{}', now() from runs where id = $1`,
    [runId],
  );
  await mayOpen(ann, other);
});

test('an address has so many streams open at a gateway, whoever the users are, and an IPv6 network is one address', async () => {
  const env = { ...unlimited, ...trusting, ARKLOOP_GATEWAY_MAX_STREAMS_PER_ADDRESS: '4' };
  const { gateway } = await gatewayOf(world, env, { alone: true });
  const [ann, bob] = [await world.signUp(), await world.signUp()];
  const runs = new Map([
    [ann, await runOf(ann)],
    [bob, await runOf(bob)],
  ]);
  const from = (person: Person, ip: string) => follow(gateway.address, runs.get(person)!, person.token, { 'x-forwarded-for': ip });
  const held = [];
  for (let n = 0; n < 4; n++) held.push(await from(n % 2 ? ann : bob, `2001:db8:7:7::${n + 1}`));
  expect(held.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  for (let n = 0; n < 10; n++) {
    const refused = await from(ann, `2001:db8:7:7:ffff::${n}`);
    await refused.ended;
    expect([refused.status, JSON.parse(refused.text()).details.reason]).toEqual([429, 'open_streams_exceeded']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  // Those that were refused are not open at the API either: two of five places of the user are taken.
  await eventually(async () => (await tryOnce(runs.get(ann)!, ann.token)).status === 200, 'the end of what was refused', 3_000);
  expect((await from(ann, '2001:db8:7:8::1')).status).toBe(200);
  expect((await from(ann, '203.0.113.9')).status).toBe(200);
  held[0]!.close();
  const again = async () => {
    const stream = await from(bob, '2001:db8:7:7::aa');
    if (stream.status !== 200) stream.close();
    return stream.status === 200;
  };
  await eventually(again, 'a place for the address', 3_000);
});

test('streams of a gateway that dies are given up at the API', async () => {
  const ann = await world.signUp();
  const runId = await runOf(ann);
  const gateway = await startProcess('gateway', { ...sameKeys, ARKLOOP_GATEWAY_UPSTREAM: world.url });
  const streams = [];
  for (let n = 0; n < most; n++) streams.push(await follow(gateway.url, runId, ann.token));
  expect(streams.map(({ status }) => status)).toEqual(Array(most).fill(200));
  expect(reasonOf(await tryOnce(runId, ann.token))).toEqual([429, 'open_streams_exceeded']);
  for (const { ended } of streams) ended.catch(() => undefined);
  gateway.kill('SIGKILL');
  await mayOpen(ann, runId);
}, 30_000);
