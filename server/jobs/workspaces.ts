import { firstIdOf } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { type Database, type Sql, statement } from '../kernel/sql.ts';
import { type Storage, StorageUnavailable } from '../kernel/storage.ts';
import { blobKey, dropManifest, listBlobs, listManifests, readManifest } from '../resources/workspaces/manifest.ts';

type Workspace = { account_id: string; workspace_ref: string; manifest_rev: string };
type Deps = { database: Database; storage: Storage | undefined; log: Log };

/** Whoever publishes a revision waits for the lock, sees that there was a sweep, and stores his content again. */
const lockNext = statement<Workspace>(`
  select account_id, workspace_ref, manifest_rev from workspaces
  where leftovers_since < now() - interval '1 hour' and manifest_rev is not null
  order by leftovers_since limit 1 for update skip locked`);
const markSwept = statement<never>(`
  update workspaces set sweeps = sweeps + 1, leftovers_since = case $3 when 'all' then null when 'some' then leftovers_since else now() end
  where account_id = $1 and workspace_ref = $2`);

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
    const { removed, left } = await removeReplaced(storage, workspace);
    await tx.run(markSwept, [account_id, workspace_ref, left]);
    return removed;
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    log.warn({ err: error, workspace_ref }, 'old files of a workspace were not removed');
    await tx.run(markSwept, [account_id, workspace_ref, 'later']);
    return 0;
  }
}

/** `left`: whether all is gone that was replaced, some of it waits for the next batch, or some is too young. */
async function removeReplaced(storage: Storage, { workspace_ref: ref, manifest_rev: current }: Workspace) {
  const revs = (await Array.fromAsync(listManifests(storage, ref))).sort();
  const young = firstIdOf(new Date(Date.now() - hour));
  // The last but one may be what somebody is about to read who looked up a moment ago which is the newest.
  const kept = new Set([current, ...revs.slice(-2), ...revs.filter((rev) => rev > young)]);
  const contents = new Set<string>();
  for (const rev of kept)
    for (const { sha256 } of (await readManifest(storage, ref, rev))?.values() ?? []) if (sha256) contents.add(sha256);
  let removed = 0;
  for (const rev of revs) {
    if (kept.has(rev)) continue;
    if (removed++ === batch) return { removed: batch, left: 'some' } as const;
    await dropManifest(storage, ref, rev);
  }
  for await (const hash of listBlobs(storage, ref)) {
    if (contents.has(hash)) continue;
    if (removed++ === batch) return { removed: batch, left: 'some' } as const;
    await storage.delete(blobKey(ref, hash));
  }
  return { removed, left: revs.some((rev) => rev > young && rev !== current) ? ('young' as const) : ('all' as const) };
}
