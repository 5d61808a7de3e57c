import { sql } from 'kysely';
import type { RunPort, UserReply } from '../../agent/loop/runLoop.ts';
import type { Database } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { RunNotifier } from '../../pubsub/runNotifier.ts';
import type { Heartbeat } from '../lease/heartbeat.ts';
import type { ConcurrencySlot } from '../lease/jobLimiter.ts';
import type { Lease } from '../lease/lease.ts';
import type { EventWriter } from '../record/eventBuffer.ts';

type UserInputDeps = {
  database: Database;
  runNotifier: RunNotifier;
  lease: Lease;
  writer: EventWriter;
  heartbeat: Heartbeat;
  slot: ConcurrencySlot;
  keepImage: RunPort['keepImage'];
};

/** Delivers user input to a run and waits for answers. */
export type UserInput = RunPort & {
  isWaiting(): boolean;
};

/** The newest first. */
const selectPending = statement<{ runId: string }>()((db, $) =>
  db
    .selectFrom('run_events as e')
    .select((eb) => eb.ref('e.data').$castTo<{ content: string }>().as('data'))
    .where('e.run_id', '=', $.runId)
    .where('e.type', '=', sql.lit('run.input_provided'))
    .where(sql`e.data ->> 'request_id'`, 'is', null)
    .orderBy('e.seq', 'desc')
    .limit(({ selectFrom }) => selectFrom('runs as r').select('r.pending_inputs').where('r.id', '=', $.runId)),
);

const selectReplies = statement<{ runId: string }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('run_events')
    .select((eb) => ['type', eb.ref('data').$castTo<Partial<UserReply> & { request_id?: string }>().as('data')])
    .where('run_id', '=', $.runId)
    .where('type', 'in', [sql.lit('run.input_provided'), sql.lit('run.resumed')])
    .orderBy('seq'),
);

const selectNow = statement()((db) => db.selectNoFrom(sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8`.as('ms')));

const keepTurn = statement<{ accountId: string; runId: string; turn: number; opaque: string }>()((db, $) =>
  db
    .insertInto('run_turns')
    .values({ account_id: $.accountId, run_id: $.runId, turn_index: $.turn, opaque: sql`${$.opaque}::json` })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'run_id', 'turn_index']).doUpdateSet((eb) => ({ opaque: eb.ref('excluded.opaque') })),
    ),
);

/** `signal` ends its waits. */
export function createUserInput(
  { database, runNotifier, lease, writer, heartbeat, slot, keepImage }: UserInputDeps,
  signal: AbortSignal,
): UserInput {
  const { run } = lease;
  let waiting = false;

  const now = async () => (await database.row(selectNow))!.ms;

  async function replyTo(requestId: string) {
    const replies = (await database.rows(selectReplies, { runId: run.id })).filter(({ data }) => data.request_id === requestId);
    const { content, action } = replies.find(({ type }) => type === 'run.input_provided')?.data ?? {};
    const answer: UserReply | undefined = content === undefined ? undefined : { content, ...(action && { action }) };
    return { isOver: replies.some(({ type }) => type === 'run.resumed'), answer };
  }

  async function wait(requestId: string, expiresAt: string, withdrawn: AbortSignal | undefined): Promise<UserReply | undefined> {
    const ends = withdrawn ? AbortSignal.any([signal, withdrawn]) : signal;
    for (;;) {
      const { isOver, answer } = await replyTo(requestId);
      if (isOver) return answer;
      const leftMs = Date.parse(expiresAt) - (await now());
      if (leftMs > 0 && !ends.aborted)
        await heartbeat.whileWaiting(leftMs, ends).catch((error) => {
          if (!withdrawn?.aborted) throw error;
        });
      signal.throwIfAborted();
      if (leftMs > 0 && !withdrawn?.aborted) continue;
      if (await lease.endWait(requestId, leftMs > 0 ? 'question_withdrawn' : 'input_timeout'))
        return runNotifier.notify(run.id) as undefined;
    }
  }

  return {
    now,
    keepImage,
    flush: () => writer.flush(),
    isWaiting: () => waiting,
    async pendingInput() {
      if (run.pending_inputs === 0) return [];
      const rows = await database.rows(selectPending, { runId: run.id });
      return rows.map(({ data }) => data.content).reverse();
    },
    async waitForAnswer(requestId, expiresAt, withdrawn) {
      await writer.flush();
      run.pending_inputs = undefined;
      const { isOver, answer } = await replyTo(requestId);
      if (isOver) return answer;
      waiting = true;
      slot.release();
      try {
        return await wait(requestId, expiresAt, withdrawn);
      } finally {
        slot.retake();
        waiting = false;
      }
    },
    async keepOpaque(turn, opaque) {
      await database.run(keepTurn, { accountId: run.account_id, runId: run.id, turn, opaque: JSON.stringify(opaque) });
    },
  };
}
