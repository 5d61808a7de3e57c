import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { s3Storage } from '../../../server/storage/s3.ts';
import { readWhole } from '../../../server/storage/storage.ts';
import { freePort } from '../../support/app/ports.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { answersAt, python, startServer } from '../../support/checks/counterparts.ts';
import { openStream } from '../../support/http/events.ts';
import { images, stage } from '../../support/http/forms.ts';
import { startRun } from '../../support/resources/conversation.ts';

const keys = { accessKey: 'AKIAEXAMPLE', secretKey: 'not a real one', region: 'us-east-1' };

/** Starts Moto with one bucket. With `strict`, Moto rejects all credentials once the bucket exists. */
async function startMoto(strict = false) {
  const bin = await python('moto[server]==5.2.5');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const env = strict ? { INITIAL_NO_AUTH_ACTION_COUNT: '1' } : {};
  const server = await startServer(bin('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], answersAt(`${endpoint}/moto-api/`), env);
  expect((await fetch(`${endpoint}/arkloop`, { method: 'PUT' })).status).toBe(200);
  return { ...server, endpoint };
}

const storeAt = (endpoint: string, bucket = 'arkloop') => {
  const storage = s3Storage({ endpoint, bucket, ...keys });
  onTestFinished(() => storage.close());
  return storage;
};

test('objects are stored, read, listed across pages and deleted', async () => {
  const { endpoint } = await startMoto();
  const storage = storeAt(endpoint);
  await expect(storage.check()).resolves.toBeUndefined();
  const bytes = randomBytes(3_000_001);
  await storage.put('a/large', bytes, 'application/octet-stream');
  expect((await readWhole((await storage.get('a/large'))!, bytes.length)).equals(bytes)).toBe(true);
  expect(await storage.get('a/none')).toBeUndefined();
  const names = Array.from({ length: 203 }, (_, at) => `many/${String(at).padStart(3, '0')}`);
  for (const name of names) await storage.put(name, Buffer.from(name), 'text/plain');
  expect((await Array.fromAsync(storage.list('many/'))).sort()).toEqual(names);
  await storage.delete('a/large');
  expect(await Array.fromAsync(storage.list('a/'))).toEqual([]);
});

test('a missing bucket, invalid credentials and an unreachable store are distinguished', async () => {
  const { endpoint, stop } = await startMoto();
  await expect(storeAt(endpoint, 'elsewhere').check()).rejects.toMatchObject({ reason: 'bucket_missing' });
  await expect(storeAt(endpoint, 'elsewhere').get('a/b')).rejects.toMatchObject({ reason: 'bucket_missing' });
  await expect(storeAt((await startMoto(true)).endpoint).check()).rejects.toMatchObject({ reason: 'credentials_refused' });
  await stop();
  await expect(storeAt(endpoint).check()).rejects.toMatchObject({ reason: 'unreachable' });
});

test('an installation stores attachments in it, and a run reads them', async () => {
  const { endpoint } = await startMoto();
  const app = await startTestApp({
    ...{ ARKLOOP_STORAGE_BACKEND: 's3', ARKLOOP_S3_ENDPOINT: endpoint },
    ...{ ARKLOOP_S3_ACCESS_KEY: keys.accessKey, ARKLOOP_S3_SECRET_KEY: keys.secretKey },
  });
  const person = await app.signUp();
  const { token } = person;
  await expect.poll(async () => (await app.call('GET', '/readyz')).body).toMatchObject({ storage: 'ok' });
  const { key, filename, mime_type, size } = (await stage(app, person, { filename: 'dot.png', content: images.png })).body;
  const threadId: string = (await app.call('POST', '/v1/threads', { token, body: { title: 'An album' } })).body.id;
  const parts = [{ type: 'image', attachment: { key, filename, mime_type, size } }];
  expect((await app.call('POST', `/v1/threads/${threadId}/messages`, { token, body: { content_json: { parts } } })).status).toBe(201);
  const stream = await openStream(app.url, await startRun(app, person, threadId), { token });
  await stream.ended;
  expect(stream.events.at(-1)?.type).toBe('run.completed');
});
