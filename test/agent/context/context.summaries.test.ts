import { expect, test } from 'vitest';
import { readSummary, saveSummary } from '../../../server/agent/context/summaries.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { call, sql, database, signUp } = app;

/** A thread of five messages with an active run. Even-numbered messages are answers. */
async function talk(person: Person) {
  const threadId = await openThread(app, person, 'm1');
  await sql(
    `insert into messages (account_id, thread_id, number, id, role, content, run_id)
     select $1, $2, n, gen_random_uuid(), case when n % 2 = 1 then 'user' else 'assistant' end, 'm' || n, case when n % 2 = 0 then gen_random_uuid() end
     from generate_series(2, 5) n`,
    [person.accountId, threadId],
  );
  await sql('update threads set last_message_number = 5 where account_id = $1 and id = $2', [person.accountId, threadId]);
  const runId = await startRun(app, person, threadId);
  const run = { account_id: person.accountId, thread_id: threadId, id: runId };
  const read = (tail = 5) => readSummary(database, person.accountId, threadId, tail);
  const end = async () => expect((await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).status).toBe(200);
  const idOf = async (number: number) =>
    (await sql('select id from messages where thread_id = $1 and number = $2', [threadId, number]))[0].id as string;
  const edit = async (number: number, content: string) => {
    const path = `/v1/threads/${threadId}/messages/${await idOf(number)}`;
    expect((await call('PATCH', path, { token: person.token, body: { content } })).status).toBe(201);
  };
  return { threadId, run, read, end, edit };
}

test('returns the newest summary before the tail, and saving the same range again replaces it', async () => {
  const { run, read } = await talk(await signUp());
  expect(await read()).toBeUndefined();
  await saveSummary(database, run, { up_to_number: 2, summary: 'two' });
  await saveSummary(database, run, { up_to_number: 4, summary: 'four \0 \ud800' });
  await saveSummary(database, run, { up_to_number: 4, summary: 'vier 🐟' });
  expect(await read()).toEqual({ up_to_number: 4, summary: 'vier 🐟' });
  expect(await read(4)).toEqual({ up_to_number: 2, summary: 'two' });
  expect(await read(2)).toBeUndefined();
});

test('an edit invalidates the summaries that cover the message and keeps the older ones', async () => {
  const { run, read, end, edit } = await talk(await signUp());
  await saveSummary(database, run, { up_to_number: 2, summary: 'two' });
  await saveSummary(database, run, { up_to_number: 3, summary: 'three' });
  await saveSummary(database, run, { up_to_number: 4, summary: 'four' });
  await end();
  await edit(3, 'm3, but different');
  expect(await read()).toEqual({ up_to_number: 2, summary: 'two' });
});

test('an edit with the same text still invalidates the later summaries', async () => {
  const { run, read, end, edit } = await talk(await signUp());
  await saveSummary(database, run, { up_to_number: 4, summary: 'four' });
  await end();
  await edit(3, 'm3');
  expect(await read()).toBeUndefined();
});

test('a retry invalidates the summary of the answer that it hides', async () => {
  const person = await signUp();
  const { threadId, run, read, end } = await talk(person);
  await saveSummary(database, run, { up_to_number: 4, summary: 'four' });
  await end();
  await sql('update messages set visible = false where thread_id = $1 and number = 5', [threadId]);
  expect(await read()).toBeDefined();
  expect((await call('POST', `/v1/threads/${threadId}:retry`, { token: person.token })).status).toBe(201);
  expect(await read()).toBeUndefined();
});

test('a finished run, or a run of another account or thread, cannot save a summary', async () => {
  const [person, other] = [await signUp(), await signUp()];
  const [mine, theirs] = [await talk(person), await talk(other)];
  await saveSummary(database, { ...mine.run, account_id: other.accountId }, { up_to_number: 4, summary: 'x' });
  await saveSummary(database, { ...mine.run, thread_id: theirs.threadId }, { up_to_number: 4, summary: 'x' });
  await saveSummary(database, mine.run, { up_to_number: 4, summary: 'mine' });
  expect(await readSummary(database, other.accountId, mine.threadId, 5)).toBeUndefined();
  expect(await theirs.read()).toBeUndefined();
  await mine.end();
  await saveSummary(database, mine.run, { up_to_number: 2, summary: 'late' });
  expect(await mine.read(3)).toBeUndefined();
  expect(await mine.read()).toEqual({ up_to_number: 4, summary: 'mine' });
});

test('deleting a thread deletes its summaries', async () => {
  const { threadId, run, end } = await talk(await signUp());
  await saveSummary(database, run, { up_to_number: 4, summary: 'four' });
  await end();
  await sql('delete from threads where id = $1', [threadId]);
  expect(await sql('select * from thread_summaries where thread_id = $1', [threadId])).toEqual([]);
});
