import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../setup/conversation.ts';
import { type Running, sameKeys, startProcess } from '../setup/process.ts';
import { callTo, startWorld } from '../setup/world.ts';
import { behindGateway } from './world.ts';

const world = await startWorld(behindGateway, { worker: false });
const limited = { ARKLOOP_RATELIMIT_CAPACITY: '50', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01' };
const start = () =>
  startProcess('gateway', {
    ...sameKeys,
    ...limited,
    ARKLOOP_DATABASE_URL: world.databaseUrl,
    ARKLOOP_GATEWAY_UPSTREAM: world.url,
  });
const ask = ({ url }: Running, token?: string) => callTo(url)('GET', '/v1/me', { token });
const limitOf = async (gateway: Running) => Number((await ask(gateway)).headers.get('x-ratelimit-limit'));

/** How many of `total` calls by a new user pass, sent to the gateways in turn. */
async function passed(gateways: Running[], total: number) {
  const { token } = await world.signUp();
  const answers = await Promise.all(Array.from({ length: total }, (_, n) => ask(gateways[n % gateways.length]!, token)));
  expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
  return answers.filter(({ status }) => status === 200).length;
}
/** Resolves with the seconds until a gateway has the whole limit. */
async function secondsUntilWhole(gateway: Running) {
  const began = performance.now();
  await eventually(async () => (await limitOf(gateway)) === 50, 'the whole limit', 15_000);
  return (performance.now() - began) / 1_000;
}

/** Two that know each other and no others; those of an earlier test may count for a few seconds more. */
async function startTwo(): Promise<[Running, Running]> {
  const both: [Running, Running] = [await start(), await start()];
  const limits = () => Promise.all(both.map(limitOf));
  await eventually(async () => (await limits()).every((limit) => limit === 25), 'the share of one of two', 8_000);
  return both;
}

test('gateways without Redis let through together what one would, and the share of one that ends goes to the others', async () => {
  const [one, two] = await startTwo();
  expect(await passed([one, two], 100)).toBe(50);
  two.kill('SIGKILL');
  await two.exited;
  expect(await secondsUntilWhole(one)).toBeLessThan(7);
  expect(await passed([one], 100)).toBe(50);
  const three = await start();
  expect(await passed([one, three], 100)).toBe(50);
  three.kill('SIGTERM');
  await three.exited;
  expect(await secondsUntilWhole(one)).toBeLessThan(1);
}, 60_000);

test('a gateway that is frozen loses its share, and has it again when it goes on', async () => {
  const [one, two] = await startTwo();
  two.kill('SIGSTOP');
  expect(await secondsUntilWhole(one)).toBeLessThan(7);
  two.kill('SIGCONT');
  await eventually(async () => (await limitOf(one)) === 25, 'the gateway that goes on', 3_000);
  expect(await passed([one, two], 100)).toBe(50);
}, 60_000);

test('a database that is away for a while does not make gateways forget each other', async () => {
  const [one, two] = await startTwo();
  await world.sql('alter table gateways rename to gateways_away');
  await sleep(5_000);
  await world.sql('alter table gateways_away rename to gateways');
  for (let n = 0; n < 30; n++) {
    expect([await limitOf(one), await limitOf(two)]).toEqual([25, 25]);
    await sleep(50);
  }
}, 60_000);

test('a gateway without database and Redis says once that its limits are its own', async () => {
  const alone = await startProcess('gateway', { ...sameKeys, ...limited, ARKLOOP_GATEWAY_UPSTREAM: world.url });
  const warnings = () => alone.output().match(/the rate limits of this gateway are its own/g) ?? [];
  await eventually(async () => warnings().length > 0, 'the warning');
  expect([await limitOf(alone), warnings().length]).toEqual([50, 1]);
});
