import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addMcpConfig, scriptedServer } from '../../../support/agent/mcp.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../../support/app/process.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { statusAndReason } from '../../../support/http/responses.ts';
import { eventually } from '../../../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const admin = await app.signUpAdmin();
const { id } = await addMcpConfig(app, admin, scriptedServer('programs', { prompts: true }, { call_timeout_ms: 60_000 }));
const startWorker = () => startProcess('worker', { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl });

/** Asks for a prompt that only the second call of the program answers. `callers`: the workers of the calls so far. */
function askTwice() {
  const file = join(tmpdir(), `arkloop-prompts-${crypto.randomUUID()}`);
  onTestFinished(() => rmSync(file, { force: true }));
  const callers = () => readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean).map(Number);
  const body = { name: 'second', arguments: { file } };
  const answer = app.call('POST', `/v1/mcp-configs/${id}/prompts/get`, { token: admin.token, body });
  const called = eventually(async () => callers().length === 1, 'the first call of the program').then(() => callers()[0]!);
  return { answer, called, callers };
}

test('a request whose worker ends is answered by another one; without another one the response is 503', async () => {
  const alive = new Set(await Promise.all([startWorker(), startWorker(), startWorker()]));
  async function end(pid: number, signal: NodeJS.Signals) {
    const worker = [...alive].find((each) => each.pid === pid)!;
    alive.delete(worker);
    worker.kill(signal);
    await worker.exited;
  }
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const { answer, called, callers } = askTwice();
    const first = await called;
    await end(first, signal);
    const { status, body } = await answer;
    // Only a 503 has the number of attempts.
    expect([signal, status, body.details?.attempts, body.messages?.[0].content.text]).toEqual([signal, 200, undefined, '2']);
    expect(callers()).toEqual([first, expect.toSatisfy((pid) => [...alive].some((worker) => worker.pid === pid))]);
  }
  const { answer, called, callers } = askTwice();
  await end(await called, 'SIGKILL');
  const answered = await answer;
  expect([statusAndReason(answered), answered.body.details.attempts]).toEqual([[503, 'worker_unavailable'], 1]);
  expect(callers()).toHaveLength(1);
  expect(await app.sql('select from mcp_prompt_requests')).toEqual([]);
});
