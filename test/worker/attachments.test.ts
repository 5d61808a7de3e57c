import { expect, onTestFinished, test } from 'vitest';
import { startRun } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { storageOf } from '../setup/files.ts';
import { images, stage } from '../setup/forms.ts';
import { expectSound } from '../setup/invariants.ts';
import { addModel, addProvider } from '../setup/providers.ts';
import { chat, messages, responses, type Scripted, startVendor } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld();
const { call } = world;
const png = images.png.toString('base64');
const file = { filename: 'notes.md', type: 'text/markdown', content: 'Grüße 👋 aus der Datei' };

/** What each API is sent of a message with a text, an image, and a file. */
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
} satisfies Record<string, { fields: object; base: string; answer(text: string): Scripted; asked(body: any): unknown; wanted: object[] }>;

/** A person with a model, and a thread whose only message has a text, an image and a file. */
async function openAlbum({ fields, base, answer }: (typeof vendors)[keyof typeof vendors]) {
  const person = await world.signUp();
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  await addModel(world, person, await addProvider(world, person, { ...fields, base_url: vendor.origin + base, api_key: 'sk-test-canary' }));
  vendor.answers(answer('A dot.'), answer('Still a dot.'));
  const { token } = person;
  const threadId: string = (await call('POST', '/v1/threads', { token, body: { title: 'An album' } })).body.id;
  const [image, text] = [
    (await stage(world, person, { filename: 'dot.png', content: images.png })).body,
    (await stage(world, person, file)).body,
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
  const runId = await startRun(world, person, threadId);
  await (await openStream(world.url, runId, { token: person.token })).ended;
  return expectSound(world, runId, person.token);
}

test.each(Object.entries(vendors))(
  'a model behind %s sees the images and reads the files of messages, in later runs too',
  async (_name, kind) => {
    const { person, vendor, threadId } = await openAlbum(kind);
    expect((await run(person, threadId)).at(-1)?.type).toBe('run.completed');
    expect(kind.asked(vendor.requests[0]!.body)).toMatchObject(kind.wanted);
    await call('POST', `/v1/threads/${threadId}/messages`, { token: person.token, body: { content: 'Sure?' } });
    await run(person, threadId);
    const { body } = vendor.requests[1]!;
    expect(JSON.stringify(body)).toContain(png);
    expect(JSON.stringify(body)).toContain('Grüße 👋 aus der Datei');
  },
);

test('an image that the store has lost is named, and the run goes on', async () => {
  const { person, vendor, threadId, sent } = await openAlbum(vendors['chat completions']);
  const [, image] = sent.content_json.parts;
  const storage = storageOf(world);
  await storage.delete(image.attachment.key.split('/').slice(0, 3).join('/'));
  await storage.close();
  expect((await run(person, threadId)).at(-1)?.type).toBe('run.completed');
  expect(vendor.requests[0]!.body.messages).toMatchObject([
    {},
    { role: 'user', content: `${texts.before}\n\n[image: dot.png]\n\n${texts.file}` },
  ]);
});
