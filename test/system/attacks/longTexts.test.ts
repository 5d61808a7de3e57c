import { expect, test } from 'vitest';
import { classifyRoute } from '../../../server/agent/classifyRoute.ts';
import { safeFileName } from '../../../server/resources/attachments/key.ts';
import { useScriptedProvider } from '../../agent/models/support.ts';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';
import { readAll } from '../../support/http/events.ts';
import { rawSend, request } from '../../support/http/raw.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp(behindGatewayEnv);
const { gateway } = await startTestGateway(app, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' });
const { vendor, openAi } = useScriptedProvider();

/** User CPU time of the whole process in milliseconds while `work` runs. */
async function cpuOf<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const began = process.cpuUsage();
  const result = await work();
  return { ms: process.cpuUsage(began).user / 1_000, result };
}

const long = 120_000;

test('a Connection header with 15 800 spaces costs about as much CPU time as one with 15 800 letters', async () => {
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
  expect(spaces.ms).toTakeLessThan(3 * letters.ms + 300);
});

test('a model that answers a title of 120 000 quotation marks does not block the worker', async () => {
  const bob = await app.signUp();
  const hostile = `x${'"'.repeat(long)}x`;
  const titling = await addVendorModel(app, bob);
  titling.respondWith(chat.answer(hostile), chat.answer(hostile));
  const thread = await openThread(app, bob, 'Hello!', null);
  const { ms } = await cpuOf(async () => readAll(app.url, await startRun(app, bob, thread), bob.token));
  expect(ms).toTakeLessThan(5_000);
  const title = async () => (await app.call('GET', `/v1/threads/${thread}`, { token: bob.token })).body.title;
  await expect.poll(title).toBe('x');
  await titling.close();
});

test('a model that answers the choice of a route with 120 000 underscores does not block the worker', async () => {
  vendor().respondWith(chat.answer(`0${'_'.repeat(long)}0`));
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
  expect(ms).toTakeLessThan(2_000);
});

test('a file name of 120 000 characters is shortened without delay', async () => {
  const { ms, result } = await cpuOf(async () => safeFileName(`${'a'.repeat(long)}/b.txt`));
  expect(result).toBe('b.txt');
  expect(ms).toTakeLessThan(500);
});
