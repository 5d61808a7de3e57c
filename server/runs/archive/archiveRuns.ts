import type { Database } from '../../database/sql.ts';
import type { RowOf } from '../../database/statement.ts';
import { newId } from '../../platform/crypto/ids.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import type { ArchivePart } from '../../resources/runs/entity.ts';
import { type Storage, StorageUnavailable } from '../../storage/storage.ts';
import { readPart } from '../follow/archivedEvents.ts';
import { encodePart, lineOf, maxPartBytes, partKey, type RawEvent } from '../follow/archiveFormat.ts';
import { countEventBytes } from './eventBytes.ts';
import * as queries from './queries.ts';
import { removeParts } from './removeArchives.ts';

export type ArchiveDeps = { database: Database; storage: Storage; log: Log };

const zeroId = '00000000-0000-0000-0000-000000000000';

/**
 * Moves the events of runs that ended more than `days` days ago to the object store, one run after the other. Safe if several workers do it at
 * once, and if they are killed. Returns the number of runs. Stops early if the object store does not respond.
 */
export async function archiveRuns(
  deps: ArchiveDeps,
  { days, stopping, partBytes = maxPartBytes }: { days: number; stopping?: AbortSignal; partBytes?: number },
  at?: Date,
): Promise<number> {
  const age = { days, at: at?.toISOString() ?? null };
  let archived = 0;
  let after = zeroId;
  for (;;) {
    if (stopping?.aborted) return archived;
    const next = await deps.database.row(queries.selectNextRun, { after, ...age });
    if (!next) return archived;
    after = next.run_id;
    const run = await deps.database.row(queries.selectEndedRun, { id: after, ...age });
    try {
      if (!run || !(await archiveRun(deps, run, partBytes))) continue;
      archived += 1;
      metricsEvents.runArchived.emit('archived');
    } catch (error) {
      const isInterrupted = error instanceof StorageUnavailable;
      metricsEvents.runArchived.emit(isInterrupted ? 'interrupted' : 'failed');
      if (isInterrupted) throw error;
      deps.log.error({ err: error, run_id: after }, 'the events of a run were not archived');
    }
  }
}

type EndedRun = NonNullable<RowOf<typeof queries.selectEndedRun>>;

/** False if another worker has the run, or if it cannot be archived. */
async function archiveRun(deps: ArchiveDeps, run: EndedRun, partBytes: number): Promise<boolean> {
  const claim = { runId: run.id, claimId: newId() };
  if (run.is_deleted) return removeEvents(deps.database, run, claim);
  if ((await deps.database.run(queries.claimRun, { ...claim, accountId: run.account_id })) === 0) return false;
  const written = await writeParts(deps, run, partBytes);
  const isKept = written !== undefined && (await replaceEvents(deps.database, claim, written));
  if (!isKept) await withdraw(deps, run, claim);
  return isKept;
}

type Written = { parts: ArchivePart[]; bytes: number; lastSeq: number; summary: queries.Summary };

/**
 * Stores each part and reads it back. Undefined if events are missing. The last part is stored only if all events were read: another writer may
 * have archived the run meanwhile, and its part must not be replaced by a shorter one.
 */
async function writeParts(
  { database, storage }: ArchiveDeps,
  { id: runId, account_id: accountId, next_seq: nextSeq }: EndedRun,
  partBytes: number,
): Promise<Written | undefined> {
  const summary = createSummary();
  const parts: ArchivePart[] = [];
  let bytes = 0;
  let lastSeq = 0;
  let lines: Buffer[] = [];
  let size = 0;
  const store = async () => {
    const encoded = await encodePart(Buffer.concat(lines), lastSeq);
    const key = partKey({ accountId, runId }, parts.length + 1);
    await storage.put(key, encoded.bytes, 'application/gzip');
    await readPart(storage, key, encoded.part);
    parts.push(encoded.part);
    bytes += encoded.bytes.length;
    [lines, size] = [[], 0];
  };
  for await (const event of eventsOfRun(database, runId)) {
    if (event.seq !== lastSeq + 1) break;
    lastSeq = event.seq;
    summary.add(event);
    const line = Buffer.from(lineOf(event));
    lines.push(line);
    size += line.length;
    if (size >= partBytes) await store();
  }
  if (lastSeq !== nextSeq - 1) return undefined;
  if (size > 0) await store();
  return { parts, bytes, lastSeq, summary: summary.result() };
}

/** The most events per read. */
const batch = 500;

async function* eventsOfRun(database: Database, runId: string): AsyncGenerator<RawEvent> {
  for (let after = 0; ;) {
    const events = await database.rows(queries.selectRawEvents, { runId, after, limit: batch });
    if (events.length === 0) return;
    yield* events;
    after = events.at(-1)!.seq;
  }
}

/** Collects what statements about the events of a run need. */
function createSummary() {
  const counts: Record<string, number> = {};
  const inputKeys: string[] = [];
  let tailMessageId: string | null = null;
  return {
    add({ seq, type, data }: RawEvent) {
      counts[type] = (counts[type] ?? 0) + 1;
      if (seq === 1) tailMessageId = (JSON.parse(data) as { thread_tail_message_id?: string }).thread_tail_message_id ?? null;
      if (type !== 'run.input_provided') return;
      const { input_key: key } = JSON.parse(data) as { input_key?: string };
      if (key !== undefined) inputKeys.push(key);
    },
    result: (): queries.Summary => ({
      eventCount: Object.values(counts).reduce((sum, count) => sum + count, 0),
      eventCounts: JSON.stringify(counts),
      tailMessageId,
      inputKeys: inputKeys.length > 0 ? inputKeys : null,
    }),
  };
}

/** In one transaction, the archive becomes the place of the events. False if the run or its thread has changed, or another writer has the run. */
const replaceEvents = (database: Database, claim: queries.Claim, { parts, bytes, lastSeq, summary }: Written): Promise<boolean> =>
  database.transaction(async (tx) => {
    const run = await tx.row(queries.lockEndedRun, { id: claim.runId });
    if (!run || run.is_deleted || run.next_seq !== lastSeq + 1) return false;
    if ((await tx.run(queries.markKept, { ...claim, ...summary, parts: JSON.stringify(parts), bytes })) === 0) return false;
    const deleted = await tx.run(queries.deleteEvents, { runId: claim.runId });
    await tx.row(countEventBytes, { runIds: [claim.runId] });
    if (deleted !== summary.eventCount) throw new Error(`${summary.eventCount} events were archived, but ${deleted} were stored`);
    return true;
  });

/**
 * Removes what this writer stored, unless another writer may have stored the same. That is impossible once the objects wait for removal, or the run
 * is gone.
 */
const withdraw = ({ database, storage, log }: ArchiveDeps, { id: runId, account_id: accountId }: EndedRun, { claimId }: queries.Claim) =>
  database.transaction(async (tx) => {
    const found = await tx.row(queries.lockClaim, { runId });
    const isOwn = found?.state === 'writing' && found.claim_id === claimId;
    const isUnused = found ? found.state === 'removing' || found.state === 'removed' : !(await tx.row(queries.lockEndedRun, { id: runId }));
    if (isOwn || isUnused) await removeParts(storage, { accountId, runId }, null);
    if (!isOwn) return;
    await tx.run(queries.deleteArchive, { runId });
    log.warn({ run_id: runId }, 'events of a run are missing, so the others are not archived');
  });

/** Deletes the events of a run in a deleted thread, which nobody can read any more. Only their counts are kept. */
async function removeEvents(database: Database, run: EndedRun, claim: queries.Claim): Promise<boolean> {
  const summary = createSummary();
  for await (const event of eventsOfRun(database, run.id)) summary.add(event);
  return database.transaction(async (tx) => {
    if ((await tx.run(queries.insertRemoved, { ...claim, accountId: run.account_id, ...summary.result() })) === 0) return false;
    await tx.run(queries.deleteEvents, { runId: run.id });
    await tx.row(countEventBytes, { runIds: [run.id] });
    return true;
  });
}
