import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { scriptedServer } from '../../support/agent/mcp.ts';
import { startSdkServer } from '../../support/agent/mcpSdk.ts';
import { sampleTranscriber } from '../../support/agent/transcriber.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { accessibilityViolations, english, isTooWide, openBrowser, openPage, sendMessage, setSessionCookie } from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({ ARKLOOP_WORKER_CONCURRENCY: '4' });
});

async function openChat(script: ScriptedResponse[], options: BrowserContextOptions = {}) {
  const talk = await openScriptedThread(app, {
    person: await app.signUp(),
    script,
    model: { cost_per_1k_output: 1 },
    message: 'A question',
  });
  const visitor = await openPage(browser, options);
  await setSessionCookie(visitor.context, app.url, talk);
  const open = async (path = `/chat/${talk.threadId}`) => {
    await visitor.page.goto(`${app.url}${path}`);
    await visitor.page.getByRole('textbox', { name: 'Message' }).waitFor();
  };
  const addModel = (model: string) =>
    app.call('POST', `/v1/llm-providers/${talk.vendor.providerId}/models`, { token: talk.token, body: { model } });
  return { ...talk, ...visitor, open, addModel };
}

/** Drops or pastes as a browser does: a script cannot create the events of a real drag. */
const bring = (page: Page, type: 'drop' | 'paste', { text, file }: { text?: string; file?: string }) =>
  page.getByRole('textbox', { name: 'Message' }).evaluate(
    (area, [kind, given, image]) => {
      const data = new DataTransfer();
      if (given !== undefined) data.setData('text/plain', given);
      if (image !== undefined)
        data.items.add(
          new File([Uint8Array.from(atob(image), (character) => character.charCodeAt(0))], 'image.png', { type: 'image/png' }),
        );
      const options = { bubbles: true, cancelable: true };
      if (kind === 'paste') return area.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }));
      for (const step of ['dragenter', 'dragover', 'drop']) area.dispatchEvent(new DragEvent(step, { ...options, dataTransfer: data }));
      return true;
    },
    [type, text, file] as const,
  );

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test('a chat has the first words as its title at once, and answers have versions with their model, time and cost', async () => {
  const { page, open, addModel, vendor, wrong } = await openChat([]);
  await addModel('other');
  await open('/');
  await page.getByRole('button', { name: 'Explain code' }).click();
  const box = page.getByRole('textbox', { name: 'Message' });
  expect(await box.evaluate((area) => area === document.activeElement)).toBe(true);
  expect(await box.inputValue()).toMatch(/^Explain step by step/);
  const titleAsked = Promise.withResolvers<void>();
  // The requests for the title and for the answer come in any order.
  const answerOf = (text: string): ScriptedResponse => ({ steps: [{ wait: titleAsked.promise }, chat.text(text), chat.stop(), chat.done] });
  vendor.respondWith(answerOf('**“Moon and *tides*.”**'), answerOf('**“Moon and *tides*.”**'));
  await sendMessage(page, 'How do **tides** work?');
  await page.getByRole('heading', { name: 'How do tides work?' }).waitFor();
  titleAsked.resolve();
  await page.getByRole('heading', { name: 'Moon and tides', exact: true }).waitFor();

  const answer = page.getByRole('article', { name: 'Answer' });
  await answer.getByText(/^m · \d.* · ≈ \$0\.\d/).waitFor();
  vendor.respondWith(chat.answer('Another.'));
  await answer.getByRole('button', { name: 'Answer again with another model' }).click();
  await page.getByRole('menuitem', { name: 'other' }).click();
  await answer.getByText('Another.').waitFor();
  expect(vendor.requests.at(-1)!.body.model).toBe('other');
  await answer.getByText(/^other · /).waitFor();

  await page.getByRole('article', { name: 'Your message' }).hover();
  await page.getByRole('button', { name: 'Edit the message' }).click();
  await page.getByRole('textbox', { name: 'Your message' }).fill('Why are there two?');
  vendor.respondWith(chat.answer('Because.'));
  await page.getByRole('button', { name: 'Send again' }).click();
  await answer.getByText('Because.').waitFor();
  await page.reload();
  await answer.getByText('3/3').waitFor();
  await answer.getByRole('button', { name: 'Previous version' }).click();
  await answer.getByText('Another.').waitFor();
  await answer.getByRole('button', { name: 'Previous version' }).click();
  await answer.getByText('Moon and').waitFor();
  expect(await answer.getByRole('button', { name: 'Previous version' }).isDisabled()).toBe(true);
  expect(await answer.count()).toBe(1);
  expect(await accessibilityViolations(page)).toEqual([]);
  await answer.getByRole('button', { name: 'Next version' }).click();
  await answer.getByRole('button', { name: 'Next version' }).click();
  await answer.getByText('Because.').waitFor();
  expect(wrong).toEqual([]);
});

test('without a connection messages wait visibly, over a reload too, and a limited provider is shown with the time of the next attempt', async () => {
  const limited = chat.failure(429, { message: 'Too many tokens', type: 'rate_limit_error' }, { 'retry-after': '2' });
  const { context, page, open, vendor, threadId } = await openChat([limited, chat.answer('Here I am.')]);
  await open();
  const waiting = page.getByRole('article', { name: 'Waiting message' });
  await context.setOffline(true);
  await page.getByText('You are offline.').waitFor();
  await sendMessage(page, 'Are you there?');
  await waiting.getByText('Are you there?').waitFor();
  expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('');
  await sendMessage(page, 'Never mind');
  await waiting.filter({ hasText: 'Never mind' }).getByRole('button', { name: 'Discard' }).click();
  // The page itself comes from a server that can be reached.
  await context.setOffline(false);
  await page.getByText(/receiving too many requests\. Trying again in \d s \(attempt 2 of/).waitFor();
  await page.getByText('Too many tokens').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('article', { name: 'Answer' }).getByText('Here I am.').waitFor();
  expect(await page.getByText('too many requests').count()).toBe(0);

  // A server that cannot be reached, although the browser is online.
  vendor.respondWith(chat.answer('Twice?'));
  await page.route('**/v1/threads/*/messages', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await sendMessage(page, 'Once');
  await waiting.getByText('Once').waitFor();
  await page.reload();
  await waiting.getByText('Once').waitFor();
  await page.unroute('**/v1/threads/*/messages');
  await page.getByRole('article', { name: 'Answer' }).getByText('Twice?').waitFor();
  expect(await waiting.count()).toBe(0);
  const stored = await app.sql(`select content from messages where thread_id = $1 and role = 'user' order by number`, [threadId]);
  expect(stored.map(({ content }) => content)).toEqual(['A question', 'Are you there?', 'Once']);
});

test('the composer takes long texts, pictures and files by paste and drop, speech, and a persona and a model from one list', async () => {
  const { page, open, vendor, token, addModel, wrong } = await openChat([chat.answer('Read.'), chat.answer('Seen.')], english);
  await addModel('a-model-with-a-rather-long-name-that-fits-no-phone');
  const base_url = await sampleTranscriber();
  const credential = { name: 'Speech', provider: 'openai', api_key: 'sk-asr', model: 'whisper-1', base_url, is_default: true };
  expect((await app.call('POST', '/v1/asr-credentials', { token, body: credential })).status).toBe(201);
  await page.addInitScript(() => {
    // A computer whose mouse the browser does not know, such as over a remote desktop.
    const ask = matchMedia;
    globalThis.matchMedia = (query) => ask(query === '(pointer: fine)' ? 'not all' : query);
    // A tone in place of a microphone, which the browser of the tests does not have.
    navigator.mediaDevices.getUserMedia = async () => {
      const audio = new AudioContext();
      const tone = new OscillatorNode(audio);
      const out = audio.createMediaStreamDestination();
      tone.connect(out);
      tone.start();
      return out.stream;
    };
  });
  await page.setViewportSize({ width: 390, height: 844 });
  await open();
  const box = page.getByRole('textbox', { name: 'Message' });
  const send = page.getByRole('button', { name: 'Send' });

  const picker = page.getByRole('button', { name: /^Model and persona/ });
  await picker.click();
  await page.keyboard.type('rather');
  await page.keyboard.press('Enter');
  await expect.poll(() => picker.textContent()).toContain('a-model-with-a-rather-long-name');
  await expect.poll(() => box.evaluate((area) => area === document.activeElement)).toBe(true);
  const { x, width } = (await send.boundingBox())!;
  expect(x + width).toBeLessThan(390);
  expect(await isTooWide(page)).toBe(false);
  await picker.click();
  await page.getByRole('option', { name: /^Lite/ }).getByText('Quick answers').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('option', { name: /^m \(default\)/ }).click();

  const long = Array.from({ length: 10_000 }, (_, at) => `line ${at}`).join('\n');
  await bring(page, 'paste', { text: long });
  await page.getByText('the model reads the first 40,000 characters').waitFor();
  expect(await box.inputValue()).toBe('');
  // A toast that covers a button stays as long as the pointer is there.
  const toast = (await page.getByRole('listitem').filter({ hasText: 'so it is attached as a file' }).boundingBox())!;
  const attached = (await page.getByText('the model reads the first 40,000 characters').boundingBox())!;
  expect(toast.y + toast.height).toBeLessThan(attached.y);
  await page.getByRole('button', { name: 'Speak' }).click();
  await page.getByRole('button', { name: 'Stop recording and insert the text' }).click();
  await expect.poll(() => box.inputValue()).toBe('hello');
  await send.click();
  await page.getByText('Read.').waitFor();
  const prompt = promptOf({ vendor }, vendor.requests.length - 1).at(-1)!.content;
  expect(prompt).toContain(long.slice(0, 39_000));
  expect(prompt).toContain('hello');
  expect(await box.evaluate((area) => area === document.activeElement)).toBe(true);

  await box.fill('x'.repeat(20_001));
  await page.getByText('The message has 20,001 characters.').waitFor();
  expect(await send.isDisabled()).toBe(true);
  await box.fill('What are these?');
  await bring(page, 'paste', { file: png });
  await bring(page, 'drop', { file: png });
  expect(await page.getByRole('list', { name: 'Files for the message' }).getByRole('listitem').count()).toBe(2);
  await expect.poll(() => send.isEnabled()).toBe(true);
  await box.press('Enter');
  await page.getByText('Seen.').waitFor();
  expect(JSON.stringify(vendor.requests.at(-1)!.body.messages).match(/data:image\/png;base64/g)).toHaveLength(2);
  expect(wrong).toEqual([]);
});

test('on a phone Enter writes a line, and a file that cannot be attached stays with the reason until it is removed', async () => {
  // One for the title, in any order.
  const script = [chat.answer('Here.'), chat.answer('Here.')];
  const { page, open, wrong } = await openChat(script, { viewport: { width: 390, height: 844 }, hasTouch: true });
  await open('/');
  const box = page.getByRole('textbox', { name: 'Message' });
  await page.locator('input[type=file]').setInputFiles({ name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.from('') });
  const reason = page.getByText(/^Not attached: .*is empty/);
  await reason.waitFor();
  await box.fill('One line');
  await box.press('Enter');
  await box.pressSequentially('another');
  expect(await box.inputValue()).toBe('One line\nanother');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('article', { name: 'Answer' }).getByText('Here.').waitFor();
  await reason.waitFor();
  await page.getByRole('button', { name: 'Remove empty.txt' }).click();
  expect(await reason.count()).toBe(0);
  expect(wrong).toEqual([expect.stringMatching(/^400 .*attachments/)]);
});

test('a prompt of a tool server is found, filled in, and inserted with its files', async () => {
  const { page, open, vendor, wrong, token } = await openChat([chat.answer('Noted.')]);
  const server = await startSdkServer((sdk) => {
    sdk.registerPrompt(
      'review',
      { title: 'Review a text', description: 'Lists what could be better', argsSchema: { text: z.string(), tone: z.string().optional() } },
      ({ text, tone = 'friendly' }) => ({
        messages: [
          { role: 'user', content: { type: 'text', text: `Review in a ${tone} tone: ${text}` } },
          { role: 'user', content: { type: 'image', mimeType: 'image/png', data: png } },
          {
            role: 'user',
            content: { type: 'resource', resource: { uri: 'file:///style/guide', mimeType: 'text/plain', text: 'Be brief.' } },
          },
          { role: 'user', content: { type: 'audio', mimeType: 'audio/wav', data: 'UklGRg==' } },
        ],
      }),
    );
    sdk.registerPrompt('hello', {}, () => ({ messages: [{ role: 'user', content: { type: 'text', text: 'Hello!' } }] }));
  });
  const add = (name: string, url: string) =>
    app.call('POST', '/v1/mcp-configs', { token, body: { name, transport: 'streamable_http', url, call_timeout_ms: 20_000 } });
  await open();
  expect(await page.getByRole('button', { name: 'Use a prompt' }).count()).toBe(0);
  await add('editor', server.url);
  await add('gone', 'http://127.0.0.1:1/mcp');
  const { id } = (await add('program', 'http://127.0.0.1:1/mcp')).body;
  const { command, args } = scriptedServer('program', { prompts: true });
  // Only platform admins can add one.
  await app.sql(`update mcp_configs set transport = 'stdio', url = null, command = $2, args = $3 where id = $1`, [id, command, args]);
  await open();
  const box = page.getByRole('textbox', { name: 'Message' });
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Use a prompt' }).waitFor();
  // A slash in an empty message opens the prompts; it is text if none is chosen.
  await box.press('/');
  await page.getByPlaceholder('Search prompts…').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => box.inputValue()).toBe('/');
  await box.press('/');
  expect([await box.inputValue(), await dialog.count()]).toEqual(['//', 0]);
  await box.fill('Draft.');
  await page.getByRole('button', { name: 'Use a prompt' }).click();
  await dialog.getByRole('region', { name: 'gone' }).getByText('cannot be reached').waitFor();
  await dialog.getByRole('option', { name: 'Review a text' }).waitFor();
  await dialog.getByRole('option', { name: 'echo' }).waitFor();
  await page.getByPlaceholder('Search prompts…').fill('better');
  await expect.poll(() => dialog.getByRole('option').count()).toBe(1);
  expect(await accessibilityViolations(page, { part: '[role=dialog]' })).toEqual([]);
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Insert' }).click();
  await dialog.locator('.problem').waitFor();
  await page.getByLabel('text', { exact: true }).fill('Ahoj 🌊');
  await page.getByLabel('tone (optional)').fill('strict');
  await dialog.getByRole('button', { name: 'Insert' }).click();
  await expect.poll(() => box.inputValue()).toBe('Draft.\n\nReview in a strict tone: Ahoj 🌊');
  await page.getByText('A content that cannot be sent was left out.', { exact: true }).waitFor();
  await expect.poll(() => box.evaluate((area) => area === document.activeElement)).toBe(true);
  const files = page.getByRole('list', { name: 'Files for the message' }).getByRole('listitem');
  await expect.poll(() => files.allTextContents()).toEqual([expect.stringContaining('image.png'), expect.stringContaining('guide.txt')]);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Noted.').waitFor();
  const sent = JSON.stringify(vendor.requests.at(-1)!.body.messages);
  expect([sent.includes('Ahoj 🌊'), sent.includes('Be brief.'), sent.includes('data:image/png;base64')]).toEqual([true, true, true]);

  // Why an answer failed is still shown after the next one.
  await sendMessage(page, 'Again');
  await page.getByRole('alert').waitFor();
  vendor.respondWith(chat.answer('Back.'));
  await sendMessage(page, 'And now?');
  await page.getByText('Back.').waitFor();
  const order = await page.getByRole('article').allTextContents();
  expect(order.slice(-4)).toEqual(['Again', expect.stringMatching(/provider/), 'And now?', expect.stringContaining('Back.')]);
  // Asked twice.
  expect(wrong).toEqual([expect.stringMatching(/^502 .*prompts$/), expect.stringMatching(/^502 .*prompts$/)]);
});
