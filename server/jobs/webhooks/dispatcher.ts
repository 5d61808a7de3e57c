import type { Config } from '../../kernel/config.ts';
import { newId } from '../../kernel/ids.ts';
import type { Keys } from '../../kernel/keys.ts';
import type { Log } from '../../kernel/log.ts';
import type { Outbound } from '../../kernel/outbound.ts';
import { spanOf, within } from '../../kernel/spans.ts';
import type { Database } from '../../kernel/sql.ts';
import { attempt, type Outcome } from './outcome.ts';
import type { Claimed } from './queries.ts';
import * as queries from './queries.ts';
import { isLost, recordLost, recordTogether } from './record.ts';
import { requestMs } from './send.ts';

/** The job type that makes a worker send webhooks. */
export const deliverWebhookTask = 'webhook.deliver';

/** The part of a worker that sends webhooks. */
export type Dispatcher = {
  /** There may be something to send. */
  wake(): void;
  shutDown(): Promise<void>;
};

export type DispatcherDeps = { config: Config; keys: Keys; database: Database; outbound: Outbound; log: Log };

/** Requests under way in this process, so many that the slow endpoints of a few accounts do not fill it; and to one endpoint in all processes. */
const most = 256;
const mostOfEndpoint = 4;
/** A claim outlives its request, so that only those of a dead worker run out. */
const claimSeconds = requestMs / 1_000 + 10;
/** How long requests may go on after the worker was told to stop. */
const graceMs = 5_000;

/** The trace of the run that a message tells of is the last it says. */
const traceIdIn = ({ body }: Claimed) => /"trace_id":"([0-9a-f]{32})"\}\}$/.exec(body)?.[1];

/** Start sending what is due. The table of deliveries is the queue: claimed rows of a worker that dies are sent again when their claims run out. */
export function startDispatcher(deps: DispatcherDeps): Dispatcher {
  const { config, database, log } = deps;
  const stop = new AbortController();
  const claims = new Map<Claimed, string>();
  const underway = new Set<Promise<void>>();
  const done: Outcome[] = [];
  let isBusy = false;
  let again = false;
  let closed = false;

  /** Write what has come back and claim what is due, in one transaction. Of what failed for good each has its own. */
  async function turn() {
    const outcomes = done.splice(0);
    const claimOf = (delivery: Claimed) => claims.get(delivery)!;
    for (const outcome of outcomes.filter(isLost))
      await recordLost(database, claimOf(outcome.delivery), outcome, log).catch(complain('a failed webhook was not recorded'));
    const others = outcomes.filter((outcome) => !isLost(outcome));
    const free = closed ? 0 : most - claims.size + outcomes.length;
    const claimId = newId();
    const due = await database
      .transaction(async (tx) => {
        tx.withCommit(tx.rows(queries.commitSoon));
        if (others.length > 0) recordTogether(tx, claimOf, others);
        if (free <= 0) return [];
        tx.withCommit(tx.rows(queries.lockClaims));
        return tx.rows(queries.claimDue, [free, mostOfEndpoint, claimSeconds, claimId]);
      })
      // What was not recorded is sent again when its claim has run out.
      .catch(complain('webhooks were neither recorded nor looked for'));
    for (const { delivery } of outcomes) claims.delete(delivery);
    for (const delivery of due ?? []) start(delivery, claimId);
  }

  function start(delivery: Claimed, claimId: string) {
    claims.set(delivery, claimId);
    const sent: Promise<void> = within(spanOf({ 'x-trace-id': traceIdIn(delivery) }), () => attempt(deps, delivery, stop.signal))
      .then((outcome) => {
        done.push(outcome);
        wake();
      })
      .catch((error) => {
        // It is sent again when its claim has run out.
        claims.delete(delivery);
        complain('an attempt to deliver a webhook failed')(error);
      })
      .finally(() => underway.delete(sent));
    underway.add(sent);
  }

  /** While one turn runs, results for the next one gather. */
  async function work() {
    again = true;
    if (isBusy) return;
    isBusy = true;
    try {
      while (again) {
        again = false;
        await turn();
      }
    } finally {
      isBusy = false;
    }
  }

  /** Turns are waited for, as what is being sent is. */
  function wake() {
    if (closed && done.length === 0) return;
    const worked: Promise<void> = work()
      .catch(complain('a turn of webhook deliveries failed'))
      .finally(() => underway.delete(worked));
    underway.add(worked);
  }

  const complain = (what: string) => (error: unknown) => void log.warn({ err: error }, what);
  const poll = setInterval(wake, Math.max(100, config.workerPollSeconds * 1_000));
  wake();
  return {
    wake,
    async shutDown() {
      closed = true;
      clearInterval(poll);
      const late = setTimeout(() => stop.abort(), graceMs);
      while (underway.size > 0) await Promise.all(underway);
      clearTimeout(late);
    },
  };
}
