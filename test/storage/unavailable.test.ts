import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { StorageState } from '../../contract/health.ts';
import { fileStorage } from '../../server/storage/filesystem.ts';
import { s3Storage } from '../../server/storage/s3.ts';
import { monitorStorage } from '../../server/storage/storageHealth.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { openStream } from '../support/http/events.ts';
import { images, stage } from '../support/http/forms.ts';
import { startRun } from '../support/resources/conversation.ts';
import { credentials, startS3 } from './s3Server.ts';

const folder = await mkdtemp(join(tmpdir(), 'arkloop-problems-'));
let server = await startS3(folder, 'arkloop');
const { endpoint } = server;
const stop = () => server.close();
const startAgain = async () => {
  server = await startS3(folder, 'arkloop', Number(new URL(endpoint).port));
};
afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});
const place = { endpoint, ...credentials, region: 'us-east-1', bucket: 'arkloop' };

const app = await startTestApp({
  ARKLOOP_STORAGE_BACKEND: 's3',
  ARKLOOP_S3_ENDPOINT: endpoint,
  ARKLOOP_S3_ACCESS_KEY: credentials.accessKey,
  ARKLOOP_S3_SECRET_KEY: credentials.secretKey,
});

/** Expects the state of a storage, which is logged unless it is `ok`. */
async function expectState(options: Partial<typeof place>, state: StorageState) {
  const storage = s3Storage({ ...place, ...options });
  onTestFinished(() => storage.close());
  const lines: { msg: string; reason: string }[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const monitor = monitorStorage(storage, log);
  onTestFinished(monitor.stop);
  const seen = async () => ({ state: await monitor.state(), logged: lines.map(({ reason }) => reason) });
  await expect.poll(seen).toEqual({ state, logged: state === 'ok' ? [] : [state] });
}

test('distinguishes unreachable storage, a missing bucket and wrong credentials', async () => {
  await expectState({}, 'ok');
  await expectState({ bucket: 'elsewhere' }, 'bucket_missing');
  await expectState({ accessKey: 'nobody' }, 'credentials_refused');
  await expectState({ endpoint: 'http://127.0.0.1:1' }, 'unreachable');
  const file = join(folder, 'a file');
  await writeFile(file, '');
  await expect(fileStorage(join(file, 'in it')).check()).rejects.toMatchObject({ reason: 'folder_unusable' });
  await expect(fileStorage(file).check()).rejects.toMatchObject({ reason: 'folder_unusable' });
  await expect(fileStorage(join(folder, 'not made yet')).check()).resolves.toBeUndefined();
});

test('reading from a missing bucket is an error', async () => {
  const storage = s3Storage({ ...place, bucket: 'elsewhere' });
  onTestFinished(() => storage.close());
  await expect(storage.get('a/b')).rejects.toMatchObject({ name: 'StorageUnavailable', reason: 'bucket_missing' });
});

test('a run whose image cannot be read fails as resumable, and a retry succeeds after storage has recovered', async () => {
  const { call } = app;
  const person = await app.signUp();
  const { token } = person;
  const { key, filename, mime_type, size } = (await stage(app, person, { filename: 'dot.png', content: images.png })).body;
  const threadId: string = (await call('POST', '/v1/threads', { token, body: { title: 'An album' } })).body.id;
  const parts = [
    { type: 'text', text: 'What is this?' },
    { type: 'image', attachment: { key, filename, mime_type, size } },
  ];
  expect((await call('POST', `/v1/threads/${threadId}/messages`, { token, body: { content_json: { parts } } })).status).toBe(201);
  const ended = async (runId: string) => {
    await openStream(app.url, runId, { token }).then(({ ended }) => ended);
    return (await expectRunInvariants(app, runId, token)).at(-1)!;
  };
  const state = async () => {
    const { status, body } = await call('GET', '/readyz');
    return [status, body.storage];
  };
  await expect.poll(state).toEqual([200, 'ok']);

  await stop();
  const runId = await startRun(app, person, threadId);
  expect(await ended(runId)).toMatchObject({ type: 'run.failed', data: { error_class: 'storage.unavailable', resumable: true } });
  await expect.poll(state).toEqual([200, 'unreachable']);

  await startAgain();
  // The run finished no turn, so it cannot be continued, only retried.
  const again = await call('POST', `/v1/threads/${threadId}:retry`, { token });
  expect([again.status, (await ended(again.body.run_id)).type]).toEqual([201, 'run.completed']);
  await expect.poll(state).toEqual([200, 'ok']);
});
