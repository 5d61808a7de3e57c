import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { addMcpConfig } from '../../support/agent/mcp.ts';
import { startSdkServer } from '../../support/agent/mcpSdk.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { registerUser, scriptedInstance } from '../../support/app/instance.ts';
import { freePort } from '../../support/app/ports.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, freshDatabase, type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { eventually, openThread } from '../../support/resources/conversation.ts';
import { openBrowser, openPage, sendMessage, setSessionCookie, signIn } from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({ ARKLOOP_WORKER_CONCURRENCY: '4' });
});

/** Opens the chat page of a new user, with scripted model answers. */
async function openChat(script: ScriptedResponse[], persona?: object, person?: Person) {
  const talk = await openScriptedThread(app, {
    person: person ?? (await app.signUp()),
    script,
    message: 'A question',
    ...(persona && { persona }),
  });
  const visitor = await openPage(browser);
  await setSessionCookie(visitor.context, app.url, talk);
  await visitor.page.goto(`${app.url}/chat/${talk.threadId}`);
  await visitor.page.getByRole('article', { name: 'Your message' }).waitFor();
  return { ...talk, ...visitor };
}

const words = Array.from({ length: 40 }, (_, at) => `word${at} `);

test('an answer streams in with its reasoning and tool calls, which remain after completion and a reload', async () => {
  const thinking = ['I ', 'wonder.'].map((reasoning_content) => chat.delta({ reasoning_content }));
  const todos = { todos: [{ id: '1', content: 'Look', status: 'completed' }] };
  const [call] = [callsTools(['todo_write', todos])];
  const seen = Promise.withResolvers<void>();
  const written = [chat.text('# Tides\n\n'), chat.text('The **moon** '), { wait: seen.promise }, chat.text('pulls.')];
  const { page, wrong } = await openChat([{ steps: [...thinking, ...call.steps!] }, { steps: [...written, chat.stop(), chat.done] }]);
  await sendMessage(page, 'And now?');
  const answer = page.getByRole('article', { name: 'Answer' });
  await answer.getByRole('figure', { name: 'To-do list' }).getByText('Look').waitFor();
  await answer.getByRole('button', { name: /^Thought/ }).click();
  await answer.getByText('I wonder.').waitFor();
  await answer.getByText('moon').waitFor();
  expect(await answer.getAttribute('aria-busy')).toBe('true');
  seen.resolve();
  await answer.getByRole('button', { name: 'Answer again' }).waitFor();
  expect(await answer.getByRole('heading', { name: 'Tides' }).count()).toBe(1);
  expect(await answer.locator('strong').textContent()).toBe('moon');
  await answer.getByText('I wonder.').waitFor();
  await page.getByRole('button', { name: 'Show the events of the last run' }).click();
  const inspector = page.getByRole('complementary', { name: 'Run', exact: true });
  await inspector.getByRole('treeitem', { name: /^todo_write ?, Tool call, Done/ }).click();
  await inspector.getByRole('tab', { name: 'Events' }).click();
  await inspector.getByText('tool.call', { exact: true }).click();
  await inspector.getByText('"tool_name": "todo_write"').first().waitFor();
  await page.keyboard.press('Escape');
  await page.reload();
  await answer.getByRole('figure', { name: 'To-do list' }).getByText('Look').waitFor();
  await answer.getByRole('button', { name: /^Thought/ }).waitFor();
  expect(wrong).toEqual([]);
});

test('a page reloaded during an answer continues it', async () => {
  const seen = Promise.withResolvers<void>();
  const steps = [...words.slice(0, 20).map(chat.text), { wait: seen.promise }, ...words.slice(20).map(chat.text)];
  const { page, start, wrong } = await openChat([{ steps: [...steps, chat.stop(), chat.done] }]);
  await start();
  await page.reload();
  const answer = page.getByRole('article', { name: 'Answer' });
  await answer.getByText('word3 ').waitFor();
  await page.reload();
  await answer.getByText('word3 ').waitFor();
  expect(await answer.getAttribute('aria-busy')).toBe('true');
  seen.resolve();
  await answer.getByRole('button', { name: 'Answer again' }).waitFor();
  expect(await answer.locator('.markdown').textContent()).toBe(words.join('').trim());
  expect(wrong).toEqual([]);
});

test('a stopped answer keeps its text and can be continued', async () => {
  const { page, threadId } = await openChat([{ steps: [chat.text('So far '), 'stall'] }, chat.answer('and to the end.')]);
  await sendMessage(page, 'Go');
  const answer = page.getByRole('article', { name: 'Answer' });
  await answer.getByText('So far').waitFor();
  await page.keyboard.press('Control+.');
  await answer.getByText('You stopped this answer.').waitFor();
  expect(await answer.locator('.markdown').textContent()).toBe('So far');
  expect(await app.sql('select status from runs where thread_id = $1', [threadId])).toEqual([{ status: 'cancelled' }]);
  await page.reload();
  await answer.getByText('So far').waitFor();
  await answer.getByRole('button', { name: 'Continue' }).click();
  await answer.getByText('So far and to the end.').waitFor();
  expect(await answer.count()).toBe(1);
  await page.reload();
  await answer.getByText('So far and to the end.').waitFor();
  expect(await answer.count()).toBe(1);
});

test('only an answer that has begun can be continued, and a rejected key leads to the settings of its provider', async () => {
  const rejected = chat.failure(401, { message: 'Incorrect API key provided', type: 'invalid_request_error' });
  const { page, vendor } = await openChat([{ steps: ['stall'] }, rejected]);
  await sendMessage(page, 'Go');
  await eventually(async () => vendor.requests.length > 0, 'the request');
  // The page may not know of the run yet.
  await page.getByRole('button', { name: 'Stop the answer' }).waitFor();
  await page.keyboard.press('Control+.');
  await page.getByText('You stopped this answer.').waitFor();
  expect(await page.getByRole('button', { name: 'Continue' }).count()).toBe(0);
  await sendMessage(page, 'Once more');
  const alert = page.getByRole('alert');
  await alert.getByText('Incorrect API key provided').waitFor();
  await alert.getByRole('button', { name: 'Try again' }).waitFor();
  expect(await page.getByRole('button', { name: 'Continue' }).count()).toBe(0);
  await alert.getByRole('link', { name: /^Check the API key of/ }).click();
  await page.getByRole('dialog', { name: /^Edit/ }).getByLabel('API key').waitFor();
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/settings/models');
});

test('regenerating an answer or editing a message removes everything after it', async () => {
  const { page, vendor, wrong } = await openChat(['One', 'Two', 'Three'].map((text) => chat.answer(`${text}.`)));
  const answers = page.getByRole('article', { name: 'Answer' });
  await sendMessage(page, 'First');
  await answers.getByText('One.').waitFor();
  await answers.getByRole('button', { name: 'Answer again' }).click();
  await answers.getByText('Two.').waitFor();
  expect(await answers.count()).toBe(1);
  await page.getByRole('article', { name: 'Your message' }).last().hover();
  await page.getByRole('button', { name: 'Edit the message' }).last().click();
  await page.getByRole('textbox', { name: 'Your message' }).fill('Changed');
  await page.getByRole('button', { name: 'Send again' }).click();
  await answers.getByText('Three.').waitFor();
  expect(await answers.count()).toBe(1);
  await page.getByText('Changed').waitFor();
  expect(JSON.stringify(vendor.requests.at(-1)!.body.messages)).not.toMatch(/First|One|Two/);
  expect(wrong).toEqual([]);
});

test('the user answers a question of the agent in a form', async () => {
  const fields = [
    { key: 'colour', type: 'string', title: 'Colour', enum: ['red', 'green'], enumNames: ['Red', 'Green'], required: true },
    { key: 'count', type: 'integer', title: 'How many', minimum: 1, required: true },
    {
      key: 'extras',
      type: 'array',
      title: 'Extras',
      oneOf: [
        { const: 'bell', title: 'A bell' },
        { const: 'lamp', title: 'A lamp' },
      ],
    },
    { key: 'gift', type: 'boolean', title: 'It is a gift' },
  ];
  const script = [callsTools(['ask_user', { message: 'Which bicycle?', fields }]), chat.answer('A green one, then.')];
  const { page, vendor, wrong } = await openChat(script);
  await sendMessage(page, 'I want a bicycle');
  const question = page.getByRole('region', { name: 'Question from the agent' });
  await question.getByText('Which bicycle?').waitFor();
  await question.getByRole('combobox', { name: 'Colour' }).click();
  await page.getByRole('option', { name: 'Green' }).click();
  await question.getByLabel('How many').fill('2');
  await question.getByLabel('A lamp').check();
  await question.getByLabel('It is a gift').check();
  await question.getByRole('button', { name: 'Answer' }).click();
  await page.getByText('A green one, then.').waitFor();
  expect(await question.count()).toBe(0);
  expect(JSON.parse(promptOf({ vendor }, vendor.requests.length - 1).at(-1)!.content)).toEqual({
    user_response: { colour: 'green', count: 2, extras: ['lamp'], gift: true },
  });
  expect(wrong).toEqual([]);
});

test('a tool shows its progress, and a question of its server is answered in a form that names the server, or declined', async () => {
  const person = await app.signUp();
  const asks = Promise.withResolvers<void>();
  const { url } = await startSdkServer((server) => {
    server.registerTool('book', {}, async ({ _meta, sendNotification }) => {
      const params = { progressToken: _meta!.progressToken!, progress: 1, total: 4, message: 'Looking for seats' };
      await sendNotification({ method: 'notifications/progress', params });
      await asks.promise;
      const properties = {
        seats: { type: 'integer' as const, title: 'Seats', minimum: 1, maximum: 4 },
        mail: { type: 'string' as const, title: 'Email', format: 'email' as const },
      };
      const requestedSchema = { type: 'object' as const, properties, required: ['seats'] };
      const answers = [
        await server.server.elicitInput({ message: 'How many seats?', requestedSchema }),
        await server.server.elicitInput({ message: 'Shall I send news?', requestedSchema: { type: 'object', properties: {} } }),
      ];
      return { content: [{ type: 'text', text: JSON.stringify(answers) }] };
    });
  });
  await addMcpConfig(app, person, { name: 'trains', transport: 'streamable_http', url, elicitation_enabled: true });
  const { page, vendor, wrong } = await openChat([callsTools(['mcp__trains__book', {}]), chat.answer('All booked.')], undefined, person);
  await sendMessage(page, 'Book a train');
  await page.getByText('25 %, Looking for seats').waitFor();
  asks.resolve();
  const question = page.getByRole('region', { name: 'Question from trains' });
  await question.getByText('How many seats?').waitFor();
  await question.getByText('Do not enter passwords').waitFor();
  await question.getByLabel('Seats').fill('2');
  await question.getByRole('button', { name: 'Answer' }).click();
  await page.getByText('seats: 2').waitFor();
  await question.getByText('Shall I send news?').waitFor();
  expect(await question.getByRole('button', { name: 'Accept' }).count()).toBe(1);
  await question.getByRole('button', { name: 'Decline' }).click();
  await page.getByText('All booked.').waitFor();
  expect(await question.count()).toBe(0);
  const [{ text }] = JSON.parse(promptOf({ vendor }, 1).at(-1)!.content).content;
  expect(JSON.parse(text)).toEqual([{ action: 'accept', content: { seats: 2 } }, { action: 'decline' }]);
  expect(wrong).toEqual([]);
});

test('a run that cannot start shows the reason, stores the message once, and can be retried', async () => {
  const over = Promise.withResolvers<void>();
  const first = { steps: [chat.text('Busy.'), { wait: over.promise }, chat.stop(), chat.done] };
  const { page, start, vendor, threadId } = await openChat([first, chat.answer('Now.')]);
  await page.getByRole('button', { name: 'Answer this' }).waitFor();
  // Without its polls, the page does not know about the run that is started through the API.
  await page.route('**/v1/threads?*', (route) => route.abort());
  await start();
  await eventually(async () => vendor.requests.length > 0, 'the run');
  await sendMessage(page, 'Me too');
  await page.getByRole('alert').getByText('Details').click();
  await page
    .getByRole('alert')
    .getByText(/thread_busy · trace [0-9a-f]{32}/)
    .waitFor();
  await page.getByRole('article', { name: 'Answer' }).getByText('Busy.').waitFor();
  over.resolve();
  await page.getByRole('button', { name: 'Answer again' }).waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Now.').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
  expect(await app.sql(`select content from messages where thread_id = $1 and role = 'user' order by id`, [threadId])).toHaveLength(2);
  expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('');
});

test('a file can be attached to a message, and earlier messages leave those in view in place', async () => {
  const { page, vendor, threadId, wrong } = await openChat([chat.answer('Read.')]);
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('tide at noon') });
  await page.getByText('notes.txt').waitFor();
  await sendMessage(page, 'What does it say?');
  await page.getByRole('article', { name: 'Answer' }).getByText('Read.').waitFor();
  expect(JSON.stringify(vendor.requests.at(-1)!.body.messages)).toContain('tide at noon');
  await page.reload();
  await page.getByRole('article', { name: 'Your message' }).getByText('notes.txt').waitFor();

  // Earlier messages are added above those in view, which stay where they are.
  await app.sql(
    `insert into messages (account_id, thread_id, number, id, role, content, thread_owner_id)
     select account_id, thread_id, number + n, uuidv7(), 'user', 'Later ' || n, thread_owner_id
     from messages, generate_series(1, 60) n where thread_id = $1 and number = (select max(number) from messages where thread_id = $1)`,
    [threadId],
  );
  await page.reload();
  const first = page.getByText('Later 11', { exact: true });
  await first.scrollIntoViewIfNeeded();
  await page.locator('.transcript').evaluate((box) => box.scrollTo({ top: 0 }));
  const { y } = (await first.boundingBox())!;
  await page.getByRole('button', { name: 'Earlier messages' }).press('Enter');
  await page.getByText('notes.txt').waitFor({ state: 'attached' });
  expect(Math.abs((await first.boundingBox())!.y - y)).toBeLessThan(2);
  expect(wrong).toEqual([]);
});

test('a page continues an answer after its server is killed and restarted', async () => {
  const { vendor, env } = await scriptedInstance({
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: await freshDatabase(),
    ARKLOOP_API_ADDR: `127.0.0.1:${await freePort()}`,
  });
  const killed = await startProcess('all', env);
  const person = await registerUser(killed.url);
  const threadId = await openThread({ call: callTo(killed.url) }, person);
  vendor.respondWith({ steps: [...words.slice(0, 20).map(chat.text), 'stall'] }, chat.answer(...words));
  const { page } = await openPage(browser);
  await page.goto(`${killed.url}/chat/${threadId}`);
  await signIn(page, person);
  await sendMessage(page, 'Go');
  const answer = page.getByRole('article', { name: 'Answer' });
  await answer.getByText('word19').waitFor();
  killed.kill('SIGKILL');
  await killed.exited;
  await answer.getByText('Connection lost').waitFor();
  await startProcess('all', env);
  await answer.getByText('word39').waitFor();
  await answer.getByRole('button', { name: 'Answer again' }).waitFor();
  expect(await answer.locator('.markdown').allTextContents()).toEqual([words.join('').trim()]);
});
