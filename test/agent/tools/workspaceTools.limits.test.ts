import { createHash } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { removeOldRevisions } from '../../../server/jobs/sweepWorkspaces.ts';
import { buildRevision } from '../../../server/resources/workspaces/manifest.ts';
import { StorageUnavailable } from '../../../server/storage/storage.ts';
import { workspaceToolsFactory } from '../../support/agent/workspaceTools.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { storageOf } from '../../support/resources/files.ts';
import { expectQuotaCounters, limitSetter, storageUsed } from '../../support/resources/quotas.ts';

const app = await sharedTestApp();
const { sql } = app;
const [storage, openTools] = [storageOf(app), workspaceToolsFactory(app)];

const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex');
const failed = { failed: 'tool.execution_failed' };

describe('a full workspace', () => {
  test('rejects more than 5,000 files, but allows replacing them', async () => {
    const { use, write } = await openTools();
    const one = { type: 'file' as const, size: 1, sha256: sha256('x') };
    await write({}, [{ path: '/d', type: 'dir' }, ...Array.from({ length: 4_999 }, (_, at) => ({ ...one, path: `/d/${at}` }))]);
    expect(await use('write', { path: 'last', content: 'x' })).toMatchObject({ size: 1 });
    expect(await use('write', { path: 'more', content: 'x' })).toEqual(failed);
    expect(await use('write', { path: 'last', content: 'xx' })).toMatchObject({ size: 2 });
  });

  test('rejects more than 200 MiB', async () => {
    const { use, write } = await openTools();
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

  test('rejects names whose manifest would be too large to read', () => {
    // A control character takes six bytes in JSON.
    const names = Array.from({ length: 2_800 }, (_, at) => ({ path: `/${at}${'\u0001'.repeat(4_000)}`, type: 'dir' as const }));
    expect(() => buildRevision(names)).toThrow(RangeError);
  });
});

test('a partially failed write leaves the workspace unchanged', async () => {
  for (const part of ['blobs', 'manifests']) {
    const put: typeof storage.put = async (key, ...rest) => {
      if (key.includes(`/${part}/`)) throw new StorageUnavailable('failing');
      return storage.put(key, ...rest);
    };
    const { use, write, list, file } = await openTools({}, { ...storage, put });
    await write({ '/a': 'before' });
    for (const path of ['a', 'b']) expect(await use('write', { path, content: 'after' })).toEqual({ failed: 'tool.not_available' });
    expect((await list()).body.items).toMatchObject([{ name: 'a', size: 6 }]);
    expect(await (await file('/a')).text()).toBe('before');
  }
});

test('corrupt objects are reported without their storage location', async () => {
  const { use, write } = await openTools();
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

test('fifty concurrent writes by two processes are all stored', async () => {
  const { process, use, list, me } = await openTools();
  const both = [process(), process()];
  const made = await concurrently(50, (at) => both[at % 2]!('write', { path: `${at}.txt`, content: String(at) }));
  expect(made.filter(({ failed }) => failed)).toEqual([]);
  const names = (await list()).body.items.map(({ name }: { name: string }) => name);
  expect(names.sort()).toEqual(Array.from({ length: 50 }, (_, at) => `${at}.txt`).sort());
  for (const at of [0, 24, 49]) expect((await use('read', { path: `${at}.txt` })).content).toBe(String(at));
  // Manifests that lost a race are deleted.
  const [{ workspace_ref: ref }] = await sql('select workspace_ref from workspaces where owner_user_id = $1', [me.id]);
  const revisions: string[] = [];
  for await (const key of storage.list(`workspaces/${ref}/manifests/`)) revisions.push(key);
  expect(revisions).toHaveLength(50);
});

test('a stopped call writes nothing', async () => {
  const { use, list } = await openTools();
  await expect(use('write', { path: 'a', content: 'a' }, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  const stop = new AbortController();
  const calls = concurrently(5, (at) => use('write', { path: `${at}`, content: 'a' }, stop.signal).catch(() => undefined));
  stop.abort(new Error('stopped'));
  expect(await calls).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect((await list()).body.items).toEqual([]);
  expect(await use('write', { path: 'b', content: 'b' })).toMatchObject({ size: 1 });
});

test('thirty concurrent writes by two processes stay within the account quota', async () => {
  const { process, list, me } = await openTools();
  const limit = await limitSetter(app);
  await limit(me, 'quota.workspace_bytes', 20_000);
  const both = [process(), process()];
  const made = await concurrently(30, (at) => both[at % 2]!('write', { path: `${at}.txt`, content: String(at % 10).repeat(1_000 + at) }));
  const written = made.filter(({ failed }) => !failed);
  expect([written.length > 3, written.length < 20]).toEqual([true, true]);
  expect((await list()).body.items).toHaveLength(written.length);
  expect((await storageUsed(app, me)).workspaces).toBeLessThanOrEqual(20_000);
  await expectQuotaCounters(app);
});

test('an object that could not be stored is not counted after the next sweep', async () => {
  const put: typeof storage.put = async () => Promise.reject(new StorageUnavailable('failing'));
  const { use, me } = await openTools({}, { ...storage, put });
  expect(await use('write', { path: 'a', content: 'x'.repeat(500) })).toEqual({ failed: 'tool.not_available' });
  expect((await storageUsed(app, me)).workspaces).toBeGreaterThan(500);
  await sql(`update workspaces set leftovers_since = now() - interval '2 hours' where owner_user_id = $1`, [me.id]);
  await removeOldRevisions({ database: app.database, storage, log: pino({ level: 'silent' }) });
  expect((await storageUsed(app, me)).workspaces).toBe(0);
});

test('an uncounted stored object is counted by the next sweep', async () => {
  const { use, me } = await openTools();
  await use('write', { path: 'a', content: 'x'.repeat(500) });
  const { workspaces: used } = await storageUsed(app, me);
  await sql('delete from workspace_objects where account_id = $1', [me.accountId]);
  expect((await storageUsed(app, me)).workspaces).toBe(0);
  await sql(`update workspaces set leftovers_since = now() - interval '2 hours' where owner_user_id = $1`, [me.id]);
  await removeOldRevisions({ database: app.database, storage, log: pino({ level: 'silent' }) });
  expect((await storageUsed(app, me)).workspaces).toBe(used);
});
