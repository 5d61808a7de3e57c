import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { maxAttachmentBytes } from '../../contract/attachments.ts';
import { dataOf } from '../support/agent/agent.ts';
import { addModel, addProvider } from '../support/agent/providers.ts';
import { chat, messages, responses, type ScriptedResponse, startVendor } from '../support/agent/vendor.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { openStream } from '../support/http/events.ts';
import { images, stage } from '../support/http/forms.ts';
import { startRun } from '../support/resources/conversation.ts';

const app = await startTestApp();
const { call } = app;

/** An incompressible image. Random bytes after the PNG make it unique. */
const picture = (bytes: number) => Buffer.concat([images.png, randomBytes(bytes - images.png.length)]);

type Kind = { fields: object; base: string; answer(text: string): ScriptedResponse };
const kinds: Record<string, Kind> = {
  'chat completions': { fields: { openai_api_mode: 'chat_completions' }, base: '/v1', answer: chat.answer },
  responses: { fields: { openai_api_mode: 'responses' }, base: '/v1', answer: responses.answer },
  anthropic: { fields: { provider: 'anthropic' }, base: '', answer: messages.answer },
};

/** A user with a model and a thread. */
async function openAlbum({ fields, base, answer }: Kind = kinds['chat completions']!) {
  const person = await app.signUp();
  const { token } = person;
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  await addModel(app, person, await addProvider(app, person, { ...fields, base_url: vendor.origin + base, api_key: 'sk-test-canary' }));
  const threadId: string = (await call('POST', '/v1/threads', { token, body: { title: 'An album' } })).body.id;
  return {
    vendor,
    /** Sends one message with images named a.png, b.png, …. */
    async show(...pictures: Buffer[]) {
      const parts: object[] = [{ type: 'text', text: 'What is this?' }];
      for (const [at, content] of pictures.entries()) {
        const { status, body, text } = await stage(app, person, { filename: `${'abcdefgh'[at]}.png`, content });
        expect([status, text]).toEqual([201, text]);
        const { key, filename, mime_type, size } = body;
        parts.push({ type: 'image', attachment: { key, filename, mime_type, size } });
      }
      const sent = await call('POST', `/v1/threads/${threadId}/messages`, { token, body: { content_json: { parts } } });
      expect(sent.status).toBe(201);
    },
    /** Runs to the end. Returns the events and the last model request. */
    async run() {
      vendor.respondWith(answer('A dot.'));
      const runId = await startRun(app, person, threadId);
      await openStream(app.url, runId, { token }).then(({ ended }) => ended);
      const events = await expectRunInvariants(app, runId, token);
      return { events, last: events.at(-1)!.type, sent: JSON.stringify(vendor.requests.at(-1)!.body) };
    },
  };
}

const isShown = (sent: string, content: Buffer) => sent.includes(content.toString('base64'));

test.each(Object.entries(kinds))('the largest image that can be staged is sent by %s, within all limits', async (_name, kind) => {
  const album = await openAlbum(kind);
  const largest = picture(maxAttachmentBytes.image);
  await album.show(largest);
  const { last, sent } = await album.run();
  expect([last, isShown(sent, largest)]).toEqual(['run.completed', true]);
  // Anthropic rejects images of more than 5 MB in base64; our requests have at most 5 MiB.
  expect(largest.toString('base64').length).toBeLessThan(5_000_000);
  expect(sent.length).toBeLessThan(5 * 2 ** 20);
});

test('if the images of a thread are too large together, the newest are sent, the older ones named, and every run completes', async () => {
  const album = await openAlbum();
  const pictures = [1, 2, 3].map(() => picture(2.5 * 2 ** 20));
  for (const each of pictures) await album.show(each);
  for (let again = 0; again < 2; again++) {
    const { last, sent, events } = await album.run();
    expect([last, ...pictures.map((each) => isShown(sent, each))]).toEqual(['run.completed', false, false, true]);
    expect(sent).toContain('[image: a.png, left out: the images of this conversation are too large to be sent together]');
    expect(dataOf(events, 'run.context_compact')).toEqual([]);
  }
});

test('the images of one message are sent in order as far as they fit', async () => {
  const album = await openAlbum();
  const pictures = [2.5, 2.5, 0.5].map((mebibytes) => picture(mebibytes * 2 ** 20));
  await album.show(...pictures);
  const { last, sent } = await album.run();
  expect([last, ...pictures.map((each) => isShown(sent, each))]).toEqual(['run.completed', true, false, true]);
  expect(sent).toContain('[image: b.png, left out');
});

test('an attached image above the limit is named, and the run completes', async () => {
  const album = await openAlbum();
  await album.show(images.png);
  await app.sql(
    `update messages set content_json = jsonb_set(content_json, '{parts,1,attachment,size}', '9000000') where content_json is not null`,
  );
  const { last, sent } = await album.run();
  expect([last, isShown(sent, images.png)]).toEqual(['run.completed', false]);
});
