import { expect, onTestFinished, test } from 'vitest';
import { startModel } from '../../neighbours/model.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, type Person, startTestApp } from '../../support/app/testApp.ts';
import { setBalance } from '../../support/credits/credits.ts';
import { openStream } from '../../support/http/events.ts';

const app = await startTestApp({}, { worker: false });

/** Generous, for a busy machine. The floods last for minutes. */
const [maxDeltaMs, maxCallMs] = [10_000, 2_000];

test('ten floods of deltas delay neither the first delta of another account nor its requests to the same process', async () => {
  const model = await startModel(() => undefined);
  onTestFinished(() => model.close());
  const signUp = async () => {
    const person = await app.signUp();
    const provider = await addProvider(app, person, { base_url: `${model.url}/v1`, openai_api_mode: 'chat_completions' });
    await addModel(app, person, provider, { model: 'flood' });
    await setBalance(app, person, 1_000_000_000);
    return person;
  };
  const [alice, bob] = [await signUp(), await signUp()];
  const server = await startProcess('all', { ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl });
  const call = callTo(server.url);
  async function start({ token }: Person, content: string): Promise<string> {
    const { id } = (await call('POST', '/v1/threads', { token, body: {} })).body;
    const said = await call('POST', `/v1/threads/${id}/messages`, { token, body: { content } });
    const started = await call('POST', `/v1/threads/${id}/runs`, { token, body: {} });
    expect([said, started]).toMatchObject([{ status: 201 }, { status: 201 }]);
    return started.body.run_id;
  }
  const floods = await Promise.all(Array.from({ length: 10 }, () => start(alice, 'deltas 1000000')));
  const left = new AbortController();
  onTestFinished(() => left.abort());
  for (const runId of floods)
    fetch(`${server.url}/v1/runs/${runId}/events`, { headers: { authorization: `Bearer ${alice.token}` }, signal: left.signal })
      .then(async ({ body }) => {
        for await (const _ of body!);
      })
      .catch(() => undefined);
  const flooding = () => app.sql(`select count(*)::int as runs from runs where id = any($1) and next_seq > 5000`, [floods]);
  await expect.poll(async () => (await flooding())[0]?.runs).toBeGreaterThanOrEqual(4);

  for (let n = 0; n < 3; n++) {
    const began = performance.now();
    const reader = await openStream(server.url, await start(bob, 'Hello'), { token: bob.token });
    await reader.until(({ type }) => type === 'message.delta');
    expect(performance.now() - began).toTakeLessThan(maxDeltaMs);
    const asked = performance.now();
    expect((await call('GET', '/v1/me', { token: bob.token })).status).toBe(200);
    expect(performance.now() - asked).toTakeLessThan(maxCallMs);
    reader.close();
  }
  const open = await app.sql(`select count(*)::int as runs from runs where id = any($1) and status = 'running'`, [floods]);
  expect(open).toEqual([{ runs: 10 }]);
});
