import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import type { ArchivePart } from '../../resources/runs/entity.ts';
import { readWhole, type Storage, StorageUnavailable } from '../../storage/storage.ts';
import { DamagedArchive, decodePart, eventsOf, maxCompressedBytes, partKey, type StoredEvent } from './archiveFormat.ts';

const selectArchive = statement<{ runId: string }>()((db, $) =>
  db
    .selectFrom('run_event_archives')
    .select(['run_id', 'account_id', sql<ArchivePart[]>`parts`.as('parts')])
    .where('run_id', '=', $.runId)
    .where('state', '=', sql.lit('kept' as const)),
);
type Archive = RowOf<typeof selectArchive>;

/** The archived events of one run. Keeps the part that was read last. */
export type ArchivedEvents = {
  /**
   * The events after `seq`, at most `limit`. Undefined if the run is not archived. Throws `DamagedArchive`, or `StorageUnavailable` if the
   * object store does not respond.
   */
  after(seq: number, limit: number): Promise<StoredEvent[] | undefined>;
};

export function openArchivedEvents(runId: string, database: Pick<Queryable, 'row'>, storage: Storage | undefined): ArchivedEvents {
  let archive: Archive | undefined;
  let recent: { number: number; events: StoredEvent[] } | undefined;

  async function eventsOfPart({ account_id: accountId, parts }: Archive, number: number): Promise<StoredEvent[]> {
    if (recent?.number === number) return recent.events;
    const events = eventsOf(await readPart(storage, partKey({ accountId, runId }, number), parts[number - 1]!), runId);
    recent = { number, events };
    return events;
  }

  async function read(from: Archive, seq: number, limit: number): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    for (const [at, { last_seq: last }] of from.parts.entries()) {
      if (last <= seq) continue;
      const events = await eventsOfPart(from, at + 1);
      found.push(...events.slice(Math.max(0, seq + 1 - events[0]!.seq)).slice(0, limit - found.length));
      if (found.length === limit) break;
    }
    return found;
  }

  return {
    async after(seq, limit) {
      archive ??= await database.row(selectArchive, { runId });
      if (!archive) return undefined;
      try {
        return await read(archive, seq, limit);
      } catch (error) {
        // The thread may have been deleted meanwhile.
        archive = await database.row(selectArchive, { runId });
        if (archive) throw error;
        return undefined;
      }
    },
  };
}

/** The uncompressed content of a part. Throws `DamagedArchive` and `StorageUnavailable`. */
export async function readPart(storage: Storage | undefined, key: string, part: ArchivePart): Promise<Buffer> {
  if (!storage) throw new StorageUnavailable('failing', new Error('events of runs are archived, but no object store is configured'));
  const object = await storage.get(key);
  if (!object) throw new DamagedArchive(key, 'there is no such object');
  const most = maxCompressedBytes(part);
  if (object.size > most) {
    object.close();
    throw new DamagedArchive(key, `its size is ${object.size} bytes, and at most ${most} were written`);
  }
  return decodePart(key, await readWhole(object, most), part);
}
