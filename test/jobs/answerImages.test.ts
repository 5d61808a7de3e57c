import { expect, onTestFinished, test } from 'vitest';
import { removeAttachments } from '../../server/jobs/removeAttachments.ts';
import { createImageKeeper } from '../../server/runs/execute/answerImages.ts';
import { StorageUnavailable } from '../../server/storage/storage.ts';
import { dataOf } from '../support/agent/agent.ts';
import { addModel, addProvider } from '../support/agent/providers.ts';
import { gemini, responses, type ScriptedResponse, startVendor } from '../support/agent/vendor.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { openStream } from '../support/http/events.ts';
import { images, pngOf } from '../support/http/forms.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';
import { storageOf } from '../support/resources/files.ts';
import { limitSetter } from '../support/resources/quotas.ts';

const app = await startTestApp();
const { call, sql } = app;
const limit = await limitSetter(app);
const picture = (data: Buffer = images.png, mimeType = 'image/png') =>
  gemini.parts({ inlineData: { mimeType, data: data.toString('base64') }, thoughtSignature: 'sig-image' });

/** A user with a thread whose runs are answered by a scripted model that produces images. */
async function openStudio(...script: ScriptedResponse[]) {
  const person = await app.signUp();
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  await addModel(app, person, await addProvider(app, person, { provider: 'gemini', base_url: vendor.origin }), {
    model: 'gemini-2.5-flash-image',
  });
  vendor.respondWith(...script);
  const threadId = await openThread(app, person, 'Draw a dot.');
  const start = () => startRun(app, person, threadId);
  return {
    ...{ person, vendor, threadId, start },
    async run() {
      const runId = await start();
      await openStream(app.url, runId, { token: person.token }).then(({ ended }) => ended);
      return expectRunInvariants(app, runId, person.token);
    },
    answer: async () => (await call('GET', `/v1/threads/${threadId}/messages`, { token: person.token })).body.at(-1),
  };
}

const rowsOf = ({ accountId }: Person) =>
  sql('select id, state, name, mime_type, size from attachments where account_id = $1 order by created_at', [accountId]);
const get = (key: string, token?: string, query = '') => call('GET', `/v1/attachments/${key}${query}`, token ? { token } : {});

test('images of a model are attachments of its answer: in the thread, its shares and later prompts, and removed with it', async () => {
  const studio = await openStudio(
    { steps: [gemini.text('Here it is.'), picture(), picture(images.webp, 'image/png'), gemini.stop()] },
    gemini.answer('Blue now.'),
  );
  const { person, vendor, threadId } = studio;
  const events = await studio.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const told = dataOf(events, 'message.image');
  expect(told).toMatchObject([
    { role: 'assistant', attachment: { filename: 'image-1.png', mime_type: 'image/png', size: images.png.length } },
    // The bytes decide about the type.
    { attachment: { filename: 'image-2.webp', mime_type: 'image/webp' } },
  ]);
  const parts = [{ type: 'text', text: 'Here it is.' }, ...told.map(({ attachment }) => ({ type: 'image', attachment }))];
  const answer = await studio.answer();
  expect(answer).toMatchObject({ role: 'assistant', completion: 'complete', content_json: { parts } });
  expect(answer.content).toBe('Here it is.\n\n[image: image-1.png]\n\n[image: image-2.webp]');
  const { key } = told[0]!.attachment!;
  const stored = await get(key, person.token);
  expect([stored.status, stored.headers.get('content-type'), stored.headers.get('content-length')]).toEqual([
    200,
    'image/png',
    String(images.png.length),
  ]);
  const stranger = await app.signUp();
  expect((await get(key, stranger.token)).status).toBe(404);

  const share = await call('POST', `/v1/threads/${threadId}:share`, { token: person.token, body: { access_type: 'public' } });
  const shareToken = share.body.token as string;
  const shared = await call('GET', `/v1/s/${shareToken}`);
  const sharedKey = shared.body.messages.at(-1).content_json.parts[1].attachment.key as string;
  expect(sharedKey).toMatch(/^attachments\/shared\//);
  expect((await get(sharedKey, undefined, `?share_token=${shareToken}`)).status).toBe(200);

  await call('POST', `/v1/threads/${threadId}/messages`, { token: person.token, body: { content: 'Make it blue.' } });
  await studio.run();
  expect(JSON.stringify(vendor.requests[1]!.body)).toContain('[image: image-1.png]');

  expect((await call('DELETE', `/v1/threads/${threadId}`, { token: person.token })).status).toBe(204);
  const storage = storageOf(app);
  const left = async () => {
    await removeAttachments({ database: app.database, storage });
    return rowsOf(person);
  };
  await expect.poll(left).toEqual([]);
  await storage.close();
});

test('images of an attempt that failed are not part of the answer, and are removed like unused uploads', async () => {
  const studio = await openStudio();
  const stored = () => expect.poll(async () => (await rowsOf(studio.person)).length).toBe(1);
  studio.vendor.respondWith(
    { steps: [gemini.text('half'), picture(images.webp), { wait: stored }, 'cut'] },
    { steps: [picture(), gemini.stop()] },
  );
  const events = await studio.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const [first, second] = dataOf(events, 'message.image');
  expect(dataOf(events, 'run.llm.retry')[0]!.discard_from_seq).toBeLessThan(events.find(({ type }) => type === 'message.image')!.seq + 1);
  expect(await studio.answer()).toMatchObject({
    content: `[image: ${second!.attachment!.filename}]`,
    content_json: { parts: [{ type: 'image', attachment: second!.attachment }] },
  });
  expect((await get(first!.attachment!.key, studio.person.token)).status).toBe(404);
  expect((await rowsOf(studio.person)).map(({ state }) => state)).toEqual(['staged', 'kept']);
  await sql("update attachments set created_at = now() - interval '25 hours' where account_id = $1", [studio.person.accountId]);
  const storage = storageOf(app);
  await removeAttachments({ database: app.database, storage });
  const kept = await rowsOf(studio.person);
  expect(kept.map(({ state }) => state)).toEqual(['kept']);
  const objects: string[] = [];
  for await (const object of storage.list(`attachments/${studio.person.accountId}/`)) objects.push(object);
  expect(objects).toEqual([`attachments/${studio.person.accountId}/${kept[0]!.id}`]);
  await storage.close();
});

test('a run that is stopped keeps its images, and a continued answer has those of both runs', async () => {
  const studio = await openStudio(
    { steps: [gemini.text('One. '), picture(), 'stall'] },
    { steps: [gemini.text('Two.'), picture(images.webp), gemini.stop()] },
  );
  const { person } = studio;
  const runId = await studio.start();
  const stream = await openStream(app.url, runId, { token: person.token });
  await stream.until(({ type }) => type === 'message.image');
  await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
  await stream.ended;
  expect(await studio.answer()).toMatchObject({ completion: 'stopped', content_json: { parts: [{ text: 'One. ' }, { type: 'image' }] } });
  const continued = await call('POST', `/v1/threads/${studio.threadId}:continue`, { token: person.token, body: { run_id: runId } });
  expect(continued.status).toBe(201);
  await openStream(app.url, continued.body.run_id ?? continued.body.id, { token: person.token }).then(({ ended }) => ended);
  const answer = await studio.answer();
  expect(answer).toMatchObject({
    completion: 'complete',
    content_json: { parts: [{ text: 'One. Two.' }, { type: 'image' }, { type: 'image' }] },
  });
  for (const { attachment } of answer.content_json.parts.slice(1)) expect((await get(attachment.key, person.token)).status).toBe(200);
});

test('an image that cannot be stored is named with its reason, and the run continues', async () => {
  const full = Array.from({ length: 11 }, () => picture());
  const bad = () => picture(Buffer.from('no image'));
  const huge = picture(pngOf(2 ** 31 - 1, 2 ** 31 - 1));
  const studio = await openStudio({ steps: [bad(), huge, ...full, gemini.text('Done.'), gemini.stop()] });
  const told = dataOf(await studio.run(), 'message.image');
  expect(told.map(({ error }) => error?.message)).toEqual([
    'It is not a PNG, JPEG, GIF or WebP image.',
    'It has more than 50 megapixels.',
    ...Array(8).fill(undefined),
    'An answer has at most 8 images.',
  ]);
  expect((await studio.answer()).content_json.parts).toHaveLength(9);

  const poor = await openStudio({ steps: [gemini.text('Look.'), picture(), gemini.stop()] });
  await limit(poor.person, 'quota.attachment_bytes', 10);
  const [refused] = dataOf(await poor.run(), 'message.image');
  expect(refused).toMatchObject({ error: { error_class: 'attachment.not_stored', message: expect.stringContaining('10 bytes') } });
  const answer = await poor.answer();
  expect(answer.content).toBe('Look.');
  expect(answer).not.toHaveProperty('content_json');
  expect(await rowsOf(poor.person)).toEqual([]);
});

test('an image that the store does not take does not count, and images of earlier attempts of the run do', async () => {
  const person = await app.signUp();
  const run = { account_id: person.accountId, created_by_user_id: person.id } as never;
  const stored = storageOf(app);
  const put = () => Promise.reject(new StorageUnavailable('unreachable'));
  const keeper = (storage: object, earlier: number) =>
    createImageKeeper({ database: app.database, storage: storage as never }, run, earlier);
  const data = images.png.toString('base64');
  const failing = keeper({ put, delete: (key: string) => stored.delete(key) }, 0);
  expect(await failing({ data })).toMatchObject({ error: { message: 'The store for attachments is not available.' } });
  expect(await rowsOf(person)).toEqual([]);
  const full = keeper(stored, 7);
  expect(await full({ data })).toMatchObject({ attachment: { filename: 'image-8.png' } });
  expect(await full({ data })).toMatchObject({ error: { message: 'An answer has at most 8 images.' } });
  await stored.close();
});

test("images of OpenAI's tool are attachments of the answer too", async () => {
  const person = await app.signUp();
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  const provider = { provider: 'openai', base_url: `${vendor.origin}/v1`, openai_api_mode: 'responses' };
  const advanced = (image_generation: unknown) => ({ model: 'gpt-test', advanced_json: { image_generation } });
  const added = await addProvider(app, person, provider);
  const rejected = await call('POST', `/v1/llm-providers/${added.id}/models`, { token: person.token, body: advanced('yes') });
  expect([rejected.status, rejected.body.details.issues[0].path]).toEqual([400, '/advanced_json/image_generation']);
  const priced = { model: 'gpt-test', advanced_json: { image_generation: { quality: 'low' }, image_usd: 0.05 } };
  const free = await call('POST', `/v1/llm-providers/${added.id}/models`, {
    token: person.token,
    body: { ...priced, advanced_json: { image_usd: '0' } },
  });
  expect(free.status).toBe(400);
  await addModel(app, person, added, priced);
  const item = {
    type: 'image_generation_call',
    id: 'ig_1',
    status: 'completed',
    output_format: 'png',
    result: images.png.toString('base64'),
  };
  vendor.respondWith({
    steps: [
      responses.created,
      responses.event({ type: 'response.output_item.done', output_index: 0, item }),
      responses.text('A dot.', 1),
      responses.completed({ output: [item], usage: { input_tokens: 400, output_tokens: 9 } }),
    ],
  });
  const threadId = await openThread(app, person, 'Draw a dot.');
  const runId = await startRun(app, person, threadId);
  await openStream(app.url, runId, { token: person.token }).then(({ ended }) => ended);
  const events = await expectRunInvariants(app, runId, person.token);
  const told = dataOf(events, 'message.image');
  expect(told).toMatchObject([{ attachment: { filename: 'image-1.png', size: images.png.length } }]);
  expect(vendor.requests[0]!.body.tools).toContainEqual({ type: 'image_generation', quality: 'low' });
  const answer = (await call('GET', `/v1/threads/${threadId}/messages`, { token: person.token })).body.at(-1);
  expect(answer.content).toBe('A dot.\n\n[image: image-1.png]');
  // Without the image, a run of so few tokens is free.
  expect(events.at(-1)).toMatchObject({ data: { usage: { input_tokens: 400, output_tokens: 9 }, cost: { amount_micros: 50_000 } } });
  const charged = await app.sql('select amount::int from credit_transactions where reference_id = $1', [runId]);
  expect(charged).toEqual([{ amount: -50 }]);
  expect((await get(told[0]!.attachment!.key, person.token)).status).toBe(200);
});
