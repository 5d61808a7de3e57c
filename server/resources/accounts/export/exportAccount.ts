import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client, QueryConfig } from 'pg';
import { jsonLine, portablePath } from '../../../../contract/shared/text.ts';
import type { Database } from '../../../database/sql.ts';
import { bindValues, type RowOf, type Statement } from '../../../database/statement.ts';
import { type AttemptLimit, countAttempt } from '../../../http/pipeline/attemptLimits.ts';
import { whileAllowed } from '../../../http/pipeline/recheck.ts';
import type { Scope } from '../../../http/scope.ts';
import type { StreamBody } from '../../../http/sse.ts';
import { limiterKeyOf } from '../../../platform/limiterKey.ts';
import type { Storage } from '../../../storage/storage.ts';
import { objectKey } from '../../attachments/key.ts';
import type { ExportCall } from '../../exports/exportRows.ts';
import { atMinimumRate } from '../../exports/minimumRate.ts';
import { createPlaces, type Place } from '../../exports/places.ts';
import { openContent } from '../../workspaces/content.ts';
import { filesBelow } from '../../workspaces/folder.ts';
import { readManifest } from '../../workspaces/manifest.ts';
import * as queries from './queries.ts';

const limits = {
  /** Exports in progress in this process. Each holds a connection, which is not of the pool, and a snapshot of the database. */
  underway: { inAll: 2, perOwner: 1 },
  /** A client that reads nothing for this time is disconnected. */
  idleMs: 60_000,
  /** Of a whole export. A snapshot keeps PostgreSQL from removing dead rows. */
  totalMs: 30 * 60_000,
  /** Rows in memory. */
  rows: 500,
  /** Of one statement. The client waits a little longer than the server, as everywhere. */
  statementMs: 60_000,
  answerMs: 65_000,
};

const reason = 'account_export_rate_limited';
const startLimit = (accountId: string): AttemptLimit => ({
  bucket: limiterKeyOf('account-export', accountId),
  max: 30,
  seconds: 3_600,
  reason,
});

const takePlace = createPlaces('account-export', limits.underway, reason);

/**
 * The whole account as a zip file, of one moment: lines of JSON for each kind of row, and the files. It is made while it is sent, as
 * long as the caller has access. Throws 429 `account_export_rate_limited`.
 */
export async function exportAccount(scope: Scope, { closed, recheck }: ExportCall): Promise<{ name: string; body: StreamBody }> {
  const { app, db, accountId, actor, client } = scope;
  // An owner of several accounts has one place, too.
  const place = takePlace([accountId, actor.userId], closed);
  await countAttempt(db, [startLimit(accountId)]);
  scope.audit({ targetId: accountId });
  const onError = (error: unknown) => app.log.error({ err: error, trace_id: client.traceId }, 'an export was not sent to its end');
  const exported = { accountId, userId: actor.userId };
  return {
    name: `account-${accountId}.zip`,
    body: {
      attach(res) {
        if (res.req.method === 'HEAD') {
          place.leave();
          return void res.end();
        }
        res.setTimeout(limits.idleMs, () => res.destroy());
        const late = setTimeout(() => res.destroy(), limits.totalMs);
        const zip = atMinimumRate(whileAllowed(zipOf(scope, exported, place), recheck), place.rate, () => res.destroy());
        pipeline(Readable.from(zip, { objectMode: false }), res)
          .catch((error: Error & { code?: string }) => {
            if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error);
          })
          .finally(() => clearTimeout(late));
      },
    },
  };
}

/** The body of a generator runs, and so ends, only if it is read. */
async function* zipOf({ app }: Scope, exported: queries.Exported, place: Place): AsyncGenerator<Uint8Array> {
  place.hasBegun = true;
  try {
    const { makeZip } = await import('client-zip');
    yield* inSnapshot(app.database, (snapshot) => makeZip(entriesOf(snapshot, app.storage, exported)));
  } finally {
    place.leave();
  }
}

/** On a connection of its own: one of the pool would be missing there for as long as a slow client reads. */
async function* inSnapshot(database: Database, read: (snapshot: Client) => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const snapshot = await database.connect();
  try {
    // Between two statements, files are sent, which `limits` bounds.
    await snapshot.query(
      `begin isolation level repeatable read read only; set local statement_timeout = ${limits.statementMs}; set local idle_in_transaction_session_timeout = '31min'`,
    );
    yield* read(snapshot);
  } finally {
    // Ends the transaction, and with it the rows that were not fetched.
    snapshot.end().catch(() => {});
  }
}

type Entry = { name: string; input: AsyncIterable<Uint8Array> | string; lastModified?: Date };

async function* entriesOf(snapshot: Client, storage: Storage | undefined, exported: queries.Exported): AsyncGenerator<Entry> {
  const { rows } = await snapshot.query<{ at: string }>('select now() as at');
  const about = { format: 1, account_id: exported.accountId, exported_by: exported.userId, snapshot_at: rows[0]!.at };
  yield { name: 'export.json', input: `${JSON.stringify(about, undefined, 2)}\n` };
  for (const [name, statement] of Object.entries(queries.exportedRows))
    yield { name: `${name}.ndjson`, input: linesOf(rowsOf(snapshot, statement, exported)) };
  yield { name: 'attachments.ndjson', input: linesOf(rowsOf(snapshot, queries.exportedAttachments, exported)) };
  const missing: string[] = [];
  if (storage)
    for await (const { name, input } of filesOf(snapshot, storage, exported))
      if (input) yield { name, input };
      else missing.push(name);
  // Files are not part of the snapshot of the database.
  yield { name: 'missing_files.json', input: `${JSON.stringify(missing)}\n` };
}

/** The rows of a statement, a few at a time. A cursor of the transaction, so that memory is bounded and all statements see one snapshot. */
async function* rowsOf<Row>(
  snapshot: Client,
  statement: Statement<queries.Exported, Row>,
  exported: queries.Exported,
): AsyncGenerator<Row> {
  const cursor = `export_${statement.name}`;
  await snapshot.query(`declare "${cursor}" no scroll cursor for ${statement.text}`, bindValues(statement, exported));
  for (;;) {
    const fetchRows: QueryConfig & { query_timeout: number } = {
      text: `fetch ${limits.rows} from "${cursor}"`,
      query_timeout: limits.answerMs,
    };
    const { rows } = await snapshot.query(fetchRows);
    if (rows.length === 0) break;
    yield* rows as Row[];
  }
  await snapshot.query(`close "${cursor}"`);
}

async function* linesOf(rows: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  for await (const row of rows) yield Buffer.from(`${jsonLine(row)}\n`);
}

type File = { name: string; input: AsyncIterable<Uint8Array> | undefined };

async function* filesOf(snapshot: Client, storage: Storage, exported: queries.Exported): AsyncGenerator<File> {
  const { accountId } = exported;
  const object = async (key: string) => (await storage.get(key))?.chunks;
  for await (const { id, name } of rowsOf(snapshot, queries.exportedAttachments, exported))
    yield { name: `attachments/${id}/${name}`, input: await object(objectKey(accountId, id)) };
  for await (const { run_id: runId, parts } of rowsOf(snapshot, queries.exportedArchives, exported))
    for (let part = 1; part <= (parts?.length ?? 0); part++)
      yield { name: `run_events/${runId}.${part}.ndjson.gz`, input: await object(`run-events/${accountId}/${runId}.${part}.ndjson.gz`) };
  for await (const workspace of rowsOf(snapshot, queries.exportedWorkspaces, exported)) yield* workspaceFiles(storage, workspace);
}

type Workspace = RowOf<typeof queries.exportedWorkspaces>;

async function* workspaceFiles(
  storage: Storage,
  { project_id: id, workspace_ref: ref, manifest_rev: rev }: Workspace,
): AsyncGenerator<File> {
  const folder = `workspaces/${id}`;
  const entries = await readManifest(storage, ref, rev!);
  if (!entries) return yield { name: folder, input: undefined };
  for (const [path, entry] of filesBelow('/', entries)) {
    const file = await openContent(storage, ref, path, entry);
    yield { name: folder + portablePath(path), input: file?.chunks };
  }
}
