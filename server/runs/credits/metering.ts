import { addCallUsage, type UsageTotals } from '../../agent/loop/usageTotals.ts';
import type { Database } from '../../database/sql.ts';
import { logExcess } from '../../models/boundedUsage.ts';
import { type Meter, metered } from '../../models/metering.ts';
import type { Model, Usage } from '../../models/model.ts';
import { RunFailure } from '../../models/runFailure.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { calculateCharge } from '../../resources/credits/charge.ts';
import { describeKeyBudget, type KeyBudget, keyBudgetMessage } from '../../resources/credits/keyBudget.ts';
import type { Settings } from '../../resources/settings/settings.ts';
import type { OpenedRoute } from '../execute/openRoute.ts';
import { RouteSnapshot } from '../execute/resolveRoute.ts';
import { type Lease, LeaseLost } from '../lease/lease.ts';
import { lowerReservation, raiseReservation, reserveCredits } from './reserve.ts';

type MeterDeps = { database: Database; lease: Lease; settings: Settings; usageTotals: UsageTotals; log: Log };

export type Metering = {
  /** Meters the model of a route: its calls reserve credits and add to `usageTotals`. */
  meter(opened: OpenedRoute): Model;
  /** Lowers the reservation to what the calls have used. The next call reserves again what it may cost. */
  releaseUnused(): Promise<void>;
};

/** Meters the models of one run. */
export function createMetering({ database, lease, settings, usageTotals, log }: MeterDeps): Metering {
  const { run } = lease;
  const rules = rulesOf(run);
  let reserved = run.reserved_credits;
  /** What the calls have used, also those of earlier attempts. Undefined before the first call. */
  let used = usedBefore(run, usageTotals, settings);

  function meterOf({ prices, multiplier }: OpenedRoute): Meter {
    const creditsWith = (usage: Usage, imagesUsd = 0) => {
      const total = { ...usageTotals };
      addCallUsage(total, prices, usage, undefined, imagesUsd);
      return calculateCharge(total, multiplier, settings, rules)?.credits ?? 0;
    };
    return {
      async reserve(soFar, expected, imagesUsd) {
        run.prompt_tokens = expected.input_tokens ?? 0;
        const wanted = creditsWith(expected, imagesUsd);
        if (wanted <= reserved) return;
        const answer = await reserveCredits(database, lease, wanted, creditsWith(soFar, imagesUsd));
        if (!answer) throw new LeaseLost(run.id);
        if (answer.granted === null) throw answer.key_budget ? keyExhausted(answer.key_budget) : exhausted(answer.balance, answer.others);
        reserved = answer.granted;
      },
      charge(usage, costUsd, imagesUsd) {
        logExcess(log, usage, { run_id: run.id, trace_id: run.trace_id });
        return addCallUsage(usageTotals, prices, usage, costUsd, imagesUsd);
      },
      async finishCall() {
        const credits = creditsWith({});
        used = credits;
        if (credits <= reserved) return;
        await raiseReservation(database, lease, credits);
        reserved = credits;
      },
    };
  }

  return {
    meter: (opened) => metered(opened.model, meterOf(opened)),
    async releaseUnused() {
      if (used === undefined || used >= reserved) return;
      reserved = used;
      await lowerReservation(database, lease, used);
    },
  };
}

/** What a run below another costs in the end depends on the other runs, so it reserves as if nothing were free. */
const rulesOf = ({ root_run_id: root }: Lease['run']) => ({ hasFreeTier: root === null });

/** By the route of the run, because no call of this attempt has named one yet. */
function usedBefore(run: Lease['run'], usageTotals: UsageTotals, settings: Settings): number | undefined {
  const { data: route } = RouteSnapshot.safeParse(run.route_snapshot);
  return route && usageTotals.usage && (calculateCharge(usageTotals, route.multiplier, settings, rulesOf(run))?.credits ?? 0);
}

const keyExhausted = (budget: KeyBudget) =>
  new RunFailure('budget.exceeded', keyBudgetMessage, {
    code: 'entitlement.key_budget_exhausted',
    details: { reason: 'key_budget_exhausted', ...describeKeyBudget(budget) },
  });

const exhausted = (balance: number, reserved: number) =>
  new RunFailure('budget.exceeded', 'The account has not enough credits left for another model call.', {
    code: 'entitlement.credits_exhausted',
    details: { reason: 'credits_exhausted', balance, reserved_by_other_runs: reserved },
  });
