import { sql } from 'kysely';
import type { Database, Queryable } from '../../database/sql.ts';
import { sqlStatement, statement, statementFamily } from '../../database/statement.ts';
import { objectKey } from '../../resources/attachments/key.ts';
import { deleteObject, listObjects, workspaceFolder } from '../../resources/workspaces/manifest.ts';
import { removeParts } from '../../runs/archive/removeArchives.ts';
import { type Storage, StorageUnavailable } from '../../storage/storage.ts';
import { detachedPartitionsOf } from '../partitions/partitions.ts';
import type { tablesWithOwnBatches } from './steps.ts';

type Deps = { database: Database; storage: Storage | undefined };
type Of = { accountId: string };
type Page = Of & { after: string; limit: number };
type Listed = Of & { ids: readonly string[] };

/** What a batch has deleted. `refs`: the workspaces among it. */
export type Deleted = { rows: number; files?: number; bytes?: number; refs?: readonly string[] };

/** Deletes the rows of a batch, whose objects are deleted already. */
type DeleteBatch = (tx: Queryable) => Promise<Deleted>;

const zeroId = '00000000-0000-0000-0000-000000000000';
const anyOf = (ids: unknown) => sql<string>`any(${ids}::uuid[])`;

const selectAttachments = statement<Page>()((db, $) =>
  db.selectFrom('attachments').select('id').where('account_id', '=', $.accountId).where('id', '>', $.after).orderBy('id').limit($.limit),
);
const deleteAttachments = statement<Listed>()((db, $) =>
  db.deleteFrom('attachments').where('account_id', '=', $.accountId).where('id', '=', anyOf($.ids)).returning('size'),
);

const selectArchives = statement<Page>()((db, $) =>
  db
    .selectFrom('run_event_archives')
    .select(['run_id', 'parts'])
    .where('account_id', '=', $.accountId)
    .where('run_id', '>', $.after)
    .orderBy('run_id')
    .limit($.limit),
);
const deleteArchives = statement<Listed>()((db, $) =>
  db
    .deleteFrom('run_event_archives')
    .where('account_id', '=', $.accountId)
    .where('run_id', '=', anyOf($.ids))
    .returning([sql<number>`case when state = 'removed' then 0 else coalesce(jsonb_array_length(parts), 0) end`.as('files'), 'bytes']),
);

const selectRuns = statement<Page>()((db, $) =>
  db.selectFrom('runs').select('id').where('account_id', '=', $.accountId).where('id', '>', $.after).orderBy('id').limit($.limit),
);
/** The runs were found in the account. */
const deleteEvents = statement<{ ids: readonly string[] }>()((db, $) => db.deleteFrom('run_events').where('run_id', '=', anyOf($.ids)));

// Templates, because detached partitions have no table types. They have the indexes of their table.
const deleteDetachedEvents = statementFamily({ default: 'run_events_default' }, (partition: string) =>
  sqlStatement<{ ids: readonly string[] }>()(($) => sql`delete from ${sql.table(partition)} where run_id = any(${$.ids}::uuid[])`),
);
const deleteDetachedEntries = statementFamily({ default: 'audit_logs_default' }, (partition: string) =>
  sqlStatement<Of>()(($) => sql`delete from ${sql.table(partition)} where account_id = ${$.accountId}::uuid`),
);

const deleteWorkspaceObjects = statement<Of & { limit: number }>({ bound: 'batch' })((db, $) =>
  db
    .deleteFrom('workspace_objects')
    .where('account_id', '=', $.accountId)
    .where(
      sql<boolean>`ctid = any(array(${db
        .selectFrom('workspace_objects as o')
        .select(sql`ctid`.as('ctid'))
        .where('o.account_id', '=', $.accountId)
        .limit($.limit)}))`,
    )
    .returning('size'),
);

const selectWorkspaces = statement<Of & { limit: number }>()((db, $) =>
  db.selectFrom('workspaces').select('workspace_ref').where('account_id', '=', $.accountId).limit($.limit),
);
const deleteWorkspaces = statement<Of & { refs: readonly string[] }>()((db, $) =>
  db
    .deleteFrom('workspaces')
    .where('account_id', '=', $.accountId)
    .where('workspace_ref', '=', sql<string>`any(${$.refs}::text[])`),
);

const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, each) => total + (each ?? 0), 0);

/** Rows exist only if there was an object store when they were written. */
function required(storage: Storage | undefined): Storage {
  if (!storage) throw new StorageUnavailable('unreachable');
  return storage;
}

/**
 * Tables with batches of their own. Objects are deleted before the rows that name them: after an interruption the rows are found again, and counted
 * once.
 */
export const ownBatches: Readonly<Record<(typeof tablesWithOwnBatches)[number], (deps: Deps, target: Of) => AsyncGenerator<DeleteBatch>>> =
  {
    async *attachments({ database, storage }, { accountId }) {
      for (let after = zeroId; ;) {
        const ids = (await database.rows(selectAttachments, { accountId, after, limit: 100 })).map(({ id }) => id);
        if (ids.length === 0) return;
        after = ids.at(-1)!;
        for (const id of ids) await required(storage).delete(objectKey(accountId, id));
        yield async (tx) => {
          const gone = await tx.rows(deleteAttachments, { accountId, ids });
          return { rows: gone.length, files: gone.length, bytes: sum(gone.map(({ size }) => size)) };
        };
      }
    },
    async *run_event_archives({ database, storage }, { accountId }) {
      for (let after = zeroId; ;) {
        const archives = await database.rows(selectArchives, { accountId, after, limit: 100 });
        const last = archives.at(-1);
        if (!last) return;
        after = last.run_id;
        for (const { run_id: runId, parts } of archives) await removeParts(required(storage), { accountId, runId }, parts);
        yield async (tx) => {
          const gone = await tx.rows(deleteArchives, { accountId, ids: archives.map(({ run_id }) => run_id) });
          return { rows: gone.length, files: sum(gone.map(({ files }) => files)), bytes: sum(gone.map(({ bytes }) => bytes)) };
        };
      }
    },
    async *run_events({ database }, { accountId }) {
      const detached = await detachedPartitionsOf(database, 'run_events');
      for (let after = zeroId; ;) {
        const ids = (await database.rows(selectRuns, { accountId, after, limit: 20 })).map(({ id }) => id);
        if (ids.length === 0) return;
        after = ids.at(-1)!;
        yield async (tx) => {
          let rows = await tx.run(deleteEvents, { ids });
          for (const { name } of detached) rows += await tx.run(deleteDetachedEvents(name), { ids });
          return { rows };
        };
      }
    },
    async *workspace_objects(_, { accountId }) {
      let hasMore = true;
      while (hasMore)
        yield async (tx) => {
          const gone = await tx.rows(deleteWorkspaceObjects, { accountId, limit: 1_000 });
          hasMore = gone.length > 0;
          return { rows: gone.length, files: gone.length, bytes: sum(gone.map(({ size }) => size)) };
        };
    },
    async *workspaces({ database, storage }, { accountId }) {
      for (;;) {
        const refs = (await database.rows(selectWorkspaces, { accountId, limit: 10 })).map(({ workspace_ref }) => workspace_ref);
        if (refs.length === 0) return;
        for (const ref of refs)
          for (const name of await Array.fromAsync(listObjects(required(storage), ref))) await deleteObject(required(storage), ref, name);
        yield async (tx) => ({ rows: await tx.run(deleteWorkspaces, { accountId, refs }), refs });
      }
    },
  };

/** Deletes the entries of an account from partitions of the audit log that wait to be dropped. */
export async function* detachedEntries({ database }: Deps, { accountId }: Of): AsyncGenerator<DeleteBatch> {
  for (const { name } of await detachedPartitionsOf(database, 'audit_logs'))
    yield async (tx) => ({ rows: await tx.run(deleteDetachedEntries(name), { accountId }) });
}

/** The keys of all objects that an account can have. */
export async function* objectsOfAccount(storage: Storage, accountId: string, refs: readonly string[]): AsyncGenerator<string> {
  yield* storage.list(`attachments/${accountId}/`);
  yield* storage.list(`run-events/${accountId}/`);
  for (const ref of refs) yield* storage.list(workspaceFolder(ref));
}
