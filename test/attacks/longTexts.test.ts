import { expect, test } from 'vitest';
import { classifyRoute } from '../../server/agent/executors/classifyRoute.ts';
import { safeName } from '../../server/resources/attachments/key.ts';
import { useVendor } from '../agent/support.ts';
import { behindGateway, gatewayOf } from '../gateway/world.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { readAll } from '../setup/events.ts';
import { addModel } from '../setup/model.ts';
import { rawSend, request } from '../setup/raw.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld(behindGateway);
const { gateway } = await gatewayOf(world, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' });
const { vendor, openAi } = useVendor();

/** The processor time of some work in milliseconds, of this process with everything that runs in it. */
async function cpuOf<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const began = process.cpuUsage();
  const result = await work();
  return { ms: process.cpuUsage(began).user / 1_000, result };
}

const long = 120_000;

test('a Connection header with 15 800 spaces costs what one with 15 800 letters does', async () => {
  const send = (filling: string) =>
    cpuOf(async () => {
      for (let at = 0; at < 20; at++) {
        const { status } = await rawSend(gateway.address, request('GET /v1/me', { connection: `close, a${filling}b` }));
        expect(status).toBe(401);
      }
    });
  await send('-');
  const letters = await send('x'.repeat(15_800));
  const spaces = await send(' '.repeat(15_800));
  expect(spaces.ms).toBeLessThan(3 * letters.ms + 300);
});

test('a model that answers a title of 120 000 quotation marks does not hold up the worker', async () => {
  const bob = await world.signUp();
  const hostile = `x${'"'.repeat(long)}x`;
  const titling = await addModel(world, bob);
  titling.answers(chat.answer(hostile), chat.answer(hostile));
  const thread = await openThread(world, bob, 'Hello!', null);
  const { ms } = await cpuOf(async () => readAll(world.url, await startRun(world, bob, thread), bob.token));
  expect(ms).toBeLessThan(5_000);
  const title = async () => (await world.call('GET', `/v1/threads/${thread}`, { token: bob.token })).body.title;
  await expect.poll(title, { timeout: 5_000 }).toBe('x');
  await titling.close();
});

test('a model that answers the choice of a route with 120 000 underscores does not hold up the worker', async () => {
  vendor().answers(chat.answer(`0${'_'.repeat(long)}0`));
  const executor_config = { routes: { deep: { prompt_override: 'Be deep.' } }, default_route: 'deep' };
  const going = classifyRoute({
    model: openAi('chat_completions'),
    persona: { prompt: 'Choose well.', executor_config },
    messages: [{ role: 'user', content: 'Prove it.' }],
    retry: { maxAttempts: 1, baseDelayMs: 1 },
    signal: new AbortController().signal,
  });
  const { ms, result } = await cpuOf(() => going.next());
  expect(result).toMatchObject({ done: true, value: { route: 'deep' } });
  expect(ms).toBeLessThan(2_000);
});

test('a file name of 120 000 characters is cut without delay', async () => {
  const { ms, result } = await cpuOf(async () => safeName(`${'a'.repeat(long)}/b.txt`));
  expect(result).toBe('b.txt');
  expect(ms).toBeLessThan(500);
});
