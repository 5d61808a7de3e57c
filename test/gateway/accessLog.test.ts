import { randomUUIDv7 } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer as createListener } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openAccessLog } from '../../server/gateway/accessLog.ts';
import { type Arrival, newVisit } from '../../server/gateway/visit.ts';
import { keepAccessLogPartitions } from '../../server/jobs/accessLogPartitions.ts';
import { firstIdOf } from '../../server/kernel/ids.ts';
import { Span } from '../../server/kernel/spans.ts';
import type { Database } from '../../server/kernel/sql.ts';
import { countFromNow } from '../setup/metrics.ts';
import { startWorld } from '../setup/world.ts';
import { gatewayTo, upstreamOf } from './upstream.ts';
import { behindGateway, gatewayOf, linesOf } from './world.ts';

const world = await startWorld(behindGateway, { worker: false });
const log = pino({ level: 'silent' });

test('switched off, nothing is noted', async () => {
  const { call, gateway } = await gatewayOf(world, { ARKLOOP_ACCESS_LOG_ENABLED: '0' });
  const { headers } = await call('GET', '/v1/me');
  await gateway.shutDown();
  expect(await world.sql('select id from access_log where trace_id = $1', [headers.get('x-trace-id')])).toEqual([]);
});

test('a request is noted with who, where and how, and without its query', async () => {
  const { call } = await gatewayOf(world);
  const ann = await world.signUp();
  const answer = await call('GET', '/v1/threads?token=secret', {
    token: ann.token,
    headers: { 'user-agent': `curl/8.0 ${'x'.repeat(600)}` },
  });
  const [line] = await linesOf(world, 'trace_id = $1', [answer.headers.get('x-trace-id')]);
  expect(line).toMatchObject({
    method: 'GET',
    path: '/v1/threads',
    status_code: answer.status,
    client_ip: '127.0.0.1',
    country: '',
    city: '',
    ua_type: 'tool',
    risk_score: 0,
    identity_type: 'user',
    account_id: ann.accountId,
    user_id: ann.id,
  });
  expect(line.user_agent).toHaveLength(512);
  expect(line.id > firstIdOf(new Date(Date.now() - 60_000))).toBe(true);
  expect(Math.abs(Date.parse(line.timestamp) - Date.now())).toBeLessThan(60_000);
  expect(JSON.stringify(await world.sql('select * from access_log'))).not.toContain('secret');
});

test('refusals and those who left are noted too, streams with their whole time', async () => {
  const { url } = await upstreamOf((req, res) => {
    if (req.url === '/v1/never') return;
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    setTimeout(() => res.end(), 300);
  });
  const gateway = await gatewayTo(url, {}, { databaseUrl: world.databaseUrl });
  const [stamp] = [`${Date.now()}`];
  await fetch(`${gateway.address}/v1/never`, { signal: AbortSignal.timeout(100), headers: { 'user-agent': `left-${stamp}` } }).catch(
    () => undefined,
  );
  await (await fetch(`${gateway.address}/v1/stream`, { headers: { 'user-agent': `stream-${stamp}` } })).text();
  await fetch(`${gateway.address}/elsewhere`, { headers: { 'user-agent': `lost-${stamp}` } });
  const lines = await linesOf(world, `user_agent like '%-' || $1`, [stamp], 3);
  expect(lines.map(({ user_agent, status_code }) => [user_agent.split('-')[0], status_code])).toEqual([
    ['left', 499],
    ['stream', 200],
    ['lost', 404],
  ]);
  expect(lines[1].duration_ms).toBeGreaterThanOrEqual(290);
});

test('a database that does not answer holds nothing up: the queue fills, then lines are dropped and counted', async () => {
  const stalled = createListener(() => undefined);
  await new Promise<void>((resolve) => stalled.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void stalled.close());
  const { url } = await upstreamOf((_, res) => res.end('ok'));
  const databaseUrl = `postgres://u:p@127.0.0.1:${(stalled.address() as AddressInfo).port}/d`;
  const gateway = await gatewayTo(url, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' }, { databaseUrl });
  const counted = await countFromNow(world.database);
  const times: number[] = [];
  for (let round = 0; round < 45; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const began = performance.now();
        expect((await fetch(`${gateway.address}/v1/x`)).status).toBe(200);
        times.push(performance.now() - began);
      }),
    );
  }
  expect(gateway.droppedLines()).toBe(4_500 - 4_096);
  expect((await counted.scrape()).sum('arkloop_gateway_access_log_lines_total', { outcome: 'dropped' })).toBe(4_500 - 4_096);
  expect(times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]).toBeLessThan(2_000);
});

test('a batch whose outcome was not heard is written once', async () => {
  let sent = 0;
  const run: Database['run'] = async (statement, values) => {
    const written = await world.database.run(statement, values);
    if (sent++ === 0) throw new Error('the connection broke behind the commit');
    return written;
  };
  const accessLog = openAccessLog({ ...world.database, run }, log);
  const place = { country: '', city: '', isAnonymousProxy: false, isHosting: false };
  const span = new Span('b'.repeat(32));
  const known = { span, traceId: span.traceId, path: '/v1/twice', ip: '', secure: false, place, agent: 'tool', headers: {} };
  const messages = { request: { method: 'GET', headers: {} }, response: { headersSent: true, statusCode: 200 } };
  // As much of a request as is noted.
  const note = () => accessLog.note(newVisit({ ...known, ...messages } as unknown as Arrival));
  note();
  await expect.poll(() => sent).toBe(1);
  note();
  await expect.poll(() => sent, { timeout: 5_000 }).toBe(2);
  await accessLog.close();
  expect(await world.sql(`select 1 from access_log where path = '/v1/twice'`)).toHaveLength(2);
});

test('the log has a partition a day, and days past their keeping go', async () => {
  const names = async () =>
    (
      await world.sql(
        `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'access_log'::regclass order by 1`,
      )
    ).map(({ name }) => name);
  const keep = (now: string) => keepAccessLogPartitions({ database: world.database, days: 2, log }, new Date(now));
  const insert = (at: string) =>
    world.sql(`insert into access_log values ($1, $2, '', '', '/kept', 200, 0, '', '', '', '', 'tool', 0, 'anonymous', '', '')`, [
      firstIdOf(new Date(at)).slice(0, 15) + randomUUIDv7().slice(15),
      at,
    ]);
  await keep('2041-12-30T23:59:59.999Z');
  expect(await names()).toEqual(['access_log_2041_12_30', 'access_log_2041_12_31', 'access_log_2042_01_01', 'access_log_default']);
  await insert('2041-12-30T12:00:00Z');
  await insert('2041-12-20T12:00:00Z');
  const times = async () =>
    (await world.sql(`select timestamp from access_log where path = '/kept' order by id`)).map(({ timestamp }) => timestamp);
  expect(await times()).toEqual(['2041-12-20T12:00:00.000Z', '2041-12-30T12:00:00.000Z']);
  await keep('2042-01-01T00:00:00Z');
  expect(await times()).toEqual(['2041-12-30T12:00:00.000Z']);
  await keep('2042-01-02T00:00:00Z');
  expect(await times()).toEqual([]);
  expect(await names()).not.toContain('access_log_2041_12_30');
});

test('a gateway works while its database is away, and notes what happened meanwhile', async () => {
  const { call } = await gatewayOf(world);
  await sleep(100);
  await world.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop gateway' and datname = current_database()`,
  );
  const answer = await call('GET', '/v1/auth/registration-mode');
  expect(answer.status).toBe(200);
  expect(await linesOf(world, 'trace_id = $1', [answer.headers.get('x-trace-id')])).toHaveLength(1);
});
