import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message } from '../../client/index.ts';
import { type MockServer, startMockServer } from '../../client/mocks/standalone/server.ts';
import { startTestApp, type TestApp } from '../support/app/testApp.ts';
import { type AnswerStep, type Backend, openOnMock, openOnServer, signIn } from './guideApps.backends.ts';
import { bundleGuideApps, chatApps, type GuideApp } from './guideApps.ts';
import { launchBrowser } from './launch.ts';
import { openPage, setSessionCookie } from './playground.ts';

const { openApp, serveApp } = await bundleGuideApps();
const browser = await launchBrowser();
afterAll(() => browser.close());

let app: TestApp;
let mock: MockServer;
beforeAll(async () => {
  app = await startTestApp();
  mock = await startMockServer(0, { stepMs: 2 });
});
afterAll(() => mock.close());

const backends: Record<string, (answers: AnswerStep[][]) => Promise<Backend>> = {
  server: (answers) => openOnServer(app, answers),
  mock: (answers) => openOnMock(mock, answers),
};

async function open(name: GuideApp, backend: Backend) {
  const visitor = await openPage(browser, {}, { records: false });
  await setSessionCookie(visitor.context, backend.origin, backend);
  await openApp(visitor.page, name, backend.origin, backend.threadId);
  return { ...visitor, ...partsOf(visitor.page) };
}

const partsOf = (page: Page) => ({
  answers: page.getByRole('article', { name: 'Assistant' }),
  questions: page.getByRole('article', { name: 'You' }),
  button: (name: string) => page.getByRole('button', { name, exact: true }),
  async send(text: string) {
    await page.getByRole('textbox', { name: 'Message' }).fill(text);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
  },
});

async function storedMessages({ origin, threadId, token }: Backend): Promise<Message[]> {
  const response = await fetch(`${origin}/v1/threads/${threadId}/messages`, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as Message[];
}

describe.each(chatApps)('%s', (name) => {
  test.each(Object.keys(backends))('a chat streams, answers again, stops, asks and continues after a reload, on the %s', async (kind) => {
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const backend = await backends[kind]!([
      [{ call: { todos: [{ id: '1', content: 'Look', status: 'completed' }] } }, 'First ', first.promise, 'two.'],
      ['Once more.'],
      ['Never ', 'until cancelled'],
      [{ question: 'Which colour?' }, 'So it is blue.'],
      ['Alpha ', second.promise, 'omega.'],
    ]);
    const { page, wrong, answers, questions, button, send } = await open(name, backend);

    await send('Count');
    await questions.getByText('Count').waitFor();
    await answers.getByText('todo_write: done').waitFor();
    await answers.getByText('First').waitFor();
    expect(await answers.getByText('two.').count()).toBe(0);
    expect(await button('Stop').count()).toBe(1);
    first.resolve();
    await answers.getByText('First two.').waitFor();

    await button('Answer again').click();
    await answers.getByText('Once more.').waitFor();
    await expect.poll(() => page.getByText('First two.').count()).toBe(0);

    await send('Go on');
    await answers.getByText('Never').waitFor();
    await button('Stop').click();
    await button('Send').waitFor();
    await expect.poll(async () => (await storedMessages(backend)).at(-1)?.completion).toBe('stopped');
    await answers.getByText('Never').waitFor();

    await send('Paint it');
    await answers.getByText('Which colour?').first().waitFor();
    await send('blue');
    await answers.getByText('So it is blue.').waitFor();

    await send('And now?');
    await answers.getByText('Alpha').waitFor();
    await page.reload();
    await answers.getByText('Alpha').waitFor();
    await questions.getByText('And now?').waitFor();
    expect(await button('Stop').count()).toBe(1);
    second.resolve();
    await answers.getByText('Alpha omega.').waitFor();
    await button('Send').waitFor();
    expect(await answers.getByText('Alpha').count()).toBe(1);
    expect((await storedMessages(backend)).map(({ role, content }) => [role, content.trim()])).toEqual([
      ['user', 'Count'],
      ['assistant', 'Once more.'],
      ['user', 'Go on'],
      ['assistant', 'Never'],
      ['user', 'Paint it'],
      ['assistant', 'So it is blue.'],
      ['user', 'And now?'],
      ['assistant', 'Alpha omega.'],
    ]);
    expect(wrong).toEqual([]);
  });

  test('a message without credits is sent once when it is tried again', async () => {
    const backend = await backends.mock!([['Here you are.']]);
    const { page, answers, questions, button, send, wrong } = await open(name, backend);
    mock.mocks.faults.next({ operation: 'runs.create', status: 402, reason: 'credits_exhausted' });
    await send('Please');
    await page.getByRole('alert').waitFor();
    expect(await questions.allTextContents()).toEqual(['Please']);
    await button('Try again').click();
    await answers.getByText('Here you are.').waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    expect(await questions.allTextContents()).toEqual(['Please']);
    expect((await storedMessages(backend)).map(({ content }) => content)).toEqual(['Please', 'Here you are.']);
    expect(wrong).toEqual([expect.stringMatching(/^402 /)]);
  });
});

test.each(['react', 'assistant-ui'] as const)('%s: two windows follow each other', async (name) => {
  const shown = Promise.withResolvers<void>();
  const backend = await backends.server!([['Alpha ', shown.promise, 'omega.'], ['Second.']]);
  const { context, send, answers } = await open(name, backend);
  const page = await context.newPage();
  await openApp(page, name, backend.origin, backend.threadId);
  const other = partsOf(page);
  await other.button('Send').waitFor();
  await send('Hello');
  await other.questions.getByText('Hello').waitFor();
  await other.answers.getByText('Alpha').waitFor();
  shown.resolve();
  await other.answers.getByText('Alpha omega.').waitFor();
  await other.send('Again');
  await answers.getByText('Second.').waitFor();
});

test('react: a window of another device follows once it gets the focus', async () => {
  const shown = Promise.withResolvers<void>();
  const backend = await backends.mock!([['Alpha ', shown.promise, 'omega.']]);
  const { send, answers } = await open('react', backend);
  const other = await open('react', { ...backend, ...(await signIn(backend)) });
  await other.button('Send').waitFor();
  await send('Hello');
  await answers.getByText('Alpha').waitFor();
  await other.page.evaluate(() => dispatchEvent(new Event('visibilitychange')));
  await other.questions.getByText('Hello').waitFor();
  await other.answers.getByText('Alpha').waitFor();
  shown.resolve();
  await other.answers.getByText('Alpha omega.').waitFor();
});

test('react: an answer that cannot be repeated says why, and is repeated on request', async () => {
  const backend = await backends.mock!([['One.'], ['Two.']]);
  const { page, send, answers, button } = await open('react', backend);
  await send('Hello');
  await answers.getByText('One.').waitFor();
  mock.mocks.faults.next({ operation: 'runs.retry', status: 402, reason: 'credits_exhausted' });
  await button('Answer again').click();
  await page.getByRole('alert').getByText('There are no credits left.').waitFor();
  await button('Try again').click();
  await answers.getByText('Two.').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('react: a message is shown before the server has stored it, and a new conversation gets a thread', async () => {
  const backend = await backends.mock!([['Welcome.']]);
  const { page, context } = await openPage(browser, {}, { records: false });
  await setSessionCookie(context, backend.origin, backend);
  const { send, questions, answers } = partsOf(page);
  const stored = Promise.withResolvers<void>();
  await page.route('**/messages', async (route) => {
    if (route.request().method() === 'POST') await stored.promise;
    await route.continue();
  });
  await openApp(page, 'react', backend.origin);
  await send('Hello');
  await questions.getByText('Hello').waitFor();
  expect(await questions.getAttribute('aria-busy')).toBe('true');
  stored.resolve();
  await answers.getByText('Welcome.').waitFor();
  expect(await questions.getAttribute('aria-busy')).toBe('false');
  expect(new URL(page.url()).searchParams.get('thread')).not.toBe(null);
  await page.reload();
  await answers.getByText('Welcome.').waitFor();
});

describe('react: signing in', () => {
  const fill = async (page: Page, fields: Record<string, string>) => {
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
  };
  const next = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

  test("through Vite's proxy: registering, a reload, signing out, a wrong password, and signing in", async () => {
    const origin = await serveApp('react', app.url);
    const { page } = await openPage(browser, {}, { records: false });
    await page.goto(origin);
    const login = `ada-${Date.now()}`;
    await fill(page, { Login: login, Password: 'short', Email: `${login}@example.com` });
    await next(page, 'Register');
    await page.getByRole('alert').getByText('password: must have 8 characters').waitFor();
    await fill(page, { Password: 'correct horse 1' });
    await next(page, 'Register');
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    await page.reload();
    await partsOf(page).send('Hello');
    await partsOf(page).answers.getByText('stub delta 3').waitFor();
    await next(page, 'Sign out');
    await fill(page, { Login: login, Password: 'wrong horse 1' });
    await next(page, 'Sign in');
    await page.getByRole('alert').getByText('The login or the password is wrong.').waitFor();
    expect(await page.getByText('Hello').count()).toBe(0);
    await fill(page, { Password: 'correct horse 1' });
    await next(page, 'Sign in');
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
  });

  test('from another origin: the session lasts over a reload', async () => {
    // The mock allows the origins of this machine.
    const origin = (await serveApp('react', app.url)).replace('127.0.0.1', 'localhost');
    mock.mocks.reset();
    const { login, password } = mock.mocks.state.signUp();
    const { page } = await openPage(browser, {}, { records: false });
    await page.addInitScript(`globalThis.VITE_API = ${JSON.stringify(mock.address.replace('127.0.0.1', 'localhost'))}`);
    await page.goto(origin);
    await fill(page, { Login: login, Password: password });
    await next(page, 'Sign in');
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    await page.reload();
    await partsOf(page).send('Hello');
    await partsOf(page).answers.getByText('You said: Hello').waitFor();
  });
});

test('react: after the session was ended elsewhere, the next user sees nothing of the one before', async () => {
  const backend = await backends.mock!([['Between us.'], ['Welcome.']]);
  const next = mock.mocks.state.signUp({ login: 'next' });
  const { page, send, answers, button } = await open('react', backend);
  await send('A secret');
  await answers.getByText('Between us.').waitFor();
  const headers = { authorization: `Bearer ${backend.token}`, 'content-type': 'application/json' };
  await fetch(`${backend.origin}/v1/auth/logout`, { method: 'POST', headers, body: '{}' });
  // A request that is under way may have been refused already, so that the page is left meanwhile.
  await page.evaluate(() => dispatchEvent(new Event('visibilitychange'))).catch(() => undefined);
  await page.getByLabel('Login', { exact: true }).fill(next.login);
  await page.getByLabel('Password', { exact: true }).fill(next.password);
  await button('Sign in').click();
  await page.getByRole('heading', { name: 'New conversation' }).waitFor();
  expect(await page.getByRole('article').count()).toBe(0);
  await send('Hello');
  await answers.getByText('Welcome.').waitFor();
  expect(await page.getByRole('article').count()).toBe(2);
});

test('react: 402, 409 and 429 are explained, and the message is answered when it is tried again', async () => {
  const backend = await backends.mock!([['First.'], ['Second.'], ['Third.']]);
  const { page, answers, button, send } = await open('react', backend);
  const cases = [
    ['First.', { status: 402, reason: 'credits_exhausted' }, 'There are no credits left.'],
    ['Second.', { status: 409, reason: 'thread_busy' }, 'Another answer is still being written.'],
    ['Third.', { status: 429, reason: 'concurrent_runs_exceeded', retryAfter: 61 }, 'Try again in 61 s.'],
  ] as const;
  for (const [answer, fault, text] of cases) {
    mock.mocks.faults.next({ operation: 'runs.create', ...fault });
    await send('Please');
    await page.getByRole('alert').getByText(text).waitFor();
    await button('Try again').click();
    await answers.getByText(answer).waitFor();
  }
  expect((await storedMessages(backend)).filter(({ role }) => role === 'user')).toHaveLength(3);
});

test('react: without a network, the page and a message say so and are tried again on request', async () => {
  const backend = await backends.mock!([['Here you are.']]);
  const { page, context } = await openPage(browser, {}, { records: false });
  await setSessionCookie(context, backend.origin, backend);
  await page.route('**/v1/auth/refresh', (route) => route.abort());
  await openApp(page, 'react', backend.origin, backend.threadId);
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await page.unroute('**/v1/auth/refresh');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.route('**/v1/threads/*/messages', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await partsOf(page).send('Hello');
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await page.unroute('**/v1/threads/*/messages');
  await page.getByRole('button', { name: 'Try again' }).click();
  await partsOf(page).answers.getByText('Here you are.').waitFor();
});

test.each(Object.keys(backends))('attachments: files are uploaded, sent, shown, and refused with a reason, on the %s', async (kind) => {
  const backend = await backends[kind]!([['A red dot.']]);
  const { page, questions, answers, send } = await open('attachments', backend);
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
  const files = page.getByLabel('Files');
  await files.setInputFiles({ name: 'empty.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([0, 1, 2, 3]) });
  await send('What is this?');
  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('alert').textContent()).toMatch(/cannot be attached/);
  await files.setInputFiles([
    { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(dot, 'base64') },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('High tide is at noon.') },
  ]);
  await send('What is this?');
  await answers.getByText('A red dot.').waitFor();
  await questions.getByRole('link', { name: 'notes.txt' }).waitFor();
  const image = questions.getByRole('img', { name: 'dot.png' });
  await expect.poll(() => image.evaluate((element) => (element as HTMLImageElement).naturalWidth)).toBe(1);
  await page.reload();
  await expect.poll(() => image.evaluate((element) => (element as HTMLImageElement).naturalWidth)).toBe(1);
});
