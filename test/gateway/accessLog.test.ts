import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer as createListener, type Socket } from 'node:net';
import { pino } from 'pino';
import { request } from 'undici';
import { expect, onTestFinished, test, vi } from 'vitest';
import * as contract from '../../contract/index.ts';
import type { Resource } from '../../contract/shared/route.ts';
import type { Database } from '../../server/database/sql.ts';
import { openAccessLog } from '../../server/gateway/accessLog.ts';
import { beforeTokens } from '../../server/gateway/hideTokens.ts';
import { type ArrivedRequest, newRequestContext } from '../../server/gateway/requestContext.ts';
import { createPartitions, removeOldAccessLog } from '../../server/jobs/partitions/maintainPartitions.ts';
import { firstIdOf } from '../../server/platform/crypto/ids.ts';
import { Span } from '../../server/platform/telemetry/spans.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { serveMetrics } from '../support/checks/metrics.ts';
import { accessLogLines, behindGatewayEnv, startTestGateway } from '../support/gateway/testGateway.ts';
import { startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';
import { useDatabaseClock } from '../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp(behindGatewayEnv, { worker: false });
const log = pino({ level: 'silent' });

test('writes nothing when the access log is disabled', async () => {
  const { call, gateway } = await startTestGateway(app, { ARKLOOP_ACCESS_LOG_ENABLED: '0' });
  const { headers } = await call('GET', '/v1/me');
  await gateway.shutDown();
  expect(await app.sql('select id from access_log where trace_id = $1', [headers.get('x-trace-id')])).toEqual([]);
});

test('logs the caller, location and outcome of a request, without its query', async () => {
  const { call } = await startTestGateway(app);
  const ann = await app.signUp();
  const answer = await call('GET', '/v1/threads?token=secret', {
    token: ann.token,
    headers: { 'user-agent': `curl/8.0 ${'x'.repeat(600)}` },
  });
  const [line] = await accessLogLines(app, 'trace_id = $1', [answer.headers.get('x-trace-id')]);
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
  expect(JSON.stringify(await app.sql('select * from access_log'))).not.toContain('secret');
});

test('logs no token that is part of a path, whatever the response, and cuts long paths', async () => {
  const { call } = await startTestGateway(app);
  const id = randomUUID();
  const paths = [
    '/v1/s/secret-1',
    '/v1/s/secret-2/verify',
    '/v1/account-invitations/secret-3/accept',
    '/v1/bootstrap/verify/secret-4',
    '/s/secret-5',
  ];
  const traces: string[] = [];
  const long = `/v1/${'x'.repeat(8_000)}`;
  for (const path of [...paths, `/v1/account-invitations/${id}`, '/v1/s/', '/v1/settings/x', long])
    traces.push((await call('GET', path)).headers.get('x-trace-id')!);
  const lines = await accessLogLines(app, 'trace_id = any($1)', [traces], traces.length);
  expect(lines.map(({ path }) => path).sort()).toEqual(
    [
      ...['/v1/s/{token}', '/v1/s/{token}/verify', '/v1/account-invitations/{token}/accept', '/v1/bootstrap/verify/{token}', '/s/{token}'],
      ...[`/v1/account-invitations/${id}`, '/v1/s/', '/v1/settings/x', long.slice(0, 2_048)],
    ].sort(),
  );
  expect(JSON.stringify(await app.sql('select * from access_log'))).not.toContain('secret-');
});

test('hides the token of every route of the contract that has one', () => {
  const templates = Object.values(contract).flatMap((resource) => Object.values(resource as Resource).map(({ path }) => path));
  const prefixes = templates.flatMap((path) => (path.includes('{token}') ? [path.slice(0, path.indexOf('{token}'))] : []));
  expect(prefixes.length).toBeGreaterThan(0);
  expect(prefixes.filter((prefix) => !beforeTokens.includes(prefix))).toEqual([]);
  expect(templates.filter((path) => /\{\w*(token|secret|password)\w*\}/.test(path.replaceAll('{token}', '')))).toEqual([]);
});

test('logs errors and disconnected clients too, and streams with their full duration', async () => {
  const leaving = new AbortController();
  const { url } = await startUpstream((req, res) => {
    if (req.url === '/v1/never') return leaving.abort();
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    setTimeout(() => res.end(), 300);
  });
  const gateway = await startGatewayTo(url, {}, { databaseUrl: app.databaseUrl });
  const [stamp] = [`${Date.now()}`];
  await fetch(`${gateway.address}/v1/never`, { signal: leaving.signal, headers: { 'user-agent': `left-${stamp}` } }).catch(() => undefined);
  await (await fetch(`${gateway.address}/v1/stream`, { headers: { 'user-agent': `stream-${stamp}` } })).text();
  await fetch(`${gateway.address}/elsewhere`, { headers: { 'user-agent': `lost-${stamp}` } });
  const lines = await accessLogLines(app, `user_agent like '%-' || $1`, [stamp], 3);
  expect(lines.map(({ user_agent, status_code }) => [user_agent.split('-')[0], status_code])).toEqual([
    ['left', 499],
    ['stream', 200],
    ['lost', 404],
  ]);
  expect(lines[1].duration_ms).toBeGreaterThanOrEqual(290);
});

test('an unresponsive database delays no request: when the queue is full, lines are dropped and counted', async () => {
  const open = new Set<Socket>();
  const stalled = createListener((socket) => void open.add(socket));
  await new Promise<void>((resolve) => stalled.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void stalled.close());
  const { url } = await startUpstream((_, res) => res.end('ok'));
  const databaseUrl = `postgres://u:p@127.0.0.1:${(stalled.address() as AddressInfo).port}/d`;
  const gateway = await startGatewayTo(url, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' }, { databaseUrl });
  const counted = await serveMetrics(app.database);
  const times: number[] = [];
  for (let round = 0; round < 45; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const began = performance.now();
        const { statusCode, body } = await request(`${gateway.address}/v1/x`);
        await body.dump();
        expect(statusCode).toBe(200);
        times.push(performance.now() - began);
      }),
    );
  }
  expect(gateway.droppedLines()).toBe(4_500 - 4_096);
  expect((await counted.scrape()).sum('arkloop_gateway_access_log_lines_total', { outcome: 'dropped' })).toBe(4_500 - 4_096);
  expect(times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]).toTakeLessThan(2_000);
  // Otherwise the gateway would wait for its connections when it stops.
  stalled.close();
  for (const socket of open) socket.destroy();
});

test('a batch whose insert had an unknown outcome is written once', async () => {
  let sent = 0;
  const run: Database['run'] = async (statement, ...values) => {
    const written = await app.database.run(statement, ...values);
    if (sent++ === 0) throw new Error('the connection broke behind the commit');
    return written;
  };
  const accessLog = openAccessLog({ ...app.database, run }, log);
  const location = { country: '', city: '', isAnonymousProxy: false, isHosting: false };
  const span = new Span('b'.repeat(32));
  const known = { span, traceId: span.traceId, path: '/v1/twice', ip: '', secure: false, location, userAgentType: 'tool', headers: {} };
  const messages = { request: { method: 'GET', headers: {} }, response: { headersSent: true, statusCode: 200 } };
  // The fields of a request that are logged.
  const note = () => accessLog.record(newRequestContext({ ...known, ...messages } as unknown as ArrivedRequest));
  note();
  await expect.poll(() => sent).toBe(1);
  note();
  await expect.poll(() => sent).toBe(2);
  await accessLog.close();
  expect(await app.sql(`select 1 from access_log where path = '/v1/twice'`)).toHaveLength(2);
});

test('the access log has one partition per day, and partitions past the retention are detached, and dropped a day later', async () => {
  const names = async () =>
    (
      await app.sql(
        `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'access_log'::regclass order by 1`,
      )
    ).map(({ name }) => name);
  const deps = { database: app.database, log, tables: ['access_log'] as const };
  const keep = async (now: string) => {
    await createPartitions(deps, new Date(now));
    await removeOldAccessLog({ ...deps, days: 2 }, new Date(now));
  };
  const insert = (at: string) =>
    app.sql(`insert into access_log values ($1, $2, '', '', '/kept', 200, 0, '', '', '', '', 'tool', 0, 'anonymous', '', '')`, [
      firstIdOf(new Date(at)).slice(0, 15) + randomUUIDv7().slice(15),
      at,
    ]);
  await keep('2041-12-30T23:59:59.999Z');
  expect(await names()).toEqual(['access_log_2041_12_30', 'access_log_2041_12_31', 'access_log_2042_01_01', 'access_log_default']);
  await insert('2041-12-30T12:00:00Z');
  await insert('2041-12-20T12:00:00Z');
  const times = async () =>
    (await app.sql(`select timestamp from access_log where path = '/kept' order by id`)).map(({ timestamp }) => timestamp);
  expect(await times()).toEqual(['2041-12-20T12:00:00.000Z', '2041-12-30T12:00:00.000Z']);
  await keep('2042-01-01T00:00:00Z');
  expect(await times()).toEqual(['2041-12-30T12:00:00.000Z']);
  await keep('2042-01-02T00:00:00Z');
  expect(await times()).toEqual([]);
  expect(await names()).not.toContain('access_log_2041_12_30');
  const isKept = async () => (await app.sql(`select to_regclass('access_log_2041_12_30') is not null as kept`))[0].kept;
  await keep('2042-01-02T23:59:59Z');
  expect(await isKept()).toBe(true);
  await keep('2042-01-03T00:00:00Z');
  expect(await isKept()).toBe(false);
});

test('a gateway serves requests while its database connection is lost, and logs them afterwards', async () => {
  const { call } = await startTestGateway(app);
  const ofGateway = `from pg_stat_activity where application_name = 'arkloop gateway' and datname = current_database()`;
  await expect.poll(() => app.sql(`select pid ${ofGateway}`)).not.toEqual([]);
  await app.sql(`select pg_terminate_backend(pid) ${ofGateway}`);
  const answer = await call('GET', '/v1/auth/registration-mode');
  expect(answer.status).toBe(200);
  expect(await accessLogLines(app, 'trace_id = $1', [answer.headers.get('x-trace-id')])).toHaveLength(1);
});

test('of successful requests only the sampled share is logged; errors, slow requests and requests without an answer always are', async () => {
  // The clock stands still, except for the slow request.
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let leaving = new AbortController();
  const { url } = await startUpstream((req, res) => {
    if (req.url === '/v1/failed') return void res.writeHead(404).end();
    if (req.url === '/v1/gone') return leaving.abort();
    if (req.url === '/v1/slow') vi.advanceTimersByTime(300);
    res.end('ok');
  });
  const env = { ARKLOOP_RATELIMIT_CAPACITY: '100000', ARKLOOP_ACCESS_LOG_SLOW_MS: '250' };
  const pathsOf = async (rate: string, count: number) => {
    const { gateway } = await startTestGateway({ url, databaseUrl: app.databaseUrl }, { ...env, ARKLOOP_ACCESS_LOG_SAMPLE_RATE: rate });
    const agent = `sampled ${randomUUID()}`;
    const ask = (path: string, signal?: AbortSignal) =>
      fetch(`${gateway.address}${path}`, { headers: { 'user-agent': agent }, ...(signal && { signal }) }).then((answer) => answer.text());
    for (let n = 0; n < count; n++) await ask('/v1/ok');
    leaving = new AbortController();
    await Promise.all([ask('/v1/failed'), ask('/v1/slow'), ask('/v1/gone', leaving.signal).catch(() => undefined)]);
    await gateway.shutDown();
    const lines = await accessLogLines(app, 'user_agent = $1', [agent]);
    return lines.map(({ path }) => path as string).sort();
  };
  const always = ['/v1/failed', '/v1/gone', '/v1/slow'];
  expect(await pathsOf('0', 100)).toEqual(always);
  const half = await pathsOf('0.5', 300);
  expect(half.filter((path) => path !== '/v1/ok')).toEqual(always);
  // 300 fair coins: outside of 90 to 210 once in 10^11 runs.
  expect(half.length).toBeGreaterThan(90);
  expect(half.length).toBeLessThan(213);
});

test.each(['1.1', '-0.1', 'half'])('a sample rate of %s stops the start', async (rate) => {
  await expect(startGatewayTo('http://127.0.0.1:1', { ARKLOOP_ACCESS_LOG_SAMPLE_RATE: rate })).rejects.toThrow(
    'ARKLOOP_ACCESS_LOG_SAMPLE_RATE: expected a number from 0 to 1',
  );
});
