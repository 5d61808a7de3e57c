import { expect, test } from 'vitest';
import type { Message } from '../../../../client/index.ts';
import { openScriptedThread } from '../../../support/agent/agent.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { stage } from '../../../support/http/forms.ts';
import { isTooWide, openBrowser, openPage, setSessionCookie } from '../../playground.ts';

const browser = await openBrowser();
const app = await startTestApp();

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

test('a message of any kind that is edited without a change stays as it was, and one that is changed keeps its attachments', async () => {
  const person = await openScriptedThread(app, { person: await app.signUp() });
  const { token } = person;
  const staged = async (filename: string, type: string, content: string | Buffer) => {
    const { body } = await stage(app, person, { filename, type, content });
    return { type: body.kind, attachment: body };
  };
  const file = () => staged('port.txt', 'text/plain', 'Brest\n');
  const image = () => staged('tide.png', 'image/png', png);
  const text = (words: string) => ({ type: 'text', text: words });
  const kinds: [body: object, shown: string | undefined][] = [
    [{ content: '\nFirst line\r\n\r\n  second \n' }, 'First line'],
    [{ content_json: { parts: [await file(), await image()] } }, undefined],
    [{ content_json: { parts: [await file(), await image(), text('Below\n\n\nthe files')] } }, 'Below'],
    [{ content_json: { parts: [await image(), text('Between the files'), await file()] } }, 'Between the files'],
    [{ content_json: { parts: [text('One'), await file(), text('Two\n')] } }, 'One'],
  ];
  const { page, context, wrong } = await openPage(browser, { reducedMotion: 'reduce' });
  await setSessionCookie(context, app.url, person);
  const messages = page.getByRole('article', { name: 'Your message' });
  const answer = page.getByRole('article', { name: 'Answer' });
  const field = page.getByRole('textbox', { name: 'Your message' });
  const sendAgain = async (said: string) => {
    person.vendor.respondWith(chat.answer(said));
    await page.getByRole('button', { name: 'Send again' }).click();
    await answer.getByText(said).waitFor();
    await page.reload();
    await answer.getByText(said).waitFor();
  };
  /** What the page shows of the message: its text and its number of pictures. */
  const look = () => messages.evaluate((message) => [message.textContent, message.querySelectorAll('img').length]);

  for (const [at, [body, shown]] of kinds.entries()) {
    const path = `/v1/threads/${(await app.call('POST', '/v1/threads', { token, body: { title: 'A talk' } })).body.id}/messages`;
    const created = await app.call('POST', path, { token, body });
    expect(created.status, created.text).toBe(201);
    const stored = async () => {
      const [{ content, content_json }] = (await app.call('GET', path, { token })).body as [Message];
      return { content, content_json };
    };
    const before = await stored();
    const attached = before.content_json?.parts.filter(({ type }) => type !== 'text') ?? [];
    const hasImage = attached.some(({ type }) => type === 'image');
    await page.goto(`${app.url}/chat/${path.split('/')[3]}`);
    await messages.waitFor();
    if (hasImage) await messages.getByRole('img').waitFor();
    const seen = await look();
    expect(await messages.locator('.bubble').count()).toBe(shown === undefined ? 0 : 1);
    expect(await messages.getByRole('button', { name: 'Copy the message' }).count()).toBe(shown === undefined ? 0 : 1);

    await page.getByRole('button', { name: 'Edit the message' }).click();
    for (const part of attached)
      await (part.type === 'file' ? messages.getByText(part.attachment.filename) : messages.getByRole('img')).waitFor();
    expect(await isTooWide(page)).toBe(false);
    await sendAgain(`Again ${at}.`);
    expect(await stored()).toEqual(before);
    if (hasImage) await messages.getByRole('img').waitFor();
    expect(await look()).toEqual(seen);

    await page.getByRole('button', { name: 'Edit the message' }).click();
    await field.fill('Something else');
    await sendAgain(`Changed ${at}.`);
    await messages.getByText('Something else').waitFor();
    const after = await stored();
    expect(after.content_json?.parts.filter(({ type }) => type !== 'text') ?? []).toEqual(attached);
    expect(after.content).toContain('Something else');
    if (shown !== undefined) expect(after.content).not.toContain(shown);
  }
  expect(wrong).toEqual([]);
});
