import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { startModel } from '../../neighbours/model.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { setBalance } from '../../support/credits/credits.ts';

const seconds = 20;
/** The growth was 131 to 146 MiB in three runs. With answers of 64 MiB instead of 4, it was 229 MiB. */
const maxGrowthMib = 200;
const app = await startTestApp({}, { worker: false });

const residentMib = (pid: number) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) / 1_024;

test('six endless answers at a time do not make an API process grow', async () => {
  const model = await startModel(() => undefined);
  onTestFinished(() => model.close());
  const person = await app.signUp();
  const provider = await addProvider(app, person, { base_url: `${model.url}/v1`, openai_api_mode: 'chat_completions' });
  await addModel(app, person, provider, { model: 'm' });
  await setBalance(app, person, 1_000_000_000);
  const api = await startProcess('api', { ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl });
  const ask = async (content: string) => {
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${person.token}` };
    const response = await fetch(`${api.url}/v1/chat/completions`, { method: 'POST', headers, body, signal: AbortSignal.timeout(240_000) });
    return { status: response.status, body: (await response.json()) as { details?: { reason?: string } } };
  };
  /** Asks six at a time. Returns the number of answers for each status. */
  const flood = async (content: string, duration: number) => {
    const end = performance.now() + duration * 1_000;
    const answers: Record<string, number> = {};
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        while (performance.now() < end) {
          const { status, body } = await ask(content);
          const outcome = [status, body.details?.reason].join(' ').trim();
          answers[outcome] = (answers[outcome] ?? 0) + 1;
        }
      }),
    );
    return answers;
  };
  // What the first requests load stays in memory.
  expect(Object.keys(await flood('Hello', 10))).toEqual(['200']);
  const before = residentMib(api.pid);
  let peak = before;
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentMib(api.pid));
  }, 100);
  onTestFinished(() => clearInterval(sampling));
  const answers = await flood('endless', seconds);
  clearInterval(sampling);
  expect(Object.keys(answers)).toEqual(['400 answer_too_long']);
  expect(peak - before).toBeLessThan(maxGrowthMib);
});
