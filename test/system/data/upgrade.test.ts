import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { migrate } from '../../../server/database/migrate.ts';
import { readManifest } from '../../../server/processes/backup/manifest.ts';
import { restoreBackup, verifyBackup } from '../../../server/processes/backup/restore.ts';
import { fileStorage } from '../../../server/storage/filesystem.ts';
import { emptyDatabase, freshDatabase, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { audit, summarize } from '../../support/auditor/audit.ts';
import { readAll } from '../../support/http/events.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { type Read, releasedLogin, releases, schemaOf, unpackRelease } from './released.ts';

const folder = mkdtempSync(join(tmpdir(), 'arkloop-upgrade-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Restores the data of a release into a database of its schema, and upgrades it. */
async function upgrade(release: string) {
  const path = join(folder, release);
  const { schema, reads } = unpackRelease(release, path);
  const content = await readManifest(path);
  expect(content.version).toBe(release);
  await verifyBackup(path, content);
  const databaseUrl = await emptyDatabase();
  await migrate(databaseUrl, content.migrations);
  expect(await schemaOf(databaseUrl), 'migrations that were released do not change').toEqual(schema);
  const storageRoot = join(folder, `${release}-storage`);
  await restoreBackup({ databaseUrl, storage: fileStorage(storageRoot), folder: path, content });
  expect(await schemaOf(databaseUrl)).toEqual(await schemaOf(await freshDatabase()));
  expect(summarize(await audit({ databaseUrl, encryptionKeys: testKeys.encryptionKeys, isSettled: true }))).toEqual([]);
  return { databaseUrl, env: { ARKLOOP_STORAGE_ROOT: storageRoot }, reads };
}

test('data of release 0.1.0 is upgraded, readable and usable', async () => {
  const { databaseUrl, env } = await upgrade('0.1.0');
  // Without a worker, which would remove what has expired since.
  const { call, url } = await startTestApp(env, { databaseUrl, worker: false });
  const signedIn = await call('POST', '/v1/auth/login', { body: releasedLogin });
  const token: string = signedIn.body.access_token;
  const get = async (at: string, as = token) => (await call('GET', at, { token: as })).body;
  const threads = await get('/v1/threads');
  expect(threads).toMatchObject([{ title: 'Kept thread' }]);
  const messages = await get(`/v1/threads/${threads[0].id}/messages`);
  expect(messages.map(({ role, content: text }: { role: string; content: string }) => `${role}: ${text}`)).toEqual([
    'user: Hello from 0.1.0',
    'user: with a file\n\n[file: note.txt]',
    'assistant: stub delta 1stub delta 2stub delta 3',
    'user: And again',
    'assistant: stub delta 1stub delta 2stub delta 3',
    'user: And again',
  ]);
  const { key } = messages[1].content_json.parts[1].attachment;
  expect((await call('GET', `/v1/attachments/${key}`, { token })).text).toBe('attached text');
  const runs = await get(`/v1/threads/${threads[0].id}/runs`);
  expect(runs.map(({ status }: { status: string }) => status)).toEqual(['completed', 'completed']);
  const events = await readAll(url, runs[0].run_id, token);
  expect(events.map(({ type }) => type)).toEqual([
    ...['run.started', 'worker.job.received', 'run.route.selected'],
    ...['message.delta', 'message.delta', 'message.delta', 'llm.turn.completed', 'run.completed'],
  ]);
  expect(await get('/v1/threads/search?q=hello')).toHaveLength(1);
  expect(await get('/v1/me/credits')).toMatchObject({ balance: 1120 });
  expect(await get('/v1/threads', 'al_5izX7uFUV4Bg6eUh7EY1t0oiM20uSrQK')).toHaveLength(1);
  expect((await call('GET', '/v1/s/uMNSrjBHun1CXVe4W6bHpb')).status).toBe(200);
  for (const [at, item] of Object.entries({
    '/v1/projects': { name: 'Kept project' },
    '/v1/personas': { persona_key: 'kept' },
    '/v1/teams': { name: 'Kept team' },
    '/v1/llm-providers': { name: 'Kept provider' },
    '/v1/mcp-configs': { name: 'kept' },
    '/v1/webhook-endpoints': { url: 'http://127.0.0.1:9/hook' },
  }))
    expect(await get(at), at).toEqual(expect.arrayContaining([expect.objectContaining(item)]));

  const working = await startTestApp(env, { databaseUrl });
  const run = await working.call('POST', `/v1/threads/${threads[0].id}/runs`, { token, body: {} });
  expect(run.status, run.text).toBe(201);
  await eventually(async () => (await get(`/v1/runs/${run.body.run_id}`)).status === 'completed', 'a run in the old thread');
});

test.each(releases().filter((each) => each !== '0.1.0'))(
  'every response of release %s is the same after the upgrade, except for additions',
  async (release) => {
    const { databaseUrl, env, reads } = await upgrade(release);
    const { call } = await startTestApp(env, { databaseUrl, worker: false });
    const signedIn = await call('POST', '/v1/auth/login', { body: releasedLogin });
    const tokenOf = (as: Read['as']) => (as === 'user' ? (signedIn.body.access_token as string) : as === 'nobody' ? undefined : as.key);
    expect(reads!.length).toBeGreaterThan(15);
    for (const { path, as, body } of reads!) {
      const token = tokenOf(as);
      const answer = await call('GET', path, token === undefined ? {} : { token });
      const found = typeof body === 'string' ? answer.text : answer.body;
      if (typeof body === 'string') expect(found, path).toBe(body);
      else expect(found, path).toMatchObject(body as object);
    }
  },
);
