import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { shareNext } from '../../platform/shareNext.ts';
import { flushText } from './sharedFlushes.ts';

/** Names a transaction, on the server that runs it: another one, or the same after a crash, may give its id to another transaction. */
export type TransactionId = { readonly xid: string; readonly server: string };

/** Differs after each start of PostgreSQL, and after each crash, which resets the statistics. */
const server = `concat_ws(' ', extract(epoch from pg_postmaster_start_time()), extract(epoch from pg_stat_get_bgwriter_stat_reset_time()))`;

/** Gives the transaction an id, which others get by their first change. */
export const identifyText = `select pg_current_xact_id()::text as xid, ${server} as server`;

/**
 * The state of each transaction. One in progress is ended, by ending its session, whose other side is gone: then it is known whether it has been committed.
 */
const statesText = `
  select asked.xid, pg_xact_status(asked.xid::xid8) as state,
    (select bool_and(pg_terminate_backend(pid)) from pg_stat_activity where backend_xid = asked.xid::xid8::xid) as ended
  from unnest($1::text[], $2::text[]) as asked(xid, server) where asked.server = ${server}`;

type State = 'committed' | 'aborted' | 'in progress' | null;

/** How long transactions are asked about, and the pause between two attempts, in milliseconds. */
const [maxMs, pauseMs] = [3_000, 50];

/** Resolves with whether a transaction is committed and on disk; undefined if that cannot be known. */
export type CommitCheck = (id: TransactionId) => Promise<boolean | undefined>;

/**
 * Asks PostgreSQL, on a new connection, about transactions whose commit was not answered. Those that are asked about at once share the connection and the wait
 * for the disk.
 */
export function createCommitCheck(connect: () => Promise<pg.Client>): CommitCheck {
  let asked: TransactionId[] = [];
  const check = shareNext(async () => {
    const ids = asked;
    asked = [];
    for (const until = performance.now() + maxMs; ; await sleep(pauseMs)) {
      const isLast = performance.now() > until;
      const states = await statesOf(connect, ids).catch(() => undefined);
      if (isLast || (states && ![...states.values()].includes('in progress'))) return states;
    }
  }, setImmediate);
  return async (id) => {
    asked.push(id);
    const state = (await check())?.get(id.xid);
    return state === 'committed' ? true : state === 'aborted' ? false : undefined;
  };
}

async function statesOf(connect: () => Promise<pg.Client>, ids: readonly TransactionId[]): Promise<Map<string, State>> {
  const client = await connect();
  try {
    const { rows } = await client.query<{ xid: string; state: State }>(statesText, [ids.map(({ xid }) => xid), ids.map((id) => id.server)]);
    await client.query(flushText);
    return new Map(rows.map(({ xid, state }) => [xid, state]));
  } finally {
    client.end().catch(() => {});
  }
}
