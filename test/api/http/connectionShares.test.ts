import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import { readConfig } from '../../../server/platform/config/config.ts';
import { startApi } from '../../../server/processes/api.ts';
import { callTo, freshDatabase, testKeys } from '../../support/app/testApp.ts';

/** As in production: eight connections, for which a statement waits 2 s. */
async function startProductionApi() {
  const databaseUrl = await freshDatabase();
  const log = pino({ level: 'silent' });
  const config = readConfig({ ARKLOOP_API_ADDR: '127.0.0.1:0', ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0' });
  const database = openDatabase(databaseUrl, { max: 8, log, applicationName: 'arkloop test' });
  const api = await startApi({ config, keys: testKeys, database, databaseUrl, log });
  onTestFinished(async () => {
    await api.shutDown();
    await database.close();
  });
  return { databaseUrl, address: api.address, call: callTo(api.address) };
}

/** A transaction as that of an operator's session, which lasts until the end of the test. */
async function openTransaction(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('begin');
  return client;
}

/** Locks the row of an account until `unlock` is called. */
async function lockAccount(databaseUrl: string, userId: string) {
  const client = await openTransaction(databaseUrl);
  await client.query('select from accounts where owner_user_id = $1 for update', [userId]);
  await client.query('select from memberships where user_id = $1 for update', [userId]);
  return { unlock: () => client.query('rollback') };
}

const timed = async <T>(work: Promise<T>): Promise<[T, ms: number]> => {
  const begun = performance.now();
  return [await work, performance.now() - begun];
};

test('an account whose row is locked does not keep connections from others, probes and sign-ins, and answers 503 with Retry-After', async () => {
  const { databaseUrl, call } = await startProductionApi();
  const register = async (login: string) => {
    const person = { login, email: `${login}@example.test`, password: 'Passw0rd-1' };
    const { body } = await call('POST', '/v1/auth/register', { body: person });
    return { id: body.user_id as string, token: body.access_token as string, ...person };
  };
  const [noisy, other] = [await register('noisy'), await register('other')];
  const remember = (token: string, content: string) => call('POST', '/v1/memories', { token, body: { content } });
  const { unlock } = await lockAccount(databaseUrl, noisy.id);

  const flood = Promise.all(Array.from({ length: 100 }, (_, at) => timed(remember(noisy.token, `fact ${at}`))));
  // The connections of its share wait for the lock, and no further ones.
  await expect.poll(() => waitingForLocks(databaseUrl)).toBeGreaterThanOrEqual(4);
  await sleep(500);
  expect(await waitingForLocks(databaseUrl)).toBe(4);
  const answers = await Promise.all([
    timed(remember(other.token, 'of another')),
    timed(call('GET', '/v1/threads', { token: other.token })),
    timed(call('POST', '/v1/auth/login', { body: { login: other.login, password: other.password } })),
    timed(call('GET', `/v1/s/${'x'.repeat(22)}`)),
    timed(call('GET', '/readyz')),
  ]);
  expect(answers.map(([{ status }]) => status)).toEqual([201, 200, 200, 404, 200]);
  // Sign-ins verify a password.
  for (const [, ms] of answers) expect(ms).toBeLessThan(1_500);

  const refused = await flood;
  expect(new Set(refused.map(([{ status }]) => status))).toEqual(new Set([503]));
  for (const [answer, ms] of refused) {
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    // Those that got a connection waited for the lock, others for a connection.
    expect(['overloaded', 'dependency_unavailable']).toContain(answer.body.details.reason);
    if (answer.body.details.reason === 'overloaded') expect(ms).toBeLessThan(4_000);
  }
  await unlock();
  expect((await remember(noisy.token, 'kept')).status).toBe(201);
  const { body } = await call('GET', '/v1/memories', { token: noisy.token });
  expect(body.map(({ content }: { content: string }) => content)).toEqual(['kept']);
});

test('the pages of shares wait for the database in a quarter of the connections, and are served without it', async () => {
  const { databaseUrl, address } = await startProductionApi();
  const client = await openTransaction(databaseUrl);
  await client.query('lock table thread_shares in access exclusive mode');
  const openPage = async () => (await fetch(`${address}/s/${'0'.repeat(22)}`, { headers: { accept: 'text/html' } })).status;
  const statuses = Promise.all(Array.from({ length: 20 }, openPage));
  await expect.poll(() => waitingForLocks(databaseUrl)).toBeGreaterThanOrEqual(2);
  await sleep(500);
  expect(await waitingForLocks(databaseUrl)).toBe(2);
  expect(new Set(await statuses)).toEqual(new Set([200]));
});

async function waitingForLocks(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  await client.end();
  return rows[0].n;
}
