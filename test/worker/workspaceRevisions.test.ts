import { pino } from 'pino';
import { expect, test } from 'vitest';
import { removeOldRevisions } from '../../server/jobs/workspaces.ts';
import { StorageUnavailable } from '../../server/kernel/storage.ts';
import { listObjects, revisionIn } from '../../server/resources/workspaces/manifest.ts';
import { desks } from '../setup/desk.ts';
import { storageOf } from '../setup/files.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { database, sql } = world;
const [storage, desk] = [storageOf(world), desks(world)];
const log = pino({ level: 'silent' });
const sweep = (store = storage) => removeOldRevisions({ database, storage: store, log });

const objects = (ref: string) => Array.fromAsync(listObjects(storage, ref));
const revisions = async (ref: string) => (await objects(ref)).flatMap((name) => revisionIn(name) ?? []);

/** A desk whose files were written two hours ago, one revision for each of `texts`. */
async function aged(texts: readonly string[]) {
  const seat = await desk();
  for (const content of texts) await seat.use('write', { path: 'a', content });
  const [{ workspace_ref: ref }] = await sql('select workspace_ref from workspaces where owner_user_id = $1', [seat.me.id]);
  await ageRevisions(ref);
  return { ...seat, ref: ref as string };
}

/** The time of a revision is in its name. */
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

test('what was replaced an hour ago goes, and the newest stays whole', async () => {
  const { ref, use, file } = await aged(['one', 'two', 'three', 'four']);
  await use('write', { path: 'b', content: 'one' });
  await due(ref);
  expect(await stored(ref)).toEqual([5, 4]);
  // Of five revisions two are kept; "two" and "three" are named by neither.
  expect(await sweep()).toBe(5);
  expect(await stored(ref)).toEqual([2, 2]);
  expect([await (await file('/a')).text(), await (await file('/b')).text()]).toEqual(['four', 'one']);
  expect(await sweep()).toBe(0);
});

test('what is young stays, and is looked at again', async () => {
  const seat = await desk();
  for (const content of ['one', 'two', 'three', 'four']) await seat.use('write', { path: 'a', content });
  const [{ workspace_ref: ref }] = await sql('select workspace_ref from workspaces where owner_user_id = $1', [seat.me.id]);
  await due(ref);
  expect([await sweep(), await stored(ref)]).toEqual([0, [4, 4]]);
  await ageRevisions(ref);
  expect([await sweep(), await stored(ref)]).toEqual([4, [2, 2]]);
  const [{ leftovers_since: since }] = await sql('select leftovers_since from workspaces where workspace_ref = $1', [ref]);
  expect(since).toBe(null);
});

test('a content that is written while it is removed is there in the end', async () => {
  for (let round = 0; round < 10; round++) {
    const { use, file } = await aged(['old', 'two', 'three', 'four']);
    const [written] = await Promise.all([use('write', { path: 'b', content: 'old' }), sweep(), sweep()]);
    expect(written).toMatchObject({ path: '/b', size: 3 });
    expect([await (await file('/a')).text(), await (await file('/b')).text()]).toEqual(['four', 'old']);
  }
});

test('a write between whose content and name a sweep falls stores its content again', async () => {
  const { ref, file } = await aged(['old', 'two', 'three', 'four']);
  let swept = 0;
  const put: typeof storage.put = async (key, ...rest) => {
    await storage.put(key, ...rest);
    if (key.includes('/blobs/') && swept === 0) swept = await sweep();
  };
  const seat = await desk({}, { ...storage, put });
  expect(await seat.use('write', { path: 'b', content: 'x' }, undefined, await owner(ref))).toMatchObject({ size: 1 });
  expect(swept).toBeGreaterThan(0);
  expect(await (await file('/b')).text()).toBe('x');
});

/** The run of whoever owns a workspace, in no thread of his. */
const owner = async (ref: string) =>
  (await sql('select account_id, owner_user_id as created_by_user_id from workspaces where workspace_ref = $1', [ref]))[0];

test('one that cannot be read is left alone and keeps nobody waiting; a store that is down ends the sweep', async () => {
  const [broken, good] = [await aged(['1', '2', '3']), await aged(['1', '2', '3'])];
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

test('many leftovers go in batches', async () => {
  const { ref } = await aged(Array.from({ length: 120 }, (_, at) => `version ${at}`));
  expect([await sweep(), await stored(ref)]).toEqual([236, [2, 2]]);
});
