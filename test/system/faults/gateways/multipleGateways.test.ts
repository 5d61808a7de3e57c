import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type ServerProcess, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { callTo, startTestApp } from '../../../support/app/testApp.ts';
import { behindGatewayEnv } from '../../../support/gateway/testGateway.ts';
import { eventually } from '../../../support/resources/conversation.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const limited = { ARKLOOP_RATELIMIT_CAPACITY: '50', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01' };
const start = () =>
  startProcess('gateway', {
    ...testKeysEnv,
    ...limited,
    ARKLOOP_DATABASE_URL: app.databaseUrl,
    ARKLOOP_GATEWAY_UPSTREAM: app.url,
  });
const ask = ({ url }: ServerProcess, token?: string) => callTo(url)('GET', '/v1/me', { token });
const limitOf = async (gateway: ServerProcess) => Number((await ask(gateway)).headers.get('x-ratelimit-limit'));

/** Sends `total` requests of a new user to the gateways in turn, and returns how many pass. */
async function passed(gateways: ServerProcess[], total: number) {
  const { token } = await app.signUp();
  const answers = await Promise.all(Array.from({ length: total }, (_, n) => ask(gateways[n % gateways.length]!, token)));
  expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
  return answers.filter(({ status }) => status === 200).length;
}
/** Returns the milliseconds until a gateway has the whole limit. */
async function msUntilWhole(gateway: ServerProcess) {
  const began = performance.now();
  await eventually(async () => (await limitOf(gateway)) === 50, 'the whole limit');
  return performance.now() - began;
}

/** Starts two gateways that see only each other. Gateways of an earlier test may count for a few seconds more. */
async function startTwo(): Promise<[ServerProcess, ServerProcess]> {
  const both: [ServerProcess, ServerProcess] = [await start(), await start()];
  const limits = () => Promise.all(both.map(limitOf));
  await eventually(async () => (await limits()).every((limit) => limit === 25), 'the share of one of two');
  return both;
}

test('gateways without Redis divide the rate limit, and the share of a stopped gateway goes to the others', async () => {
  const [one, two] = await startTwo();
  expect(await passed([one, two], 100)).toBe(50);
  two.kill('SIGKILL');
  await two.exited;
  expect(await msUntilWhole(one)).toTakeLessThan(7_000);
  expect(await passed([one], 100)).toBe(50);
  const three = await start();
  expect(await passed([one, three], 100)).toBe(50);
  three.kill('SIGTERM');
  await three.exited;
  expect(await msUntilWhole(one)).toTakeLessThan(1_000);
});

test('a frozen gateway loses its share and regains it when it resumes', async () => {
  const [one, two] = await startTwo();
  two.kill('SIGSTOP');
  expect(await msUntilWhole(one)).toTakeLessThan(7_000);
  two.kill('SIGCONT');
  await eventually(async () => (await limitOf(one)) === 25, 'the gateway that goes on');
  expect(await passed([one, two], 100)).toBe(50);
});

test('gateways keep their shares during a database outage', async () => {
  const [one, two] = await startTwo();
  await app.sql('alter table gateways rename to gateways_away');
  await sleep(5_000);
  await app.sql('alter table gateways_away rename to gateways');
  for (let n = 0; n < 30; n++) {
    expect([await limitOf(one), await limitOf(two)]).toEqual([25, 25]);
    await sleep(50);
  }
});

test('a gateway without database and Redis warns once that it does not share its rate limits', async () => {
  const alone = await startProcess('gateway', { ...testKeysEnv, ...limited, ARKLOOP_GATEWAY_UPSTREAM: app.url });
  const warnings = () => alone.output().match(/the rate limits of this gateway are its own/g) ?? [];
  await eventually(async () => warnings().length > 0, 'the warning');
  expect([await limitOf(alone), warnings().length]).toEqual([50, 1]);
});
