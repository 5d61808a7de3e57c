import type { RunPort } from '../agent/loop.ts';
import type { Bell } from '../kernel/app.ts';
import { type Database, statement } from '../kernel/sql.ts';
import type { Hold } from './hold.ts';
import type { Lease } from './lease.ts';
import type { Seat } from './slots.ts';
import type { EventWriter } from './writer.ts';

type DeskDeps = { database: Database; bell: Bell; lease: Lease; writer: EventWriter; hold: Hold; seat: Seat };

/** Where a run meets its user: what the user sends is taken up here, and here the run waits. */
export type Desk = Omit<RunPort, 'complete'> & {
  /** Whether the run waits now. */
  isWaiting(): boolean;
};

const selectPending = statement<{ pending: number; data: { content: string; request_id?: string } }>(`
  select r.pending_inputs as pending, e.data from runs r join run_events e on e.run_id = r.id and e.type = 'run.input_provided'
  where r.id = $1 and r.pending_inputs > 0 order by e.seq`);

const selectReplies = statement<{ type: string; data: { content?: string; request_id?: string } }>(
  `select type, data from run_events where run_id = $1 and type in ('run.input_provided', 'run.resumed') order by seq`,
);

const selectNow = statement<{ ms: number }>('select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms');

const keepTurn = statement<never>(`
  insert into run_turns (account_id, run_id, turn_index, opaque) values ($1, $2, $3, $4)
  on conflict (account_id, run_id, turn_index) do update set opaque = excluded.opaque`);

/** The desk of a run that this worker holds; `signal` ends its waits. */
export function createDesk({ database, bell, lease, writer, hold, seat }: DeskDeps, signal: AbortSignal): Desk {
  const { run } = lease;
  let waiting = false;

  const now = async () => (await database.row(selectNow))!.ms;

  /** Whether a request is over, and what was answered. */
  async function replyTo(requestId: string) {
    const replies = (await database.rows(selectReplies, [run.id])).filter(({ data }) => data.request_id === requestId);
    const answer = replies.find(({ type }) => type === 'run.input_provided')?.data.content;
    return { isOver: replies.some(({ type }) => type === 'run.resumed'), answer };
  }

  async function wait(requestId: string, expiresAt: string): Promise<string | undefined> {
    for (;;) {
      const { isOver, answer } = await replyTo(requestId);
      if (isOver) return answer;
      const leftMs = Date.parse(expiresAt) - (await now());
      if (leftMs > 0) await hold.whileWaiting(leftMs, signal);
      else if (await lease.endWait(requestId)) return bell.ring(run.id) as undefined;
    }
  }

  return {
    now,
    stored: () => writer.flush(),
    isWaiting: () => waiting,
    async pendingInput() {
      const rows = await database.rows(selectPending, [run.id]);
      const inputs = rows.flatMap(({ data }) => (data.request_id === undefined ? [data.content] : []));
      return rows[0] ? inputs.slice(-rows[0].pending) : [];
    },
    async answerTo(requestId, expiresAt) {
      await writer.flush();
      const { isOver, answer } = await replyTo(requestId);
      if (isOver) return answer;
      waiting = true;
      seat.leave();
      try {
        return await wait(requestId, expiresAt);
      } finally {
        seat.take();
        waiting = false;
      }
    },
    keepOpaque: async (turn, opaque) => void (await database.run(keepTurn, [run.account_id, run.id, turn, JSON.stringify(opaque)])),
  };
}
