import { expect, test } from 'vitest';
import { createClient, RunEndedError } from '../../client/index.ts';
import { completes, eventsResponse, fails, says, scriptRun } from '../../client/testing/index.ts';

const runId = '0198c0de-0000-7000-8000-000000000000';

function clientOf(steps: Parameters<typeof scriptRun>[0]) {
  const events = scriptRun(steps);
  const opened: string[] = [];
  const client = createClient({
    baseUrl: 'http://localhost',
    fetch: async (input, init) => {
      opened.push(new URL(input).search);
      return eventsResponse(events, new Request(input, init));
    },
  });
  return { client, opened };
}

test('finalText follows a run to its end and resolves to the answer', async () => {
  const { client } = clientOf([says('It is raining.'), completes()]);
  expect(await client.runs.stream(runId).finalText()).toBe('It is raining.');
});

test('after a loop to the end finalText needs no request, and after a loop that was left it continues', async () => {
  const { client, opened } = clientOf([says('It is raining.'), completes()]);
  const run = client.runs.stream(runId);
  for await (const _ of run);
  expect(await run.finalText()).toBe('It is raining.');
  expect(opened).toHaveLength(1);
  const left = client.runs.stream(runId);
  for await (const { seq } of left) if (seq === 3) break;
  expect(await left.finalText()).toBe('It is raining.');
  expect(opened.slice(1)).toEqual(['', '?after_seq=3&follow=true']);
});

test('finalText of a failed run rejects with its state, and finalView resolves', async () => {
  const { client } = clientOf([says('It is'), fails('Out of luck.')]);
  const run = client.runs.stream(runId);
  const error = await run.finalText().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(RunEndedError);
  expect(error).toMatchObject({ message: expect.stringContaining(runId), view: { status: 'failed', text: 'It is' } });
  expect(await run.finalView()).toMatchObject({ status: 'failed', ended: true });
});
