import { expect, test } from 'vitest';
import { chat } from '../support/agent/vendor.ts';
import { addVendorModel } from '../support/agent/vendorModel.ts';
import { expectWithin } from '../support/app/expectWithin.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants, usageOf } from '../support/checks/invariants.ts';
import { openStream, readAll, types } from '../support/http/events.ts';
import { stagedText } from '../support/http/forms.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05' });
const { url, call } = app;
const untitled = (person: Person, content: string) => openThread(app, person, content, null);
const thread = async (id: string, { token }: Person) => (await call('GET', `/v1/threads/${id}`, { token })).body;
const rename = (id: string, { token }: Person, title: string | null) => call('PATCH', `/v1/threads/${id}`, { token, body: { title } });

test('the first run sets the title of the thread, emits an event, and changes no other field', async () => {
  const bob = await app.signUp();
  const threadId = await untitled(bob, '“What is a lemma?”\nTell me.');
  const runId = await startRun(app, bob, threadId);
  const before = await thread(threadId, bob);
  await readAll(url, runId, bob.token);
  const events = await expectRunInvariants(app, runId, bob.token);
  const titled = events.filter((event) => event.type === 'thread.title.updated');
  expect(titled.map(({ data }) => data)).toMatchObject([{ thread_id: threadId, title: 'What is a lemma?' }]);
  expect(await thread(threadId, bob)).toEqual({ ...before, title: 'What is a lemma?', active_run_id: null });
  const second = await startRun(app, bob, threadId);
  await readAll(url, second, bob.token);
  expect(types(await expectRunInvariants(app, second, bob.token))).not.toContain('thread.title.updated');
});

test('a title set by the user is kept, whether set before, during or after the run', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const answer = { steps: [chat.text('A model’s title'), chat.stop(), chat.done] };
  const until = (gate: Promise<unknown>) => ({ steps: [chat.text('A model’s title'), { wait: gate }, chat.stop(), chat.done] });
  const before = await untitled(bob, 'Hello!');
  await rename(before, bob, 'Mine');
  vendor.respondWith(answer);
  const first = await startRun(app, bob, before);
  await readAll(url, first, bob.token);
  expect(types(await expectRunInvariants(app, first, bob.token))).not.toContain('thread.title.updated');
  expect((await thread(before, bob)).title).toBe('Mine');
  expect(vendor.requests).toHaveLength(1);

  const during = await untitled(bob, 'Hello!');
  const isRenamed = Promise.withResolvers<void>();
  vendor.respondWith(until(isRenamed.promise), until(isRenamed.promise));
  const second = await startRun(app, bob, during);
  const reader = await openStream(url, second, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  await rename(during, bob, 'Mine too');
  isRenamed.resolve();
  await reader.ended;
  await expect.poll(() => vendor.requests.filter(({ closed }) => closed).length).toBe(3);
  expect(types(await expectRunInvariants(app, second, bob.token))).not.toContain('thread.title.updated');
  expect((await thread(during, bob)).title).toBe('Mine too');

  const after = await untitled(bob, 'Hello!');
  vendor.respondWith(answer, answer);
  const third = await startRun(app, bob, after);
  await readAll(url, third, bob.token);
  await expect.poll(async () => (await thread(after, bob)).title).toBe('A model’s title');
  await rename(after, bob, 'Mine at last');
  await expect.poll(() => vendor.requests.filter(({ closed }) => closed).length).toBe(5);
  expect((await thread(after, bob)).title).toBe('Mine at last');
  await expectRunInvariants(app, third, bob.token);
  await vendor.close();
});

test('a title that is being stored when the answer ends is reported before the end of the run', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const threadId = await untitled(bob, 'A plain question');
  const isLocked = Promise.withResolvers<void>();
  const answer = (text: string) => ({ steps: [{ wait: isLocked.promise }, chat.text(text), chat.stop(), chat.done] });
  vendor.respondWith(answer('Some words'), answer('Some words'));
  const runId = await startRun(app, bob, threadId);
  await expect.poll(() => vendor.requests.length).toBe(2);
  const holder = await app.database.pool.connect();
  try {
    await holder.query('begin');
    await holder.query('select from threads where id = $1 for no key update', [threadId]);
    isLocked.resolve();
    const waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await expect.poll(async () => (await app.sql(waiting)).length).toBe(1);
    await expect.poll(() => vendor.requests.filter(({ closed }) => closed).length).toBe(2);
  } finally {
    await holder.query('rollback');
    holder.release();
  }
  await readAll(url, runId, bob.token);
  const events = await expectRunInvariants(app, runId, bob.token);
  const titled = events.filter((event) => event.type === 'thread.title.updated');
  expect(titled.map(({ data }) => data)).toMatchObject([{ thread_id: threadId, title: 'Some words' }]);
  await vendor.close();
});

test('a thread whose title the user removed gets a generated title', async () => {
  const bob = await app.signUp();
  const threadId = await untitled(bob, 'A plain question');
  await rename(threadId, bob, 'Mine');
  await rename(threadId, bob, null);
  await readAll(url, await startRun(app, bob, threadId), bob.token);
  expect((await thread(threadId, bob)).title).toBe('A plain question');
});

test('the first words of the first message are the title at once, and a run that cannot generate a better one leaves it to the next', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith(chat.answer('“ ”'), chat.answer('“ ”'));
  const threadId = await untitled(bob, '## **How** do [tides](https://tides.example) work, and _why_ are there two of them each day?');
  expect((await thread(threadId, bob)).title).toBe('How do tides work, and why are there two of them');
  const before = await thread(threadId, bob);
  const runId = await startRun(app, bob, threadId);
  await readAll(url, runId, bob.token);
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(events.at(-1)?.type).toBe('run.completed');
  expect(types(events)).not.toContain('thread.title.updated');
  await expect.poll(() => vendor.requests.filter(({ closed }) => closed).length).toBe(2);
  expect((await thread(threadId, bob)).title).toBe(before.title);
  expect(await usageOf(app, runId)).toMatchObject([{ input_tokens: 11, output_tokens: 7 }]);

  vendor.respondWith(chat.answer('**Title:** "Two tides a day."'), chat.answer('**Title:** "Two tides a day."'));
  await readAll(url, await startRun(app, bob, threadId), bob.token);
  await expect.poll(async () => (await thread(threadId, bob)).title).toBe('Two tides a day');
  await expect.poll(() => vendor.requests.filter(({ closed }) => closed).length).toBe(4);
  await readAll(url, await startRun(app, bob, threadId), bob.token);
  expect(vendor.requests).toHaveLength(5);
  await vendor.close();
});

test('a message without words names its thread too, and a copy of a thread without a final title gets one', async () => {
  const bob = await app.signUp();
  const key = await stagedText(app, bob, 'tide at noon');
  const file = { type: 'file', attachment: { key, filename: 'notes.txt', mime_type: 'text/plain', size: 1 } };
  const { body: created } = await call('POST', '/v1/threads', { token: bob.token, body: {} });
  await call('POST', `/v1/threads/${created.id}/messages`, { token: bob.token, body: { content_json: { parts: [file] } } });
  expect((await thread(created.id, bob)).title).toBe('notes.txt');
  expect((await thread(await untitled(bob, ' !!!'), bob)).title).toBe('!!!');

  const original = await untitled(bob, 'A plain question.');
  const { body: messages } = await call('GET', `/v1/threads/${original}/messages`, { token: bob.token });
  const { body: copy } = await call('POST', `/v1/threads/${original}:fork`, { token: bob.token, body: { message_id: messages[0].id } });
  expect(copy.title).toBe('A plain question');
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith(chat.answer('Plainness'), chat.answer('Plainness'));
  await readAll(url, await startRun(app, bob, copy.id), bob.token);
  await expect.poll(async () => (await thread(copy.id, bob)).title).toBe('Plainness');
  expect((await thread(original, bob)).title).toBe('A plain question');
  await vendor.close();
});

test('a title is generated from the text of the user and the beginning of the attachments', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith(chat.answer('Yes.'), chat.answer('Yes.'));
  const { body: created } = await call('POST', '/v1/threads', { token: bob.token, body: {} });
  const key = await stagedText(app, bob, `begin ${'x'.repeat(5_000)}`);
  const attachment = { key, filename: 'notes.txt', mime_type: 'text/plain', size: 1 };
  const extracted_text = `begin ${'x'.repeat(5_000)} end`;
  const parts = [
    { type: 'file', attachment, extracted_text },
    { type: 'text', text: 'What do my notes say?' },
  ];
  await call('POST', `/v1/threads/${created.id}/messages`, { token: bob.token, body: { content_json: { parts } } });
  await readAll(url, await startRun(app, bob, created.id), bob.token);
  await expect.poll(() => vendor.requests.length).toBe(2);
  const asked = vendor.requests.map(({ body }) => JSON.stringify(body)).find((body) => body.includes('Write a title'))!;
  expect(asked).toMatch(/What do my notes say\?.*\[file: notes.txt\].*begin x/);
  expect(asked).not.toContain('x end');
  expect(asked.match(/x{100,}/)![0].length).toBeLessThan(1_200);
  await vendor.close();
});

test('the title is the first line, and the rest of the response is not awaited', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const gate = Promise.withResolvers<void>();
  const long = { steps: [chat.text('A title'), chat.text('\nand a poem'), { wait: gate.promise }, chat.stop(), chat.done] };
  vendor.respondWith(long, long);
  const threadId = await untitled(bob, 'Hello!');
  const runId = await startRun(app, bob, threadId);
  await expectWithin(10_000, async () => (await thread(threadId, bob)).title, 'A title');
  await expectWithin(10_000, () => vendor.requests.filter(({ closed }) => closed).length, 1);
  gate.resolve();
  await readAll(url, runId, bob.token);
  expect(types(await expectRunInvariants(app, runId, bob.token)).slice(-2)).toEqual(['llm.turn.completed', 'run.completed']);
  await vendor.close();
});
