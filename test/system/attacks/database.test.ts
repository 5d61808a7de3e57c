import pg from 'pg';
import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const { call, database, databaseUrl, signUp } = await startTestApp({}, { worker: false });

test('statements, lock waits and idle transactions have timeouts', async () => {
  const { rows } = await database.pool.query(
    `select name, setting::int as ms from pg_settings
     where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') order by name`,
  );
  expect(rows).toEqual([
    { name: 'idle_in_transaction_session_timeout', ms: 30_000 },
    { name: 'lock_timeout', ms: 2_000 },
    { name: 'statement_timeout', ms: 10_000 },
  ]);
});

test('requests that wait for a locked table fail with 503 after eight seconds, and other requests are unaffected', async () => {
  const { token } = await signUp();
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  await holder.query('begin; lock table projects in access exclusive mode');
  const began = performance.now();
  // Fewer requests than pool connections.
  const held = Promise.all(Array.from({ length: 4 }, () => call('POST', '/v1/projects', { token, body: { name: 'held' } })));
  for (let n = 0; n < 20; n++) expect((await call('GET', '/v1/me', { token })).status).toBe(200);
  expect(performance.now() - began).toTakeLessThan(4_000);
  for (const answer of await held) {
    expect(statusAndReason(answer)).toEqual([503, 'dependency_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  expect(performance.now() - began).toTakeLessThan(12_000);
  await holder.query('rollback');
  await holder.end();
  expect((await call('POST', '/v1/projects', { token, body: { name: 'free' } })).status).toBe(201);
});
