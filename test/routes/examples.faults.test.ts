import pg from 'pg';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { readExamples } from '../../docs/openapi/examples.ts';
import { structureOf, writeFaults } from '../support/answers/recording.ts';
import type { Answer } from '../support/app/testApp.ts';
import { operationRows, operations } from '../support/http/operations.ts';
import { statusAndReason } from '../support/http/responses.ts';
import { startRouteSuite } from '../support/http/routeSuite.ts';
import { eventually } from '../support/resources/conversation.ts';
import type { Sample } from '../support/samples/samples.ts';
import { databaseOf } from '../support/world/databases.ts';
import { world } from '../support/world/world.ts';

const walk = await startRouteSuite();
const samples = new Map<string, Sample>();
for (const operation of operations) samples.set(operation.id, await walk.good(operation));
// If the registration mode cannot be read, registration requires an invite code.
Object.assign(samples.get('auth.register')!.body as object, { invite_code: 'SAMPLE00' });

/** May be answered from the settings cache, or fall back to the restrictive default. */
const fromMemory = ['auth.captchaConfig', 'auth.registrationMode'];

/** Rate limited operations that fail closed (503) if their counters are unavailable. */
const failingClosed = ['auth.sendCode', 'auth.verifyCode'];

const admin = new pg.Client({ connectionString: inject('postgresSuperuserUrl') });
await admin.connect();
const name = databaseOf(walk.app.databaseUrl);
const schema = pg.escapeIdentifier(world().schema);

/** The operation whose error responses are recorded as the example for all. */
const shown = 'me.get';
const faults: Answer[] = [];
const answered = operationRows(({ metadata }) => !metadata.probe);
const probes = operationRows(({ metadata }) => metadata.probe === true);

describe('while the tables are missing', () => {
  beforeAll(async () => {
    // Invalidate the cached access, so that it is read again.
    await walk.app.sql(`select pg_notify('arkloop_access', id::text) from users`);
    await walk.app.sql(`alter schema ${schema} rename to gone`);
    for (const { token } of [walk.owner, walk.platformAdmin])
      await eventually(async () => (await walk.app.call('GET', '/v1/me', { token })).status === 500, 'the invalidation of access');
    return async () => {
      await walk.app.sql(`alter schema gone rename to ${schema}`);
    };
  });

  test.for(answered)('%s returns 500 without details', async ([, operation]) => {
    const answer = await walk.send(operation, samples.get(operation.id)!);
    if (fromMemory.includes(operation.id)) expect(answer.status).toBeOneOf([200, 500]);
    else if (failingClosed.includes(operation.id)) expect(answer.status).toBeOneOf([500, 503]);
    else expect([answer.status, answer.body.details]).toEqual([500, {}]);
    if (operation.id === shown) faults.push(answer);
  });
});

describe('while the database accepts no connections', () => {
  beforeAll(async () => {
    await admin.query(`alter database ${pg.escapeIdentifier(name)} allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    return async () => {
      await admin.query(`alter database ${pg.escapeIdentifier(name)} allow_connections true`);
      await admin.end();
    };
  });

  test.for(answered)('%s returns 503', async ([, operation]) => {
    const answer = await walk.send(operation, samples.get(operation.id)!);
    if (fromMemory.includes(operation.id)) expect(answer.status).toBeOneOf([200, 503]);
    else expect(statusAndReason(answer)).toEqual([503, expect.stringMatching(/_unavailable$/)]);
    if (operation.id === shown) faults.push(answer);
  });

  test.for(probes)('%s returns its highest documented status', async ([, operation]) => {
    const answer = await walk.send(operation, samples.get(operation.id)!);
    expect(answer.status).toBe(Math.max(...Object.keys(operation.route.responses).map(Number)));
  });
});

test('the recorded examples of faults match the responses', async () => {
  const wrongMethod = await walk.app.call('DELETE', '/v1/me');
  const all = [wrongMethod, ...faults];
  if (process.env.RECORD_EXAMPLES === '1') return writeFaults(all);
  const { outages: recorded } = readExamples();
  expect(Object.values(recorded).map(({ status, body }) => [status, structureOf(body)])).toEqual(
    all.map(({ status, body }) => [status, structureOf(body)]),
  );
});
