import pg from 'pg';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { readExamples } from '../docs/examples.ts';
import { formOf, writeFaults } from './setup/answers/recording.ts';
import { operations, titled } from './setup/operations.ts';
import type { Sample } from './setup/samples.ts';
import { reasonOf, startWalk } from './setup/walk.ts';
import type { Answer } from './setup/world.ts';

const walk = await startWalk();
const samples = new Map<string, Sample>();
for (const operation of operations) samples.set(operation.id, await walk.good(operation));
// When it cannot be read who may register, only those may who were invited.
Object.assign(samples.get('auth.register')!.body as object, { invite_code: 'SAMPLE00' });

/** What may be answered from memory, for as long as settings are remembered, or closed rather than failed. */
const fromMemory = ['auth.captchaConfig', 'auth.registrationMode'];

/** What is closed rather than left without protection when its counts cannot be kept. */
const failingClosed = ['auth.sendCode', 'auth.verifyCode'];

const admin = new pg.Client({ connectionString: inject('postgresSuperuserUrl') });
await admin.connect();
const name = new URL(walk.world.databaseUrl).pathname.slice(1);

/** The operation whose answers are shown for all. */
const shown = 'me.get';
const faults: Answer[] = [];
const answered = titled(({ metadata }) => !metadata.probe);
const probes = titled(({ metadata }) => metadata.probe === true);

describe('while the tables are gone', () => {
  beforeAll(async () => {
    // Who may call is asked again: nothing is remembered.
    await walk.world.sql(`select pg_notify('arkloop_access', id::text) from users`);
    await walk.world.sql('alter schema public rename to gone');
    await new Promise((done) => setTimeout(done, 200));
    return async () => {
      await walk.world.sql('alter schema gone rename to public');
    };
  });

  test.for(answered)('%s is a fault of the server, and tells nothing of it', async ([, operation]) => {
    const answer = await walk.send(operation, samples.get(operation.id)!);
    if (fromMemory.includes(operation.id)) expect(answer.status).toBeOneOf([200, 500]);
    else if (failingClosed.includes(operation.id)) expect(answer.status).toBeOneOf([500, 503]);
    else expect([answer.status, answer.body.details]).toEqual([500, {}]);
    if (operation.id === shown) faults.push(answer);
  });
});

describe('while the database takes no connections', () => {
  beforeAll(async () => {
    await admin.query(`alter database ${name} allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    return async () => {
      await admin.query(`alter database ${name} allow_connections true`);
      await admin.end();
    };
  });

  test.for(answered)('%s is not available', async ([, operation]) => {
    const answer = await walk.send(operation, samples.get(operation.id)!);
    if (fromMemory.includes(operation.id)) expect(answer.status).toBeOneOf([200, 503]);
    else expect(reasonOf(answer)).toEqual([503, expect.stringMatching(/_unavailable$/)]);
    if (operation.id === shown) faults.push(answer);
  });

  test.for(probes)('%s answers by the last status that it documents', async ([, operation]) => {
    const answer = await walk.send(operation, samples.get(operation.id)!);
    expect(answer.status).toBe(Math.max(...Object.keys(operation.route.responses).map(Number)));
  });
});

test('the examples of faults are what was answered', async () => {
  const wrongMethod = await walk.world.call('DELETE', '/v1/me');
  const all = [wrongMethod, ...faults];
  if (process.env.RECORD_EXAMPLES === '1') return writeFaults(all);
  const { faults: recorded } = readExamples();
  expect(Object.values(recorded).map(({ status, body }) => [status, formOf(body)])).toEqual(
    all.map(({ status, body }) => [status, formOf(body)]),
  );
});
