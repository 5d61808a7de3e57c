import Big from 'big.js';
import { backgroundShare } from '../database/connection/connectionShares.ts';
import type { Database } from '../database/sql.ts';
import type { App } from '../http/app.ts';
import type { Recheck } from '../http/pipeline/recheck.ts';
import { logExcess } from '../models/boundedUsage.ts';
import { costOf, type Prices, usdCost } from '../models/cost.ts';
import type { Meter } from '../models/metering.ts';
import type { Usage } from '../models/model.ts';
import { addUsage } from '../models/usage.ts';
import { Failure, failWith } from '../platform/failure.ts';
import { lockRunSlots } from '../resources/accounts/queries.ts';
import { calculateCharge, chargeCompletion, type RunCost } from '../resources/credits/charge.ts';
import { keyBudgetExhausted } from '../resources/credits/keyBudget.ts';
import type { Settings } from '../resources/settings/settings.ts';
import * as queries from './queries.ts';

export type RoutePrices = { prices: Prices; multiplier: string | number };

/** A stored call. */
export type StoredCompletion = { id: string; account_id: string };

type ChargedCall = StoredCompletion & {
  trace_id: string;
  /** Of the secret of the API key that makes the call. */
  key_hash: string | null;
  reservation: number;
  route: RoutePrices;
  settings: Settings;
  recheck: Recheck;
  /** Called between two events of the model if the call must end. */
  stop(reason: Failure): void;
};

export type CompletionCharge = {
  meter: Meter;
  /** Ends the call and charges it. Only the first call of this function has an effect. Never rejects: a worker ends what could not be ended here. */
  settle(status: queries.EndStatus): Promise<void>;
};

const renewalMs = 15_000;

/** Reserves credits for a call, and charges it when it ends. Renews its lease until then. */
export function createCharge({ database, log }: Pick<App, 'database' | 'log'>, call: ChargedCall): CompletionCharge {
  const { id, account_id: accountId, trace_id, key_hash: keyHash, settings } = call;
  const { prices, multiplier } = call.route;
  const total: RunCost = { usage: undefined, cost: '0' };
  let reserved = call.reservation;
  let settling: Promise<void> | undefined;
  const warn = (error: unknown) =>
    log.warn({ err: error, completion_id: id, trace_id }, 'a chat completion was not stored; it is ended later');
  /** Throws 401 if the call must end. */
  const store = async (usage?: Usage) => {
    const stored = await database.run(queries.storeProgress, { accountId, id, keyHash, usage: usage ? JSON.stringify(usage) : null });
    if (stored === 0) throw notAllowed();
  };
  // The statement that renews the lease checks the key and its user, but not, for example, the IP rules.
  const renew = () =>
    store()
      .then(call.recheck)
      .catch((error: unknown) => {
        // A call that is ending needs no lease.
        if (settling) return;
        if (error instanceof Failure && error.status < 500) call.stop(error);
        else warn(error);
      });
  const renewal = setInterval(() => void renew(), renewalMs).unref();
  const creditsWith = (usage: Usage) =>
    calculateCharge(withCost(usage, prices), multiplier, settings, { hasFreeTier: false })?.credits ?? 0;

  return {
    meter: {
      async reserve(soFar, expected) {
        if (soFar.output_tokens) await store(soFar);
        const wanted = creditsWith(expected);
        if (wanted <= reserved) return;
        reserved = await extend(database, { accountId, id, wanted, billed: creditsWith(soFar) });
      },
      charge(usage, reportedUsd) {
        logExcess(log, usage, { completion_id: id, trace_id });
        const { exact, micros } = costOf(usage, prices, reportedUsd);
        total.usage = addUsage(total.usage, usage);
        total.cost = exact.plus(total.cost).toString();
        return { currency: 'USD', amount_micros: micros };
      },
      // The call ends at once and is charged.
      finishCall: async () => undefined,
    },
    settle(status) {
      clearInterval(renewal);
      settling ??= settleCompletion(database, { id, account_id: accountId }, status, total, multiplier, settings).then(
        () => undefined,
        warn,
      );
      return settling;
    },
  };
}

const withCost = (usage: Usage, prices: Prices): RunCost => ({ usage, cost: costOf(usage, prices).exact.toString() });

/** Or a worker has ended the call, because its process did not renew the lease in time. */
const notAllowed = () => failWith('unauthenticated', 'invalid_token', 'The call was ended, because its credential is no longer valid.');

type Extension = { accountId: string; id: string; wanted: number; billed: number };

/** Throws 402 if the account or the API key has too few credits. */
function extend(database: Database, wanted: Extension): Promise<number> {
  return database.of(backgroundShare(wanted.accountId)).transaction(async (tx) => {
    // The sum of the reservations must be read by a statement that starts after the lock is held.
    await tx.row(lockRunSlots, { accountId: wanted.accountId });
    const answer = await tx.row(queries.extendReservation, wanted);
    if (!answer) throw new Failure('unavailable', 'The call has been ended.', { reason: 'completion_ended' });
    if (answer.granted !== null) return answer.granted;
    if (answer.key_budget) throw keyBudgetExhausted(answer.key_budget);
    throw failWith('unpaid', 'credits_exhausted', 'The account has not enough credits left for this call.', {
      balance: answer.balance,
      reserved: answer.others,
    });
  });
}

/** Ends a running call and charges its usage, in one transaction. Returns false if it has already ended. */
export async function settleCompletion(
  database: Database,
  { id, account_id: accountId }: StoredCompletion,
  status: queries.EndStatus,
  total: RunCost,
  multiplier: string | number,
  settings: Settings,
): Promise<boolean> {
  const usage = total.usage ? JSON.stringify(total.usage) : null;
  return database.of(backgroundShare(accountId)).transaction(async (tx) => {
    const ended = await tx.row(queries.endCompletion, { accountId, id, status, usage, costUsd: usdCost(new Big(total.cost)).usd });
    if (ended && total.usage) chargeCompletion(tx, { id, account_id: accountId, multiplier: String(multiplier) }, total, settings);
    return ended !== undefined;
  });
}

/** Ends a running call without a charge. Returns false if it has already ended. */
export const endUncharged = async (database: Database, { id, account_id: accountId }: StoredCompletion): Promise<boolean> =>
  (await database.row(queries.endCompletion, { accountId, id, status: 'failed', usage: null, costUsd: '0' })) !== undefined;

/** The cost of usage that was stored during a call. */
export const storedCost = (usage: Usage | null, prices: Prices): RunCost =>
  usage ? withCost(usage, prices) : { usage: undefined, cost: '0' };
