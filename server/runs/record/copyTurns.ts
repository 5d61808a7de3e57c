import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { CopyTurns } from '../../resources/runs/replay.ts';
import { openArchivedEvents } from '../follow/archivedEvents.ts';
import { type StoredEvent, turnsOf, turnTypes } from './replay.ts';
import { storeTurns } from './turnHistory.ts';

/** Includes the first event, without which the events are archived. */
const selectTurnEvents = statement<{ runId: string; afterSeq: number }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('run_events')
    .select(['seq', 'type', 'data'])
    .where('run_id', '=', $.runId)
    .where((eb) =>
      eb.or([
        eb('seq', '=', sql.lit(1)),
        eb.and([
          eb('seq', '<=', $.afterSeq),
          eb(
            'type',
            'in',
            turnTypes.map((type) => sql.lit(type)),
          ),
        ]),
      ]),
    )
    .orderBy('seq')
    .$castTo<StoredEvent>(),
);

/** Archived events that are read at once. */
const batch = 1_000;

/** The tools are not called: their results are those in the events. */
export const copyTurns: CopyTurns = async (db, storage, { accountId, runId, afterSeq }) => {
  const turns = turnsOf(await eventsUpTo(db, storage, runId, afterSeq));
  return (tx, threadId) => storeTurns(tx, { id: runId, account_id: accountId, thread_id: threadId }, turns);
};

async function eventsUpTo(db: Queryable, storage: Parameters<CopyTurns>[1], runId: string, afterSeq: number): Promise<StoredEvent[]> {
  const stored = await db.rows(selectTurnEvents, { runId, afterSeq });
  if (stored.length > 0) return stored;
  const archived = openArchivedEvents(runId, db, storage);
  const events: StoredEvent[] = [];
  for (let last = 0; last < afterSeq;) {
    const read = (await archived.after(last, Math.min(batch, afterSeq - last))) ?? [];
    if (read.length === 0) break;
    last = read.at(-1)!.seq;
    // The type determines the shape of the data.
    events.push(...(read as unknown as StoredEvent[]).filter(({ type }) => (turnTypes as readonly string[]).includes(type)));
  }
  return events;
}
