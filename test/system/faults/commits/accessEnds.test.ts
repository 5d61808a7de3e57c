import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type AccessEnd, accessEnds } from '../../../support/access/accessEnds.ts';
import { onFileFinished } from '../../../support/app/fileCleanup.ts';
import { startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { callTo, startTestApp } from '../../../support/app/testApp.ts';
import { faults, startCuttableDatabase } from '../../../support/cluster/cuttableDatabase.ts';
import { operations } from '../../../support/http/operations.ts';
import { useDatabaseClock } from '../../../support/world/sameClock.ts';

/* Access that ends, ends in all API processes within a second, whatever becomes of the connection to PostgreSQL that has ended it. */

useDatabaseClock();
const app = await startTestApp({}, { worker: false });
const admin = await app.signUpAdmin();
const proxy = await startCuttableDatabase(app.databaseUrl, onFileFinished);
const broken = await startProcess('api', { ...testKeysEnv, ARKLOOP_DATABASE_URL: proxy.url }, onFileFinished);
const [here, there] = [callTo(broken.url), app.call];
const ends = accessEnds(app, admin);

/** The operations about accounts, users and credentials that end no access. */
const others = [
  ...[
    'accounts.create',
    'apiKeys.create',
    'serviceKeys.create',
    'credits.adjust',
    'memories.deleteAll',
    'me.update',
    'bootstrap.setup',
    'ipRules.delete',
  ],
  ...['auth.sendFlowCode', 'auth.verifyFlowCode', 'auth.register', 'auth.login', 'auth.refresh', 'auth.sendVerification', 'auth.sendCode'],
  ...['auth.verifyCode', 'auth.verifySecondFactor', 'providerSignIn.complete', 'identities.start', 'passkeys.signIn', 'passkeys.register'],
  ...['passkeys.registrationOptions', 'passkeys.rename', 'passkeys.confirm', 'secondFactor.setUp', 'secondFactor.confirm'],
  'secondFactor.replaceRecoveryCodes',
  // Ends access only together with the first proof of an address, by the statements of the operations above.
  'auth.confirmEmail',
];
const targets = ['account', 'user', 'api_key', 'service_key', 'session', 'passkey', 'ip_rule'];

test('every operation of the contract about accounts, users and credentials is known to end access or not to', () => {
  const about = operations.filter(({ route: { method, metadata } }) => method !== 'GET' && targets.includes(metadata.audit?.[1] ?? ''));
  expect(about.map(({ id }) => id).sort()).toEqual([...Object.keys(ends), ...others].sort());
});

const cases = Object.entries(ends).flatMap(([operation, ways]) =>
  Object.entries(ways).map(([way, prepare]) => ({ operation, way, prepare })),
);

/** Resolves with how long the access lasts in both processes, in milliseconds, or with undefined if it does not end within `maxMs`. */
async function endOfAccess({ hasAccess }: AccessEnd, maxMs = 2_000): Promise<number | undefined> {
  const began = performance.now();
  const hasEnded = async () => (await Promise.all([here, there].map(hasAccess))).every((has) => !has);
  for (; performance.now() - began < maxMs; await sleep(20)) if (await hasEnded()) return performance.now() - began;
  return undefined;
}

/** The access is cached in both processes. */
async function prepared(prepare: () => Promise<AccessEnd>): Promise<AccessEnd> {
  const own = await prepare();
  expect(await Promise.all([here, there].map(own.hasAccess))).toEqual([true, true]);
  return own;
}

describe.each(cases)('$operation $way', ({ prepare }) => {
  test.each(faults.filter((fault) => fault !== 'hanging'))('also if the connection is cut %s the commit', async (fault) => {
    const own = await prepared(prepare);
    const isCut = proxy.breakAt('commit', fault);
    const { status, text } = await own.end(here);
    expect(isCut()).toBe(true);
    expect([200, 201, 204, 503], text).toContain(status);
    const lasted = await endOfAccess(own, status === 503 ? 300 : undefined);
    if (fault === 'before') return expect([status, lasted]).toEqual([503, undefined]);
    if (fault === 'after') expect(status).not.toBe(503);
    // PostgreSQL may notice that the client is gone before it commits.
    if (status === 503) expect(lasted).toBe(undefined);
    else expect(lasted).toTakeLessThan(1_000);
  });
});

test('while a flush hangs, all of them are answered with success in about two seconds, and access ends before', async () => {
  const all = await Promise.all(cases.map(({ prepare }) => prepared(prepare)));
  // The first transactions that are open at once open the connection of the flushes.
  const writeAll = () => Promise.all(Array.from({ length: 4 }, () => here('POST', '/v1/threads', { token: admin.token, body: {} })));
  for (const before = proxy.count('flush'); proxy.count('flush') < before + 2;) await writeAll();
  const isHanging = proxy.breakAt('flush', 'hanging');
  const began = performance.now();
  const results = await Promise.all(
    all.map(async (own) => {
      const [{ status, text }, lasted] = await Promise.all([own.end(here), endOfAccess(own, 10_000)]);
      return { text, isDone: [200, 201, 204].includes(status), hasEnded: lasted !== undefined };
    }),
  );
  expect(isHanging()).toBe(true);
  expect(performance.now() - began).toTakeLessThan(5_000);
  expect(results.filter(({ isDone, hasEnded }) => !isDone || !hasEnded)).toEqual([]);
});
