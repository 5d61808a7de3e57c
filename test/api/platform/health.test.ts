import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { health } from '../../../contract/health.ts';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { openCluster } from '../../../server/database/embedded/cluster.ts';
import { launchPostmaster, stopPostmaster } from '../../../server/database/embedded/postmaster.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { migrations } from '../../../server/database/migrations/index.ts';
import type { Database } from '../../../server/database/sql.ts';
import { readConfig } from '../../../server/platform/config/config.ts';
import { type Api, startApi } from '../../../server/processes/api.ts';
import { callTo, freshDatabase, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { expectConforming } from '../../support/http/conformance.ts';
import { operations } from '../../support/http/operations.ts';
import { rawSend, request } from '../../support/http/raw.ts';

const log = pino({ level: 'silent' });
const config = readConfig({ ARKLOOP_API_ADDR: '127.0.0.1:0', ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0' });

async function startApiOn(databaseUrl: string): Promise<{ api: Api; database: Database }> {
  const database = openDatabase(databaseUrl, { max: 4, log, applicationName: 'arkloop health' });
  return { database, api: await startApi({ config, keys: testKeys, database, databaseUrl, log }) };
}

describe('health endpoints', async () => {
  const { url, call, sql, databaseUrl } = await startTestApp({}, { worker: false });

  test('are public, not cached, and accept only GET and HEAD', async () => {
    for (const [path, body] of [
      ['/healthz', { status: 'ok' }],
      ['/readyz', { status: 'ok', schema_version: expect.stringMatching(/^\d{5}$/), storage: 'ok', notifications: 'ok' }],
    ] as const) {
      const answer = await call('GET', path, { headers: { authorization: 'nonsense' } });
      expect([answer.status, answer.body, answer.headers.get('cache-control')]).toEqual([200, body, 'no-store']);
      const head = await call('HEAD', path);
      expect([head.status, head.text]).toEqual([200, '']);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const refused = await call(method, path);
        expect([method, refused.status, refused.body.error, refused.headers.get('allow')]).toEqual([
          method,
          405,
          'method_not_allowed',
          'GET, HEAD',
        ]);
        expect(refused.body.trace_id).toBe(refused.headers.get('x-trace-id'));
      }
    }
    expect(await rawSend(url, request('GET /readyz'))).toMatchObject({ status: 200 });
  });

  test('report a schema version older than the program, and serve with a newer one', async () => {
    const expected = (await call('GET', '/readyz')).body.schema_version;
    const ready = async () => {
      const answer = await call('GET', '/readyz');
      expectConforming(health.ready, answer);
      return [answer.status, answer.body];
    };
    const mismatch = (got: string) => [503, { status: 'unavailable', reason: `schema version mismatch: expected ${expected}, got ${got}` }];
    await sql(`insert into mikro_orm_migrations (name) values ('Migration99999')`);
    await expect.poll(ready).toEqual(mismatch('99999'));
    const compatibleWith = (version: string) =>
      sql(`comment on table mikro_orm_migrations is 'version 99999 is compatible with processes of version ${version}'`);
    await compatibleWith(expected);
    await expect.poll(ready).toEqual([200, { status: 'ok', storage: 'ok', notifications: 'ok', schema_version: '99999' }]);
    // A process of this version that starts again does not touch the schema.
    await migrate(databaseUrl);
    expect((await ready())[0]).toBe(200);
    await compatibleWith('99998');
    await expect.poll(ready).toEqual(mismatch('99999'));
    await compatibleWith(expected);
    await sql(`delete from mikro_orm_migrations where name = 'Migration99999' or name like $1`, [`%${expected}`]);
    await expect.poll(ready).toEqual(mismatch(migrations.at(-2)!.name.slice(-5)));
    await sql('alter table mikro_orm_migrations rename to elsewhere');
    await expect.poll(ready).toEqual(mismatch('00000'));
    // The typed client returns a 503 of this route as a response, not as an error.
    expect(await createClient({ baseUrl: url }).health.ready()).toEqual({
      status: 'unavailable',
      reason: expect.stringContaining('mismatch'),
    });
    await sql('alter table elsewhere rename to mikro_orm_migrations');
    await sql('insert into mikro_orm_migrations (name) values ($1)', [`Migration${expected}`]);
    await expect.poll(ready).toEqual([200, { status: 'ok', storage: 'ok', notifications: 'ok', schema_version: expected }]);
    expect((await call('GET', '/healthz')).status).toBe(200);
  });
});

describe('a database outage', () => {
  let dataDir: string;
  let url: string;
  let running: Awaited<ReturnType<typeof startApiOn>>;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'arkloop-health-'));
    const embedded = await startEmbeddedPostgres({ dataDir, log });
    url = embedded.url;
    // From here on the test starts and stops the server itself. Nothing else may restart it.
    await embedded.stop();
    await start();
    await migrate(url);
    running = await startApiOn(url);
  });
  afterAll(async () => {
    await running?.api.shutDown();
    await running?.database.close();
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const start = async () => expect(await launchPostmaster(await openCluster(dataDir), Number(new URL(url).port))).toBeUndefined();
  const stop = async () => stopPostmaster((await openCluster(dataDir)).folder);

  test('makes the API unready and requests return 503 until the database is back', async () => {
    const call = callTo(running.api.address);
    const person = { login: 'anna', email: 'anna@example.test', password: 'Passw0rd-1' };
    const token = (await call('POST', '/v1/auth/register', { body: person })).body.access_token;
    const thread = (await call('POST', '/v1/threads', { token, body: { title: 'kept' } })).body.id;
    const calls = [
      ['GET /v1/me', '/v1/me'],
      ['POST /v1/threads', '/v1/threads', {}],
      ['GET /v1/threads/{thread_id}', `/v1/threads/${thread}`],
      ['POST /v1/auth/login', '/v1/auth/login', { login: 'anna', password: 'x' }],
    ] as const;
    for (let round = 0; round < 2; round++) {
      await stop();
      const begun = Date.now();
      const ready = async () => {
        const { status, body } = await call('GET', '/readyz');
        return [status, body];
      };
      await expect.poll(ready).toEqual([503, { status: 'unavailable', reason: 'database unreachable' }]);
      expect(Date.now() - begun).toTakeLessThan(3_000);
      expect((await call('GET', '/healthz')).body).toEqual({ status: 'ok' });
      for (const [title, path, body] of calls) {
        const { route } = operations.find((operation) => operation.title === title)!;
        const answer = await call(route.method, path, { token, body, headers: { 'idempotency-key': `${round}` } });
        expect([path, answer.status, answer.body?.error, answer.body?.details]).toEqual([
          path,
          503,
          'unavailable',
          { reason: 'dependency_unavailable' },
        ]);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        expectConforming(route, answer);
        expect(answer.text).not.toMatch(/postgres|127\.0\.0\.1|ECONN/i);
      }
      expect((await call('GET', '/v1/me')).status).toBe(401);
      await start();
      await expect.poll(async () => (await call('GET', '/readyz')).status).toBe(200);
      expect((await call('GET', `/v1/threads/${thread}`, { token })).body.title).toBe('kept');
      expect((await call('POST', '/v1/threads', { token, body: {}, headers: { 'idempotency-key': `${round}` } })).status).toBe(201);
    }
  });
});

test('during shutdown the API is unready, and requests in progress complete', async () => {
  const { api, database } = await startApiOn(await freshDatabase());
  const call = callTo(api.address);
  const person = { login: 'berta', email: 'berta@example.test', password: 'Passw0rd-1' };
  const token = (await call('POST', '/v1/auth/register', { body: person })).body.access_token;
  const body = JSON.stringify({ title: 'last' });
  const { hostname, port } = new URL(api.address);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': body.length };
  socket.write(request('POST /v1/threads', { ...headers, expect: '100-continue' }));
  await expect.poll(() => text).toContain('100 Continue');
  socket.write(body.slice(0, 5));
  const down = api.shutDown();
  socket.write(body.slice(5) + request('GET /readyz', { connection: 'close' }));
  await down;
  await expect.poll(() => text).toContain('shutting down');
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['100', '201', '503']);
  await expect(call('GET', '/healthz')).rejects.toThrow();
  await database.close();
});
