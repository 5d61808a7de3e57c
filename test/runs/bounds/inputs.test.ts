import { expect, test } from 'vitest';
import { openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const app = await startTestApp();

/** Sends inputs while the run waits for its model, until one is rejected. Returns how many were accepted, and the prompt of the next call. */
async function fill(content: string) {
  const hold = Promise.withResolvers<void>();
  const script = [{ steps: [chat.text('Wait.'), { wait: hold.promise }, ...callsTools(['unknown']).steps!] }, chat.answer('Done.')];
  const talk = await openScriptedThread(app, { script });
  const runId = await talk.start();
  await expect.poll(() => talk.vendor.requests.length).toBe(1);
  let accepted = 0;
  for (; accepted <= 100; accepted++) {
    const answer = await talk.input(runId, `${accepted} ${content}`, { input_key: `k${accepted}` });
    if (answer.status === 409) {
      expect(answer.body.details.reason).toBe('too_many_inputs');
      break;
    }
    expect(answer.status).toBeLessThan(300);
  }
  // A repeated key is still accepted.
  expect((await talk.input(runId, 'again', { input_key: 'k0' })).status).toBeLessThan(300);
  hold.resolve();
  await talk.follow(runId).then(({ ended }) => ended);
  return { accepted, prompt: promptOf(talk, 1).map((message) => String(message.content)) };
}

test('a run has at most 100 inputs and 1 MiB of them that it has not read, and reads them in order', async () => {
  const { accepted, prompt } = await fill('x');
  expect(accepted).toBe(100);
  expect(prompt.slice(-100)).toEqual(Array.from({ length: 100 }, (_, n) => `${n} x`));
  expect((await fill('x'.repeat(30_000))).accepted).toBe(34);
});
