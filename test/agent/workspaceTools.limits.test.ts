import { createHash } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { removeOldRevisions } from '../../server/jobs/workspaces.ts';
import { StorageUnavailable } from '../../server/kernel/storage.ts';
import { revisionOf } from '../../server/resources/workspaces/manifest.ts';
import { desks } from '../setup/desk.ts';
import { storageOf } from '../setup/files.ts';
import { expectCounted, limiter, storageUsed } from '../setup/quotas.ts';
import { atOnce } from '../setup/race.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { sql } = world;
const [storage, desk] = [storageOf(world), desks(world)];

const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex');
const failed = { failed: 'tool.execution_failed' };

describe('a workspace that is full', () => {
  test('takes no file more than 5 000, but others in their place', async () => {
    const { use, write } = await desk();
    const one = { type: 'file' as const, size: 1, sha256: sha256('x') };
    await write({}, [{ path: '/d', type: 'dir' }, ...Array.from({ length: 4_999 }, (_, at) => ({ ...one, path: `/d/${at}` }))]);
    expect(await use('write', { path: 'last', content: 'x' })).toMatchObject({ size: 1 });
    expect(await use('write', { path: 'more', content: 'x' })).toEqual(failed);
    expect(await use('write', { path: 'last', content: 'xx' })).toMatchObject({ size: 2 });
  });

  test('takes no byte more than 200 MiB', async () => {
    const { use, write } = await desk();
    const most = 200 * 2 ** 20;
    await write({}, [{ path: '/big', type: 'file', size: most - 10, sha256: sha256('x') }]);
    expect(await use('write', { path: 'rest', content: 'x'.repeat(11) })).toEqual(failed);
    expect(await use('write', { path: 'rest', content: 'x'.repeat(10) })).toMatchObject({ size: 10 });
    expect([await use('write', { path: 'more', content: 'x' }), await use('write', { path: 'none', content: '' })]).toMatchObject([
      failed,
      { size: 0 },
    ]);
    expect(await use('write', { path: 'big', content: 'x' })).toMatchObject({ size: 1 });
  });

  test('takes no names that could not be read again', () => {
    // A control character is six bytes of JSON.
    const names = Array.from({ length: 2_800 }, (_, at) => ({ path: `/${at}${'\u0001'.repeat(4_000)}`, type: 'dir' as const }));
    expect(() => revisionOf(names)).toThrow(RangeError);
  });
});

test('a write that fails half-way leaves everything as it was', async () => {
  for (const part of ['blobs', 'manifests']) {
    const put: typeof storage.put = async (key, ...rest) => {
      if (key.includes(`/${part}/`)) throw new StorageUnavailable('failing');
      return storage.put(key, ...rest);
    };
    const { use, write, list, file } = await desk({}, { ...storage, put });
    await write({ '/a': 'before' });
    for (const path of ['a', 'b']) expect(await use('write', { path, content: 'after' })).toEqual({ failed: 'tool.not_available' });
    expect((await list()).body.items).toMatchObject([{ name: 'a', size: 6 }]);
    expect(await (await file('/a')).text()).toBe('before');
  }
});

test('damage is told without a word of what lies where', async () => {
  const { use, write } = await desk();
  const { ref, rev } = await write({ '/a': 'before' });
  await storage.put(`workspaces/${ref}/blobs/${sha256('before')}`, Buffer.from('forged'), 'text/plain');
  await expect(use('read', { path: 'a' })).rejects.toThrow('damaged');
  await storage.put(`workspaces/${ref}/manifests/${rev}.json`, Buffer.from('{"entries":[{"path":"/../x","type":"dir"}]}'), 'text/plain');
  for (const [name, args] of [
    ['list', {}],
    ['read', { path: 'a' }],
    ['write', { path: 'a', content: 'x' }],
  ] as const)
    await expect(use(name, args)).rejects.toThrow('outside of its workspace');
});

test('of fifty writes at once by two processes none is lost', async () => {
  const { process, use, list, me } = await desk();
  const both = [process(), process()];
  const made = await atOnce(50, (at) => both[at % 2]!('write', { path: `${at}.txt`, content: String(at) }));
  expect(made.filter(({ failed }) => failed)).toEqual([]);
  const names = (await list()).body.items.map(({ name }: { name: string }) => name);
  expect(names.sort()).toEqual(Array.from({ length: 50 }, (_, at) => `${at}.txt`).sort());
  for (const at of [0, 24, 49]) expect((await use('read', { path: `${at}.txt` })).content).toBe(String(at));
  // Revisions that came too late are gone.
  const [{ workspace_ref: ref }] = await sql('select workspace_ref from workspaces where owner_user_id = $1', [me.id]);
  const revisions: string[] = [];
  for await (const key of storage.list(`workspaces/${ref}/manifests/`)) revisions.push(key);
  expect(revisions).toHaveLength(50);
});

test('a call that was stopped writes nothing', async () => {
  const { use, list } = await desk();
  await expect(use('write', { path: 'a', content: 'a' }, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  const stop = new AbortController();
  const calls = atOnce(5, (at) => use('write', { path: `${at}`, content: 'a' }, stop.signal).catch(() => undefined));
  stop.abort(new Error('stopped'));
  expect(await calls).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect((await list()).body.items).toEqual([]);
  expect(await use('write', { path: 'b', content: 'b' })).toMatchObject({ size: 1 });
});

test('thirty writes at once by two processes stay within the quota of the account', async () => {
  const { process, list, me } = await desk();
  const limit = await limiter(world);
  await limit(me, 'quota.workspace_bytes', 20_000);
  const both = [process(), process()];
  const made = await atOnce(30, (at) => both[at % 2]!('write', { path: `${at}.txt`, content: String(at % 10).repeat(1_000 + at) }));
  const written = made.filter(({ failed }) => !failed);
  expect([written.length > 3, written.length < 20]).toEqual([true, true]);
  expect((await list()).body.items).toHaveLength(written.length);
  expect((await storageUsed(world, me)).workspaces).toBeLessThanOrEqual(20_000);
  await expectCounted(world);
});

test('what could not be stored is counted no more after the next sweep', async () => {
  const put: typeof storage.put = async () => Promise.reject(new StorageUnavailable('failing'));
  const { use, me } = await desk({}, { ...storage, put });
  expect(await use('write', { path: 'a', content: 'x'.repeat(500) })).toEqual({ failed: 'tool.not_available' });
  expect((await storageUsed(world, me)).workspaces).toBeGreaterThan(500);
  await sql(`update workspaces set leftovers_since = now() - interval '2 hours' where owner_user_id = $1`, [me.id]);
  await removeOldRevisions({ database: world.database, storage, log: pino({ level: 'silent' }) });
  expect((await storageUsed(world, me)).workspaces).toBe(0);
});

test('what was stored before it was counted is counted by the next sweep', async () => {
  const { use, me } = await desk();
  await use('write', { path: 'a', content: 'x'.repeat(500) });
  const { workspaces: used } = await storageUsed(world, me);
  await sql('delete from workspace_objects where account_id = $1', [me.accountId]);
  expect((await storageUsed(world, me)).workspaces).toBe(0);
  await sql(`update workspaces set leftovers_since = now() - interval '2 hours' where owner_user_id = $1`, [me.id]);
  await removeOldRevisions({ database: world.database, storage, log: pino({ level: 'silent' }) });
  expect((await storageUsed(world, me)).workspaces).toBe(used);
});
