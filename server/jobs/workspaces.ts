import { firstIdOf } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { type Database, type Sql, statement } from '../kernel/sql.ts';
import { type Storage, StorageUnavailable } from '../kernel/storage.ts';
import { dropObject, listObjects, objectsOf, readRevision, revisionIn } from '../resources/workspaces/manifest.ts';
import { releaseObjects } from '../resources/workspaces/queries.ts';

type Workspace = { account_id: string; workspace_ref: string; manifest_rev: string | null; is_gone: boolean };
type Deps = { database: Database; storage: Storage | undefined; log: Log };

/** A writer that publishes a revision waits for the lock, sees that there was a sweep, and stores its content again. */
const lockNext = statement<Workspace>(`
  select w.account_id, w.workspace_ref, w.manifest_rev, p.deleted_at is not null or a.deleted_at is not null as is_gone
  from workspaces w join projects p on p.account_id = w.account_id and p.id = w.project_id join accounts a on a.id = w.account_id
  where w.leftovers_since < now() - interval '1 hour' order by w.leftovers_since limit 1 for update of w skip locked`);
const markSwept = statement<never>(`
  update workspaces set sweeps = sweeps + 1, manifest_rev = case when $3 = 'gone' then null else manifest_rev end,
    leftovers_since = case when $3 in ('all', 'gone') then null when $3 = 'some' then leftovers_since else now() end
  where account_id = $1 and workspace_ref = $2`);

/** The rows become those of the objects that are kept. */
const keepObjects = statement<never>(
  'delete from workspace_objects where account_id = $1 and workspace_ref = $2 and name <> all ($3::text[])',
);
/** Objects that were stored before they were counted. */
const countObjects = statement<never>(`
  insert into workspace_objects (account_id, workspace_ref, name, size) select $1, $2, * from unnest($3::text[], $4::bigint[])
  on conflict do nothing`);

const hour = 3_600_000;

/** The most objects that are removed under one lock, so that no write waits for long. */
const batch = 200;
/** The rest waits for the next hour. */
const mostPasses = 10_000;

/** Remove what newer revisions of workspaces have replaced for an hour. Gives how many objects were removed. */
export async function removeOldRevisions({ database, storage, log }: Deps): Promise<number> {
  let removed = 0;
  if (!storage) return removed;
  for (let pass = 0; pass < mostPasses; pass++) {
    const found = await database.transaction((tx) => sweepNext(tx, storage, log));
    if (found === undefined) break;
    removed += found;
  }
  return removed;
}

/** Sweep the workspace that waits longest; undefined when none does. One that cannot be read is left alone for an hour. */
async function sweepNext(tx: Sql, storage: Storage, log: Log): Promise<number | undefined> {
  const workspace = await tx.row(lockNext);
  if (!workspace) return undefined;
  const { account_id, workspace_ref } = workspace;
  try {
    const { removed, left } = await removeReplaced(tx, storage, workspace);
    await tx.run(markSwept, [account_id, workspace_ref, left]);
    return removed;
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    log.warn({ err: error, workspace_ref }, 'old files of a workspace were not removed');
    await tx.run(markSwept, [account_id, workspace_ref, 'later']);
    return 0;
  }
}

/** `left`: whether all is removed that was replaced, some of it waits for the next batch, some is too young, or the whole workspace is gone. */
async function removeReplaced(tx: Sql, storage: Storage, workspace: Workspace) {
  const { account_id, workspace_ref: ref, manifest_rev: current, is_gone: isGone } = workspace;
  const names = await Array.fromAsync(listObjects(storage, ref));
  const revs = names.flatMap((name) => revisionIn(name) ?? []).sort();
  const young = firstIdOf(new Date(Date.now() - hour));
  const kept = isGone ? new Map<string, number>() : await readKept(storage, ref, keptRevisions(revs, current, young));
  // Manifests first: a content goes after the last revision that names it.
  const unused = names
    .filter((name) => !kept.has(name))
    .sort((a, b) => Number(revisionIn(a) === undefined) - Number(revisionIn(b) === undefined));
  const removed = unused.slice(0, batch);
  for (const name of removed) await dropObject(storage, ref, name);
  if (removed.length < unused.length) {
    await tx.run(releaseObjects, [account_id, ref, removed]);
    return { removed: removed.length, left: 'some' } as const;
  }
  const stored = names.filter((name) => kept.has(name));
  await tx.run(keepObjects, [account_id, ref, stored]);
  await tx.run(countObjects, [account_id, ref, stored, stored.map((name) => kept.get(name))]);
  const left = isGone ? 'gone' : revs.some((rev) => rev > young && rev !== current) ? 'young' : 'all';
  return { removed: removed.length, left } as const;
}

/** A reader that has just looked up the newest revision may still be about to read the one before it. */
const keptRevisions = (revs: readonly string[], current: string | null, young: string) =>
  new Set([...(current === null ? [] : [current]), ...revs.slice(-2), ...revs.filter((rev) => rev > young)]);

/** The objects of some revisions, with their sizes. */
async function readKept(storage: Storage, ref: string, revs: ReadonlySet<string>): Promise<Map<string, number>> {
  const kept = new Map<string, number>();
  for (const rev of revs) {
    const revision = await readRevision(storage, ref, rev);
    if (revision) for (const [name, size] of objectsOf(rev, revision.size, revision.entries)) kept.set(name, size);
  }
  return kept;
}
