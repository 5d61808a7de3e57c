import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { MessagePart } from '../../../contract/messages.ts';
import { removeAttachments } from '../../../server/jobs/removeAttachments.ts';
import { loadModelParts, partsOf } from '../../../server/resources/messages/parts.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { images, stage, stagedText } from '../../support/http/forms.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { storageOf } from '../../support/resources/files.ts';

const app = await sharedTestApp();
const { sql, call, signUp, joinAccount } = app;
const [alice, bob] = [await signUp(), await signUp()];

const newThread = async ({ token }: Person, body: object = {}): Promise<string> =>
  (await call('POST', '/v1/threads', { token, body })).body.id;
const thread = await newThread(alice);
const text = (content: string): MessagePart => ({ type: 'text', text: content });
const attachment = (key: string, filename = 'named.txt') => ({ key, filename, mime_type: 'a/lie', size: 0 });
const file = (key: string, extracted_text?: string): MessagePart => ({
  type: 'file',
  attachment: attachment(key),
  ...(extracted_text !== undefined && { extracted_text }),
});
const image = (key: string): MessagePart => ({ type: 'image', attachment: attachment(key, 'photo.png') });
const send = (parts: unknown[], id = thread, { token }: Person = alice) =>
  call('POST', `/v1/threads/${id}/messages`, { token, body: { content_json: { parts } } });
const stageImage = async (by = alice, content = images.png): Promise<string> =>
  (await stage(app, by, { filename: 'p.png', content })).body.key;
const pathOf = (key: string) => `/v1/attachments/${key}`;
const get = (key: string, by = alice, accountId = by.accountId) =>
  call('GET', pathOf(key), { token: by.token, headers: { 'x-account-id': accountId } });
const attachedKeyOf = (staged: string) => staged.replace('staging/', 'attachments/');
const statesOf = async (...keys: string[]) =>
  (await sql('select state from attachments where id = any($1)', [keys.map((key) => key.split('/')[2])])).map(({ state }) => state);

test('text parts are merged before the image that follows them, and the image moves to the thread', async () => {
  const key = await stageImage();
  const sent = await send([text('one'), image(key), text(' \n'), text('two')]);
  const stored = { key: attachedKeyOf(key), filename: 'photo.png', mime_type: 'image/png', size: images.png.length };
  expect([sent.status, sent.body.content, sent.body.content_json]).toEqual([
    201,
    'one\n\ntwo\n\n[image: photo.png]',
    { parts: [text('one\n\ntwo'), { type: 'image', attachment: stored }] },
  ]);
  expect((await call('GET', `/v1/threads/${thread}/messages?limit=1`, { token: alice.token })).body).toEqual([sent.body]);
  expect([(await get(key)).status, (await get(attachedKeyOf(key))).status]).toEqual([404, 200]);
  expect(statusAndReason(await send([image(key)]))).toEqual([400, 'attachment_not_found']);
  expect((await send([image(attachedKeyOf(key))])).body.content).toBe('[image: photo.png]');
});

test('content has the names and texts of files, cut at the maximum length', async () => {
  const [a, b] = [await stagedText(app, alice), await stagedText(app, alice)];
  const { body } = await send([file(a), text('see'), file(b, '👍'.repeat(20_000))]);
  expect(body.content).toBe([...`[file: named.txt]\n\nsee\n\n[file: named.txt]\n${'👍'.repeat(20_000)}`].slice(0, 20_000).join(''));
  expect(body.content_json.parts[2].extracted_text).toBe('👍'.repeat(20_000));
});

test('a key of another user or account and an unknown key get the same error', async () => {
  await joinAccount(bob, alice, 'admin');
  const foreign = await stageImage(bob);
  const inBobs = await newThread(bob);
  await send([image(foreign)], inBobs, bob);
  const hers = await stageImage();
  const wrong = [
    foreign,
    attachedKeyOf(foreign),
    foreign.replace(bob.accountId, alice.accountId),
    `staging/${alice.accountId}/${randomUUID()}/p.png`,
    `attachments/${alice.accountId}/${randomUUID()}/p.png`,
    attachedKeyOf(hers),
    `${hers}x`,
    'x',
    '../../etc',
  ];
  const answers = [];
  for (const key of wrong) answers.push(await send([text('x'), image(key)]));
  // A member of the account who did not upload it.
  const headers = { 'x-account-id': alice.accountId };
  const bobsHere = (await call('POST', '/v1/threads', { token: bob.token, headers, body: {} })).body.id;
  const body = { content_json: { parts: [text('x'), image(hers)] } };
  answers.push(await call('POST', `/v1/threads/${bobsHere}/messages`, { token: bob.token, headers, body }));
  for (const { status, body } of answers) expect([status, { ...body, trace_id: '' }]).toEqual([400, { ...answers[0]!.body, trace_id: '' }]);
  expect([statusAndReason(answers[0]!), issuesOf(answers[0]!)]).toEqual([
    [400, 'attachment_not_found'],
    [400, [['body', '/content_json/parts/1/attachment/key']]],
  ]);
  expect(await statesOf(hers)).toEqual(['staged']);
});

test('a rejected message leaves its attachments staged', async () => {
  const [key, other] = [await stageImage(), await stagedText(app, alice)];
  for (const [parts, path] of [
    [[image(key), image('x')], '/content_json/parts/1/attachment/key'],
    [[file(key)], '/content_json/parts/0/attachment'],
    [[image(key), image(other)], '/content_json/parts/1/attachment'],
    [[image(key), text('x'.repeat(20_001))], '/content_json/parts'],
    [[image(key), ...Array.from({ length: 8 }, () => file(other))], '/content_json/parts'],
    [[file(other, 'x'.repeat(20_001)), file(other, 'x'.repeat(20_000))], '/content_json/parts'],
    [[{ ...image(key), more: 1 }], '/content_json/parts/0/more'],
    [[{ type: 'image', attachment: { key } }], expect.stringMatching('/content_json/parts/0/attachment/')],
    [[{ type: 'sound', attachment: attachment(key) }], '/content_json/parts/0/type'],
  ] as const) {
    const { status, body } = await send(parts as unknown as unknown[]);
    expect([status, body.details.issues[0].path]).toEqual([400, path]);
  }
  expect((await send([image(key)], randomUUID())).status).toBe(404);
  expect(await statesOf(key, other)).toEqual(['staged', 'staged']);
  // Eight attachments are allowed, and one may be used twice.
  expect((await send([image(key), ...Array.from({ length: 7 }, () => file(other))])).status).toBe(201);
});

test('attachments of a message are limited to 20 MiB in total', async () => {
  const large = (size: number) => stageImage(alice, Buffer.concat([images.png, Buffer.alloc(size - images.png.length)]));
  // An upload from before the size limit for single images.
  const sized = async (megabytes: number) => {
    const key = await stageImage();
    await app.sql('update attachments set size = $2 where id::text = $1', [key.split('/')[2], megabytes * 2 ** 20]);
    return key;
  };
  const [fifth, half, small] = [await large(3.5 * 2 ** 20), await sized(10), await stageImage()];
  const five = Array.from({ length: 5 }, () => image(fifth));
  expect((await send([...five, image(await sized(2.5)), image(small)])).status).toBe(400);
  expect((await send([image(half), image(half), image(small)])).status).toBe(400);
  expect((await send([...five, image(await sized(2.5))])).status).toBe(201);
  expect((await send([image(half), image(half)])).status).toBe(201);
});

test('of two parallel messages with the same upload, exactly one succeeds', async () => {
  for (let round = 0; round < 10; round++) {
    const keys = [await stageImage(), await stageImage()];
    const answers = await Promise.all([send(keys.map(image)), send(keys.toReversed().map(image))]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400]);
  }
});

test('every reader of a thread can read its attachments', async () => {
  const { token, accountId } = alice;
  const reader = await signUp();
  await joinAccount(reader, alice);
  const project = (await call('POST', '/v1/projects', { token, body: { name: 'Ours', visibility: 'shared' } })).body.id;
  const [shared, own] = [await newThread(alice, { project_id: project }), await newThread(alice)];
  const [seen, unseen] = [await stageImage(), await stageImage()];
  await send([image(seen)], shared);
  await send([image(unseen)], own);
  const asReader = (staged: string) => get(attachedKeyOf(staged), reader, accountId).then(({ status }) => status);
  expect([await asReader(seen), await asReader(unseen)]).toEqual([200, 404]);
  // The reader may use it in their own message, where it stays when the first thread is deleted.
  const headers = { 'x-account-id': accountId };
  const his = (await call('POST', '/v1/threads', { token: reader.token, headers, body: {} })).body.id;
  const parts = { content_json: { parts: [image(attachedKeyOf(seen))] } };
  expect((await call('POST', `/v1/threads/${his}/messages`, { token: reader.token, headers, body: parts })).status).toBe(201);
  await call('DELETE', `/v1/threads/${shared}`, { token });
  expect([(await get(attachedKeyOf(seen))).status, await asReader(seen)]).toEqual([404, 200]);
});

test('plain content replaces the text of a message and keeps its attachments', async () => {
  const id = await newThread(alice);
  const key = await stageImage();
  const sent = await send([image(key), text('before')], id);
  const edit = (body: object) => call('PATCH', `/v1/threads/${id}/messages/${sent.body.id}`, { token: alice.token, body });
  const now = async () => (await call('GET', `/v1/threads/${id}/messages`, { token: alice.token })).body[0];
  const settle = () => sql(`update runs set status = 'completed', completed_at = now() where thread_id = $1`, [id]);
  expect((await edit({ content: ' after ' })).status).toBe(201);
  const [picturePart] = sent.body.content_json.parts;
  expect(await now()).toMatchObject({ content: '[image: photo.png]\n\n after ', content_json: { parts: [picturePart, text(' after ')] } });
  await settle();
  expect((await edit({ content_json: { parts: [picturePart] } })).status).toBe(201);
  await settle();
  await edit({ content: 'above' });
  expect((await now()).content_json).toEqual({ parts: [text('above'), picturePart] });
  await settle();
  await edit({ content_json: { parts: [text('alone')] } });
  expect([(await now()).content_json, (await get(attachedKeyOf(key))).status]).toEqual([{ parts: [text('alone')] }, 200]);
});

test('the model gets text, images as base64, and files as text', async () => {
  const [key, noted] = [await stageImage(), await stagedText(app, alice, 'from the file')];
  const { body } = await send([text('look'), image(key), file(noted)]);
  const storage = storageOf(app);
  expect(await loadModelParts(storage, partsOf(body))).toEqual([
    { type: 'text', text: 'look' },
    { type: 'image', mime_type: 'image/png', data: images.png.toString('base64') },
    { type: 'text', text: '[file: named.txt]\nfrom the file' },
  ]);
  expect(await loadModelParts(undefined, partsOf(body))).toMatchObject([
    { text: 'look' },
    { text: '[image: photo.png]' },
    { type: 'text' },
  ]);
  expect(partsOf({ content: 'plain', content_json: null })).toEqual([text('plain')]);
});

test('unused attachments are removed, and those used by another thread are kept', async () => {
  const { token } = alice;
  const storage = storageOf(app);
  const clean = () => removeAttachments({ database: app.database, storage });
  const exists = async (staged: string) => {
    const object = await storage.get(`attachments/${staged.split('/').slice(1, 3).join('/')}`);
    object?.close();
    return object !== undefined;
  };
  await clean();
  const [one, two] = [await newThread(alice), await newThread(alice)];
  const [fresh, old, own, both] = [await stageImage(), await stageImage(), await stageImage(), await stageImage()];
  await send([image(own), image(both)], one);
  await send([image(attachedKeyOf(both))], two);
  await sql(`update attachments set created_at = now() - interval '25 hours' where id <> $1`, [fresh.split('/')[2]]);
  await call('DELETE', `/v1/threads/${one}`, { token });
  expect([(await get(attachedKeyOf(own))).status, (await get(attachedKeyOf(both))).status]).toEqual([404, 200]);
  await clean();
  expect([await exists(fresh), await exists(old), await exists(own), await exists(both)]).toEqual([true, false, false, true]);
  expect([await statesOf(old, own), (await get(attachedKeyOf(both))).status]).toEqual([[], 200]);
  // Private threads are deleted completely.
  await sql('update threads set is_private = true, expires_at = now() where id = $1', [two]);
  await sql('delete from threads where id = $1', [two]);
  await clean();
  expect([await exists(both), await exists(fresh)]).toEqual([false, true]);
});

test('unused attachments are removed however many there are', async () => {
  const storage = storageOf(app);
  await removeAttachments({ database: app.database, storage });
  const left = await stageImage();
  await sql(
    `insert into attachments (account_id, id, state, uploader_user_id, name, mime_type, kind, size, sha256)
     select account_id, gen_random_uuid(), 'kept', uploader_user_id, name, mime_type, kind, size, sha256
     from attachments, generate_series(1, 1100) where id = $1`,
    [left.split('/')[2]],
  );
  expect(await removeAttachments({ database: app.database, storage })).toBe(1_100);
  expect(await statesOf(left)).toEqual(['staged']);
});

test('if storage fails, nothing is lost and the next run retries', async () => {
  const key = await stageImage();
  await sql(`update attachments set created_at = now() - interval '25 hours' where id = $1`, [key.split('/')[2]]);
  const storage = storageOf(app);
  const broken = { ...storage, delete: () => Promise.reject(new Error('down')) };
  await expect(removeAttachments({ database: app.database, storage: broken })).rejects.toThrow('down');
  expect([await statesOf(key), await removeAttachments({ database: app.database, storage })]).toEqual([['staged'], 1]);
});

test('a fork keeps the attachments of its messages when the original thread is deleted', async () => {
  const id = await newThread(alice);
  const [before, after] = [await stageImage(), await stageImage()];
  const { body: message } = await send([image(before)], id);
  await send([image(after)], id);
  const fork = await call('POST', `/v1/threads/${id}:fork`, { token: alice.token, body: { message_id: message.id } });
  expect(fork.status).toBe(201);
  await call('DELETE', `/v1/threads/${id}`, { token: alice.token });
  await removeAttachments({ database: app.database, storage: storageOf(app) });
  expect([(await get(attachedKeyOf(before))).status, (await get(attachedKeyOf(after))).status]).toEqual([200, 404]);
});

test('sending a message and removing its attachment are serialized', async () => {
  const storage = storageOf(app);
  for (let round = 0; round < 15; round++) {
    const key = await stageImage();
    await sql(`update attachments set created_at = now() - interval '25 hours' where id = $1`, [key.split('/')[2]]);
    const [sent] = await Promise.all([send([image(key)]), removeAttachments({ database: app.database, storage })]);
    expect((await get(attachedKeyOf(key))).status).toBe(sent.status === 201 ? 200 : 404);
  }
});
