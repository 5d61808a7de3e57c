import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway, trustedProxyEnv } from '../../support/gateway/testGateway.ts';
import { openStream, type Stream } from '../../support/http/events.ts';
import { request } from '../../support/http/raw.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

const maxStreams = 5;
const app = await startTestApp({ ...behindGatewayEnv, ARKLOOP_MAX_STREAMS_PER_USER: `${maxStreams}` }, { worker: false });
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
const runOf = async (person: Person) => startRun(app, person, await openThread(app, person));
const tryOnce = (runId: string, token: string) => app.call('GET', `/v1/runs/${runId}/events?follow=false`, { token, headers: accept });
/** Resolves when the user can open a stream again. */
const mayOpen = ({ token }: Person, runId: string) =>
  eventually(async () => (await tryOnce(runId, token)).status === 200, 'the end of a stream');

test('opening a stream counts toward the request rate limit, even for an unknown run', async () => {
  const small = { ARKLOOP_RATELIMIT_CAPACITY: '20', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01' };
  const { call } = await startTestGateway(app, small, { alone: true });
  const { token } = await app.signUp();
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => call('GET', `/v1/runs/${nowhere}/events`, { token, headers: accept })),
  );
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(20);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(40);
  expect(refused[0]!.body.details.reason).toBe('request_rate');
});

test('the number of open streams of a user at an API is limited across runs and keys, and rejected requests do not count', async () => {
  const [ann, bob] = [await app.signUp(), await app.signUp()];
  const runs = [await runOf(ann), await runOf(ann)];
  const { body: key } = await app.call('POST', '/v1/api-keys', { token: ann.token, body: { name: 'k' } });
  for (let n = 0; n < 2 * maxStreams; n++) expect((await tryOnce(nowhere, ann.token)).status).toBe(404);
  for (let n = 0; n < 2 * maxStreams; n++) expect((await tryOnce(runs[0]!, ann.token)).status).toBe(200);
  const streams: Stream[] = [];
  for (let n = 0; n < maxStreams; n++) streams.push(await follow(app.url, runs[n % 2]!, n % 2 ? key.key : ann.token));
  expect(streams.map(({ status }) => status)).toEqual(Array(maxStreams).fill(200));
  for (const token of [ann.token, key.key]) {
    const refused = await tryOnce(runs[0]!, token);
    expect(statusAndReason(refused)).toEqual([429, 'open_streams_exceeded']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  expect((await follow(app.url, await runOf(bob), bob.token)).status).toBe(200);
  expect((await app.call('GET', '/v1/me', { token: ann.token })).status).toBe(200);
  streams[0]!.close();
  await mayOpen(ann, runs[0]!);
  await app.call('POST', `/v1/runs/${runs[1]}:cancel`, { token: ann.token, body: {} });
});

test('a stream frees its slot when the client closes it, the connection is reset, or the run ends', async () => {
  const ann = await app.signUp();
  const [runId, other] = [await runOf(ann), await runOf(ann)];
  const fill = async () => {
    const streams = [];
    for (let n = 0; n < maxStreams; n++) streams.push(await follow(app.url, runId, ann.token));
    expect(streams.map(({ status }) => status)).toEqual(Array(maxStreams).fill(200));
    expect(statusAndReason(await tryOnce(other, ann.token))).toEqual([429, 'open_streams_exceeded']);
    return streams;
  };
  for (const stream of await fill()) stream.close();
  await mayOpen(ann, other);

  const sockets: Socket[] = [];
  for (let n = 0; n < maxStreams; n++) {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    sockets.push(socket);
    socket.write(request(`GET /v1/runs/${runId}/events`, { authorization: `Bearer ${ann.token}`, ...accept }));
    await once(socket, 'data');
  }
  expect(statusAndReason(await tryOnce(other, ann.token))).toEqual([429, 'open_streams_exceeded']);
  for (const socket of sockets) socket.resetAndDestroy();
  await mayOpen(ann, other);

  // Clients that disconnect before the response.
  for (let n = 0; n < 4 * maxStreams; n++) {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => {
      socket.write(request(`GET /v1/runs/${runId}/events`, { authorization: `Bearer ${ann.token}`, ...accept }));
      setImmediate(() => socket.resetAndDestroy());
    });
    await once(socket, 'close');
  }
  await mayOpen(ann, other);
  for (const stream of await fill()) void stream.ended.catch(() => undefined);
  await app.sql(`update runs set status = 'cancelled', cancelled_at = now() where id = $1`, [runId]);
  await app.sql(
    `insert into run_events (run_id, seq, event_id, type, data, created_at)
     select id, next_seq, gen_random_uuid(), 'run.cancelled', '{}', now() from runs where id = $1`,
    [runId],
  );
  await mayOpen(ann, other);
});

test('the number of open streams of an address at a gateway is limited across users, and an IPv6 /64 is one address', async () => {
  const env = { ...unlimited, ...trustedProxyEnv, ARKLOOP_GATEWAY_MAX_STREAMS_PER_ADDRESS: '4' };
  const { gateway } = await startTestGateway(app, env, { alone: true });
  const [ann, bob] = [await app.signUp(), await app.signUp()];
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
  // Rejected streams are not open at the API either: the user occupies two of five slots.
  await eventually(async () => (await tryOnce(runs.get(ann)!, ann.token)).status === 200, 'the end of what was refused');
  expect((await from(ann, '2001:db8:7:8::1')).status).toBe(200);
  expect((await from(ann, '203.0.113.9')).status).toBe(200);
  held[0]!.close();
  const again = async () => {
    const stream = await from(bob, '2001:db8:7:7::aa');
    if (stream.status !== 200) stream.close();
    return stream.status === 200;
  };
  await eventually(again, 'a place for the address');
});

test('the API closes the streams of a gateway that was killed', async () => {
  const ann = await app.signUp();
  const runId = await runOf(ann);
  const gateway = await startProcess('gateway', { ...testKeysEnv, ARKLOOP_GATEWAY_UPSTREAM: app.url });
  const streams = [];
  for (let n = 0; n < maxStreams; n++) streams.push(await follow(gateway.url, runId, ann.token));
  expect(streams.map(({ status }) => status)).toEqual(Array(maxStreams).fill(200));
  expect(statusAndReason(await tryOnce(runId, ann.token))).toEqual([429, 'open_streams_exceeded']);
  for (const { ended } of streams) ended.catch(() => undefined);
  gateway.kill('SIGKILL');
  await mayOpen(ann, runId);
});
