import { expect, onTestFinished, test } from 'vitest';
import { addModel, addProvider } from '../support/agent/providers.ts';
import { chat, gemini, messages, responses, type ScriptedResponse, startVendor } from '../support/agent/vendor.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { openStream } from '../support/http/events.ts';
import { images, stage } from '../support/http/forms.ts';
import { startRun } from '../support/resources/conversation.ts';
import { storageOf } from '../support/resources/files.ts';

const app = await startTestApp();
const { call } = app;
const png = images.png.toString('base64');
const file = { filename: 'notes.md', type: 'text/markdown', content: 'Grüße 👋 aus der Datei' };

/** Expected content per provider API for a message with a text, an image and a file. */
const texts = { before: 'What is this?', file: `[file: notes.md]\n${file.content}` };
const vendors = {
  'chat completions': {
    fields: { openai_api_mode: 'chat_completions' },
    base: '/v1',
    answer: chat.answer,
    asked: ({ messages }: any) => messages.findLast(({ role }: any) => role === 'user').content,
    wanted: [
      { type: 'text', text: texts.before },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
      { type: 'text', text: texts.file },
    ],
  },
  responses: {
    fields: { openai_api_mode: 'responses' },
    base: '/v1',
    answer: responses.answer,
    asked: ({ input }: any) => input.findLast(({ role }: any) => role === 'user').content,
    wanted: [
      { type: 'input_text', text: texts.before },
      { type: 'input_image', image_url: `data:image/png;base64,${png}` },
      { type: 'input_text', text: texts.file },
    ],
  },
  anthropic: {
    fields: { provider: 'anthropic' },
    base: '',
    answer: messages.answer,
    asked: ({ messages }: any) => messages.findLast(({ role }: any) => role === 'user').content,
    wanted: [
      { type: 'text', text: texts.before },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
      { type: 'text', text: texts.file },
    ],
  },
  gemini: {
    fields: { provider: 'gemini' },
    base: '',
    answer: gemini.answer,
    asked: ({ contents }: any) => contents.findLast(({ role }: any) => role === 'user').parts,
    wanted: [{ text: texts.before }, { inlineData: { mimeType: 'image/png', data: png } }, { text: texts.file }],
  },
} satisfies Record<
  string,
  { fields: object; base: string; answer(text: string): ScriptedResponse; asked(body: any): unknown; wanted: object[] }
>;

/** A user with a model and a thread with one message of a text, an image and a file. */
async function openAlbum({ fields, base, answer }: (typeof vendors)[keyof typeof vendors]) {
  const person = await app.signUp();
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  await addModel(app, person, await addProvider(app, person, { ...fields, base_url: vendor.origin + base, api_key: 'sk-test-canary' }));
  vendor.respondWith(answer('A dot.'), answer('Still a dot.'));
  const { token } = person;
  const threadId: string = (await call('POST', '/v1/threads', { token, body: { title: 'An album' } })).body.id;
  const [image, text] = [
    (await stage(app, person, { filename: 'dot.png', content: images.png })).body,
    (await stage(app, person, file)).body,
  ];
  const attachmentOf = ({ key, filename, mime_type, size }: any) => ({ key, filename, mime_type, size });
  const parts = [
    { type: 'text', text: texts.before },
    { type: 'image', attachment: attachmentOf(image) },
    { type: 'file', attachment: attachmentOf(text) },
  ];
  const sent = await call('POST', `/v1/threads/${threadId}/messages`, { token, body: { content_json: { parts } } });
  expect(sent.status).toBe(201);
  return { person, vendor, threadId, sent: sent.body };
}

async function run(person: Person, threadId: string) {
  const runId = await startRun(app, person, threadId);
  await openStream(app.url, runId, { token: person.token }).then(({ ended }) => ended);
  return expectRunInvariants(app, runId, person.token);
}

test.each(Object.entries(vendors))('%s gets the images and files of messages, in later runs too', async (_name, kind) => {
  const { person, vendor, threadId } = await openAlbum(kind);
  expect((await run(person, threadId)).at(-1)?.type).toBe('run.completed');
  expect(kind.asked(vendor.requests[0]!.body)).toMatchObject(kind.wanted);
  await call('POST', `/v1/threads/${threadId}/messages`, { token: person.token, body: { content: 'Sure?' } });
  await run(person, threadId);
  const { body } = vendor.requests[1]!;
  expect(JSON.stringify(body)).toContain(png);
  expect(JSON.stringify(body)).toContain('Grüße 👋 aus der Datei');
});

test('an image missing from storage is named, and the run continues', async () => {
  const { person, vendor, threadId, sent } = await openAlbum(vendors['chat completions']);
  const [, image] = sent.content_json.parts;
  const storage = storageOf(app);
  await storage.delete(image.attachment.key.split('/').slice(0, 3).join('/'));
  await storage.close();
  expect((await run(person, threadId)).at(-1)?.type).toBe('run.completed');
  expect(vendor.requests[0]!.body.messages).toMatchObject([
    {},
    { role: 'user', content: `${texts.before}\n\n[image: dot.png]\n\n${texts.file}` },
  ]);
});
