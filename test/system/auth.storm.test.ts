import { expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';

const { call, signUp } = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false, costlyHashes: true });

test('excess concurrent sign-ins get 503, and other requests are served meanwhile', async () => {
  const { login, password, token } = await signUp();
  const time = async () => {
    const start = performance.now();
    expect((await call('GET', '/v1/me', { token })).status).toBe(200);
    return performance.now() - start;
  };
  let over = false;
  const storm = Promise.all(Array.from({ length: 200 }, () => call('POST', '/v1/auth/login', { body: { login, password } }))).finally(
    () => {
      over = true;
    },
  );
  const times = [];
  while (!over) times.push(await time());
  const answers = await storm;
  const refused = answers.filter(({ status }) => status === 503);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
  expect(refused.map(({ body, headers }) => [body.details.reason, headers.get('retry-after')])).toEqual(
    refused.map(() => ['overloaded', '1']),
  );
  // A generous limit, because other tests run in parallel.
  expect(times.sort((a, b) => a - b)[Math.floor(times.length / 2)]).toTakeLessThan(250);
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(64);
});
