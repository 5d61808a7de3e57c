import { sql } from 'kysely';
import { firstIdAt } from '../database/connection/clock.ts';
import type { Database, Queryable } from '../database/sql.ts';
import { type RowOf, statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { deleteObject, listObjects, objectsOf, readRevision, revisionOfObject } from '../resources/workspaces/manifest.ts';
import { releaseObjects } from '../resources/workspaces/queries.ts';
import { type Storage, StorageUnavailable } from '../storage/storage.ts';

type Deps = { database: Database; storage: Storage | undefined; log: Log };

/** A writer that publishes a revision waits for the lock, detects the sweep, and stores its content again. */
const lockNext = statement()((db) =>
  db
    .selectFrom('workspaces as w')
    .innerJoin('projects as p', (join) => join.onRef('p.account_id', '=', 'w.account_id').onRef('p.id', '=', 'w.project_id'))
    .innerJoin('accounts as a', 'a.id', 'w.account_id')
    .select([
      'w.account_id',
      'w.workspace_ref',
      'w.manifest_rev',
      sql<boolean>`(p.deleted_at is not null or a.deleted_at is not null)`.as('is_gone'),
      firstIdAt(sql`(now() - interval '1 hour')`).as('young'),
    ])
    .where('w.leftovers_since', '<', sql<string>`now() - interval '1 hour'`)
    .orderBy('w.leftovers_since')
    .limit(sql.lit(1))
    .forUpdate('w')
    .skipLocked(),
);

type Workspace = RowOf<typeof lockNext>;

/**
 * `all`: everything replaced was removed. `some`: the next batch follows. `young`: some is too recent. `gone`: the
 * project or account was deleted. `later`: the workspace could not be read.
 */
type SweepResult = 'all' | 'some' | 'young' | 'gone' | 'later';
type One = { accountId: string; ref: string };

const markSwept = statement<One & { left: SweepResult }>()((db, $) =>
  db
    .updateTable('workspaces as w')
    .set({
      sweeps: sql<number>`w.sweeps + 1`,
      manifest_rev: sql<string | null>`case when ${$.left}::text = 'gone' then null else w.manifest_rev end`,
      leftovers_since: sql<
        string | null
      >`case when ${$.left}::text in ('all', 'gone') then null when ${$.left}::text = 'some' then w.leftovers_since else now() end`,
    })
    .where('w.account_id', '=', $.accountId)
    .where('w.workspace_ref', '=', $.ref),
);

/** Keeps only the rows of the objects that are kept. */
const keepObjects = statement<One & { names: readonly string[] }>()((db, $) =>
  db
    .deleteFrom('workspace_objects')
    .where('account_id', '=', $.accountId)
    .where('workspace_ref', '=', $.ref)
    .where(sql<boolean>`name <> all (${$.names}::text[])`),
);

/** Adds rows for objects that were stored before objects were counted. */
const countObjects = statement<One & { names: readonly string[]; sizes: readonly number[] }>()((db, $) =>
  db
    .insertInto('workspace_objects')
    .columns(['account_id', 'workspace_ref', 'name', 'size'])
    .expression((eb) =>
      eb
        .selectFrom(sql<{ name: string; size: number }>`unnest(${$.names}::text[], ${$.sizes}::bigint[])`.as<'o'>(sql`o (name, size)`))
        .select([sql<string>`${$.accountId}::uuid`.as('account_id'), sql<string>`${$.ref}::text`.as('workspace_ref'), 'o.name', 'o.size']),
    )
    .onConflict((conflict) => conflict.doNothing()),
);

/** Objects removed under one lock, at most. Limits how long a write waits. */
const batch = 200;
/** The rest is removed in the next hour. */
const maxPasses = 10_000;

/** Removes objects that were replaced by newer revisions more than an hour ago. Returns the number of removed objects. */
export async function removeOldRevisions({ database, storage, log }: Deps): Promise<number> {
  let removed = 0;
  if (!storage) return removed;
  for (let pass = 0; pass < maxPasses; pass++) {
    const found = await database.transaction((tx) => sweepNext(tx, storage, log));
    if (found === undefined) break;
    removed += found;
  }
  return removed;
}

/** Sweeps the workspace that has waited longest. Undefined if none is due. A workspace that cannot be read is skipped for an hour. */
async function sweepNext(tx: Queryable, storage: Storage, log: Log): Promise<number | undefined> {
  const workspace = await tx.row(lockNext);
  if (!workspace) return undefined;
  const { account_id, workspace_ref } = workspace;
  try {
    const { removed, left } = await removeReplaced(tx, storage, workspace);
    await tx.run(markSwept, { accountId: account_id, ref: workspace_ref, left });
    return removed;
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    log.warn({ err: error, workspace_ref }, 'old files of a workspace were not removed');
    await tx.run(markSwept, { accountId: account_id, ref: workspace_ref, left: 'later' });
    return 0;
  }
}

async function removeReplaced(tx: Queryable, storage: Storage, workspace: Workspace) {
  const { account_id: accountId, workspace_ref: ref, manifest_rev: current, is_gone: isGone, young } = workspace;
  const names = await Array.fromAsync(listObjects(storage, ref));
  const revs = names.flatMap((name) => revisionOfObject(name) ?? []).sort();
  const kept = isGone ? new Map<string, number>() : await readKept(storage, ref, keptRevisions(revs, current, young));
  // Manifests first: a content object must outlive the last revision that references it.
  const unused = names
    .filter((name) => !kept.has(name))
    .sort((a, b) => Number(revisionOfObject(a) === undefined) - Number(revisionOfObject(b) === undefined));
  const removed = unused.slice(0, batch);
  for (const name of removed) await deleteObject(storage, ref, name);
  if (removed.length < unused.length) {
    await tx.run(releaseObjects, { accountId, ref, names: removed });
    return { removed: removed.length, left: 'some' } as const;
  }
  const stored = names.filter((name) => kept.has(name));
  await tx.run(keepObjects, { accountId, ref, names: stored });
  await tx.run(countObjects, { accountId, ref, names: stored, sizes: stored.map((name) => kept.get(name)!) });
  const left = isGone ? 'gone' : revs.some((rev) => rev > young && rev !== current) ? 'young' : 'all';
  return { removed: removed.length, left } as const;
}

/** Also keeps the last two revisions: a reader may have looked up the newest one and still be reading the one before. */
const keptRevisions = (revs: readonly string[], current: string | null, young: string) =>
  new Set([...(current === null ? [] : [current]), ...revs.slice(-2), ...revs.filter((rev) => rev > young)]);

/** Name and size of every object of these revisions. */
async function readKept(storage: Storage, ref: string, revs: ReadonlySet<string>): Promise<Map<string, number>> {
  const kept = new Map<string, number>();
  for (const rev of revs) {
    const revision = await readRevision(storage, ref, rev);
    if (revision) for (const [name, size] of objectsOf(rev, revision.size, revision.entries)) kept.set(name, size);
  }
  return kept;
}
