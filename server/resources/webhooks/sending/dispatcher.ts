import type { Database } from '../../../database/sql.ts';
import type { Config } from '../../../platform/config/config.ts';
import { newId } from '../../../platform/crypto/ids.ts';
import type { Keys } from '../../../platform/crypto/keys.ts';
import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import { spanOf, withSpan } from '../../../platform/telemetry/spans.ts';
import { attemptDelivery, type Outcome } from './outcome.ts';
import type { ClaimedDelivery } from './queries.ts';
import * as queries from './queries.ts';
import { isFinalFailure, recordFinalFailure, recordOutcomes } from './record.ts';
import { continueReplay } from './replay.ts';

export const deliverWebhookTask = 'webhook.deliver';

/** Sends webhooks in a worker. */
export type Dispatcher = {
  /** Looks for due deliveries. */
  wake(): void;
  shutDown(): Promise<void>;
};

/** Times in milliseconds: the timeout of a request including its response, and what running requests have to finish after shutdown starts. */
export const dispatcherTimes = { requestMs: 10_000, graceMs: 5_000 };

/** `times` defaults to `dispatcherTimes`. */
export type DispatcherDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  outbound: OutboundClient;
  log: Log;
  times?: typeof dispatcherTimes;
};

/**
 * The maximum number of concurrent requests: of this process, high enough that slow endpoints of a few accounts do not block others; and
 * per endpoint, over all processes.
 */
const maxRequests = 256;
const maxRequestsPerEndpoint = 4;
/** A claim outlives its request, so only claims of a crashed worker expire. */
const claimSeconds = dispatcherTimes.requestMs / 1_000 + 10;

/**
 * Starts sending due deliveries. The table of deliveries is the queue; claims of a crashed worker expire and the deliveries are sent again.
 */
export function startDispatcher(deps: DispatcherDeps): Dispatcher {
  const { config, keys, database, outbound, log, times = dispatcherTimes } = deps;
  const sending = { config, keys, outbound, timeoutMs: times.requestMs, log };
  const stop = new AbortController();
  const claims = new Map<ClaimedDelivery, string>();
  const underway = new Set<Promise<void>>();
  const done: Outcome[] = [];
  let isBusy = false;
  let again = false;
  let isLooking = false;
  let isReplaying = false;
  let closed = false;

  /** Records outcomes and claims due deliveries in one transaction. Each final failure is recorded in a transaction of its own. */
  async function turn() {
    const outcomes = done.splice(0);
    const claimOf = (delivery: ClaimedDelivery) => claims.get(delivery)!;
    for (const outcome of outcomes.filter(isFinalFailure))
      await recordFinalFailure(database, claimOf(outcome.delivery), outcome, log).catch(complain('a failed webhook was not recorded'));
    const others = outcomes.filter((outcome) => !isFinalFailure(outcome));
    const free = closed ? 0 : maxRequests - claims.size + outcomes.length;
    const claimId = newId();
    const due = await database
      .transaction(
        async (tx) => {
          if (others.length > 0) recordOutcomes(tx, claimOf, others);
          if (free <= 0) return [];
          tx.awaitAtCommit(tx.rows(queries.lockClaims));
          return tx.rows(queries.claimDue, { limit: free, limitOfEndpoint: maxRequestsPerEndpoint, seconds: claimSeconds, claimId });
        },
        // A claim or an outcome that is lost in a crash of the database is repeated.
        { mayBeLost: true },
      )
      // Outcomes that were not recorded are sent again when their claims expire.
      .catch(complain('webhooks were neither recorded nor looked for'));
    for (const { delivery } of outcomes) claims.delete(delivery);
    for (const delivery of due ?? []) start(delivery, claimId);
  }

  function start(delivery: ClaimedDelivery, claimId: string) {
    claims.set(delivery, claimId);
    const sent: Promise<void> = withSpan(spanOf({ 'x-trace-id': queries.traceIdOf(delivery) }), () =>
      attemptDelivery(sending, delivery, stop.signal),
    )
      .then((outcome) => {
        done.push(outcome);
        wake();
      })
      .catch((error) => {
        // The delivery is sent again when its claim expires.
        claims.delete(delivery);
        complain('an attempt to deliver a webhook failed')(error);
      })
      .finally(() => underway.delete(sent));
    underway.add(sent);
  }

  /** Outcomes that arrive while a turn runs are recorded by the next one. */
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

  /** `shutDown` waits for turns as well as requests. */
  function wake() {
    if (closed && done.length === 0) return;
    const worked: Promise<void> = work()
      .catch(complain('a turn of webhook deliveries failed'))
      .finally(() => underway.delete(worked));
    underway.add(worked);
  }

  /** Queues batches of replays until all have to wait for their endpoints. */
  async function replay() {
    if (isReplaying || closed) return;
    isReplaying = true;
    try {
      while (!closed && (await continueReplay(database))) wake();
    } finally {
      isReplaying = false;
    }
  }

  /** One statement if nothing is pending, because every idle worker looks. */
  async function wakeIfPending() {
    if (isLooking || closed) return;
    isLooking = true;
    try {
      if (await database.row(queries.selectPending)) wake();
    } finally {
      isLooking = false;
    }
  }

  /** One after the other, so that an idle worker needs one connection for both. */
  function look() {
    const looked: Promise<void> = wakeIfPending()
      .catch(complain('pending webhooks were not looked for'))
      .then(replay)
      .catch(complain('replays of webhooks were not continued'))
      .finally(() => underway.delete(looked));
    underway.add(looked);
  }

  const complain = (what: string) => (error: unknown) => void log.warn({ err: error }, what);
  const poll = setInterval(look, Math.max(100, config.workerPollSeconds * 1_000));
  look();
  return {
    wake,
    async shutDown() {
      closed = true;
      clearInterval(poll);
      const late = setTimeout(() => stop.abort(), times.graceMs);
      while (underway.size > 0) await Promise.all(underway);
      clearTimeout(late);
    },
  };
}
