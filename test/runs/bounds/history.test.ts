import { expect, test } from 'vitest';
import { openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const app = await startTestApp();

type Talk = Awaited<ReturnType<typeof openScriptedThread>>;

/** Adds pairs of a question and an answer of this size before the newest message of the thread. They are turns of a run, which the index of the search does not contain. */
async function seed({ threadId, accountId }: Talk, pairs: number, bytes: number) {
  await app.sql('update messages set number = number + $3 where account_id = $1 and thread_id = $2', [accountId, threadId, 2 * pairs]);
  await app.sql('update threads set last_message_number = last_message_number + $3 where account_id = $1 and id = $2', [
    accountId,
    threadId,
    2 * pairs,
  ]);
  await app.sql(
    `insert into messages (account_id, thread_id, thread_owner_id, number, id, role, content, content_json)
     select t.account_id, t.id, (select thread_owner_id from messages where thread_id = t.id limit 1), n, gen_random_uuid(), 'tool',
       n || ' ' || repeat(md5(n::text) || ' ', $4::integer / 33), jsonb_build_object('kind', case when n % 2 = 1 then 'user' else 'assistant' end)
     from threads t, generate_series(1, $3::integer) n where t.account_id = $1 and t.id = $2`,
    [accountId, threadId, 2 * pairs, bytes],
  );
}

const sizeOf = (talk: Talk, call: number) => Buffer.byteLength(JSON.stringify(promptOf(talk, call)));

test('of a thread of 200 MB, a run reads what the window of its model can hold', async () => {
  // The first call to the provider is the answer.
  await setPlatformSettings(app, { 'context.compact.enabled': 'false' });
  const script = [chat.answer('First.'), chat.answer('Second.')];
  const talk = await openScriptedThread(app, { script });
  await talk.run();
  await talk.say('What did I ask?');
  await seed(talk, 3_200, 32_000);
  const before = process.memoryUsage.rss();
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - before);
  }, 5);
  const began = performance.now();
  const running = talk.run();
  await expect.poll(() => talk.vendor.requests.length, { interval: 5 }).toBe(2);
  const ms = performance.now() - began;
  clearInterval(timer);
  await running;
  const prompt = promptOf(talk, 1);
  const ends = [...prompt.slice(0, 2), prompt.at(-1)!].map(({ role, content }) => [role, String(content).slice(0, 15)]);
  expect(ends).toEqual([
    ['system', expect.anything()],
    ['user', expect.stringMatching(/^\d+ /)],
    ['user', 'What did I ask?'],
  ]);
  expect(sizeOf(talk, 1)).toBeGreaterThan(300_000);
  expect(sizeOf(talk, 1)).toBeLessThan(1_200_000);
  // Undisturbed: 0.3 s and 40 MB.
  expect(ms).toBeLessThan(1_500);
  expect(most / 2 ** 20).toBeLessThan(100);
});

test('many small messages are all read, in order', async () => {
  const talk = await openScriptedThread(app, { script: [chat.answer('First.'), chat.answer('Second.')] });
  await seed(talk, 2_000, 100);
  await talk.run();
  const contents = promptOf(talk, 0).map(({ content }) => String(content));
  // All 4,000, and the prompt of the persona and the question.
  expect(contents).toHaveLength(4_002);
  const numbers = contents.slice(1, -1).map((content) => Number(content.split(' ')[0]));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});
