import { pino } from 'pino';
import { expect, test } from 'vitest';
import { removeOldRevisions } from '../../server/jobs/sweepWorkspaces.ts';
import { createWorkspaceChanger, setFile } from '../../server/resources/workspaces/change.ts';
import { listObjects, revisionOfObject } from '../../server/resources/workspaces/manifest.ts';
import { findOrCreateWorkspace } from '../../server/resources/workspaces/service.ts';
import { StorageUnavailable } from '../../server/storage/storage.ts';
import { workspaceToolsFactory } from '../support/agent/workspaceTools.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { storageOf } from '../support/resources/files.ts';

const app = await startTestApp({}, { worker: false });
const { database, sql } = app;
const [storage, openTools] = [storageOf(app), workspaceToolsFactory(app)];
const log = pino({ level: 'silent' });
const sweep = (store = storage) => removeOldRevisions({ database, storage: store, log });

const objects = (ref: string) => Array.fromAsync(listObjects(storage, ref));
const revisions = async (ref: string) => (await objects(ref)).flatMap((name) => revisionOfObject(name) ?? []);

/** Opens a workspace with one two-hour-old revision per text. */
async function openAgedWorkspace(texts: readonly string[]) {
  const tools = await openTools();
  for (const content of texts) await tools.use('write', { path: 'a', content });
  const [{ workspace_ref: ref }] = await sql('select workspace_ref from workspaces where owner_user_id = $1', [tools.me.id]);
  await ageRevisions(ref);
  return { ...tools, ref: ref as string };
}

/** Moves the revisions back by two hours. The name of a revision contains its time (UUIDv7). */
async function ageRevisions(ref: string) {
  for (const rev of await revisions(ref)) {
    const time = (Number.parseInt(rev.replaceAll('-', '').slice(0, 12), 16) - 7_200_000).toString(16).padStart(12, '0');
    const older = `${time.slice(0, 8)}-${time.slice(8)}${rev.slice(13)}`;
    const key = (name: string) => `workspaces/${ref}/manifests/${name}.json`;
    const object = (await storage.get(key(rev)))!;
    await storage.put(key(older), Buffer.concat(await Array.fromAsync(object.chunks)), 'application/json');
    await storage.delete(key(rev));
    await sql('update workspaces set manifest_rev = $2 where workspace_ref = $1 and manifest_rev = $3', [ref, older, rev]);
  }
  await due(ref);
}
const due = (ref: string) => sql(`update workspaces set leftovers_since = now() - interval '2 hours' where workspace_ref = $1`, [ref]);

const stored = async (ref: string) => {
  const [all, manifests] = [await objects(ref), await revisions(ref)];
  return [manifests.length, all.length - manifests.length];
};

test('revisions replaced over an hour ago are deleted, and the newest stays complete', async () => {
  const { ref, use, file } = await openAgedWorkspace(['one', 'two', 'three', 'four']);
  await use('write', { path: 'b', content: 'one' });
  await due(ref);
  expect(await stored(ref)).toEqual([5, 4]);
  // Two of five revisions are kept. Neither refers to the contents "two" and "three".
  expect(await sweep()).toBe(5);
  expect(await stored(ref)).toEqual([2, 2]);
  expect([await (await file('/a')).text(), await (await file('/b')).text()]).toEqual(['four', 'one']);
  expect(await sweep()).toBe(0);
});

test('recent revisions are kept and checked again', async () => {
  const tools = await openTools();
  for (const content of ['one', 'two', 'three', 'four']) await tools.use('write', { path: 'a', content });
  const [{ workspace_ref: ref }] = await sql('select workspace_ref from workspaces where owner_user_id = $1', [tools.me.id]);
  await due(ref);
  expect([await sweep(), await stored(ref)]).toEqual([0, [4, 4]]);
  await ageRevisions(ref);
  expect([await sweep(), await stored(ref)]).toEqual([4, [2, 2]]);
  const [{ leftovers_since: since }] = await sql('select leftovers_since from workspaces where workspace_ref = $1', [ref]);
  expect(since).toBe(null);
});

test('content written again while the sweep deletes it is kept', async () => {
  for (let round = 0; round < 10; round++) {
    const { use, file } = await openAgedWorkspace(['old', 'two', 'three', 'four']);
    const [written] = await Promise.all([use('write', { path: 'b', content: 'old' }), sweep(), sweep()]);
    expect(written).toMatchObject({ path: '/b', size: 3 });
    expect([await (await file('/a')).text(), await (await file('/b')).text()]).toEqual(['four', 'old']);
  }
});

test('a write stores its content again if a sweep runs before its manifest is written', async () => {
  const { ref, file } = await openAgedWorkspace(['old', 'two', 'three', 'four']);
  let swept = 0;
  const put: typeof storage.put = async (key, ...rest) => {
    await storage.put(key, ...rest);
    if (key.includes('/blobs/') && swept === 0) swept = await sweep();
  };
  const tools = await openTools({}, { ...storage, put });
  expect(await tools.use('write', { path: 'b', content: 'x' }, undefined, await owner(ref))).toMatchObject({ size: 1 });
  expect(swept).toBeGreaterThan(0);
  expect(await (await file('/b')).text()).toBe('x');
});

/** A run of the owner of the workspace, without a thread. */
const owner = async (ref: string) =>
  (await sql('select account_id, owner_user_id as created_by_user_id from workspaces where workspace_ref = $1', [ref]))[0];

test('an unreadable workspace is skipped, and unavailable storage ends the sweep', async () => {
  const [broken, good] = [await openAgedWorkspace(['1', '2', '3']), await openAgedWorkspace(['1', '2', '3'])];
  const [{ manifest_rev: rev }] = await sql('select manifest_rev from workspaces where workspace_ref = $1', [broken.ref]);
  await storage.put(`workspaces/${broken.ref}/manifests/${rev}.json`, Buffer.from('{'), 'application/json');
  const down: typeof storage.get = async () => {
    throw new StorageUnavailable('unreachable');
  };
  await expect(sweep({ ...storage, get: down })).rejects.toThrow(StorageUnavailable);
  expect([await stored(broken.ref), await stored(good.ref)]).toEqual([
    [3, 3],
    [3, 3],
  ]);
  expect(await sweep()).toBe(2);
  expect([await stored(broken.ref), await stored(good.ref)]).toEqual([
    [3, 3],
    [2, 2],
  ]);
  expect(await sweep()).toBe(0);
});

test('many old objects are deleted in batches', async () => {
  const { ref } = await openAgedWorkspace(Array.from({ length: 120 }, (_, at) => `version ${at}`));
  expect([await sweep(), await stored(ref)]).toEqual([236, [2, 2]]);
});

test('a change to a workspace that is removed while its contents are stored leaves nothing in the object store', async () => {
  const { me, ref } = await openAgedWorkspace(['one']);
  const [{ project_id: projectId }] = await sql('select project_id from workspaces where workspace_ref = $1', [ref]);
  for (const name of await objects(ref)) await storage.delete(`workspaces/${ref}/${name}`);
  await sql('update workspaces set manifest_rev = null where workspace_ref = $1', [ref]);
  const put: typeof storage.put = async (...args) => {
    await sql('delete from workspaces where workspace_ref = $1', [ref]);
    await storage.put(...args);
  };
  const gone = new Error('gone');
  let looks = 0;
  const find = async () => {
    if (looks++ > 1) throw gone;
    return findOrCreateWorkspace(database, { accountId: me.accountId, userId: me.id, projectId });
  };
  const change = createWorkspaceChanger({ database, storage: { ...storage, put } });
  const edit = (draft: Parameters<typeof setFile>[0]) => setFile(draft, '/late.txt', Buffer.from('late'));
  await expect(change(find, { edit, addsBytes: true })).rejects.toThrow(gone);
  expect([looks, await objects(ref)]).toEqual([3, []]);
});
