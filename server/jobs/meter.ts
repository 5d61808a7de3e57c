import { RunFailure } from '../agent/failure.ts';
import { addSpending, type Spent } from '../agent/loop/spending.ts';
import { type Meter, metered } from '../agent/metering.ts';
import type { Model, Usage } from '../agent/model.ts';
import type { Database } from '../kernel/sql.ts';
import { billOf } from '../resources/credits/charge.ts';
import type { Settings } from '../resources/settings/settings.ts';
import { type Lease, LeaseLost } from './lease.ts';
import { raiseReservation, reserveCredits } from './reserve.ts';
import type { Opened } from './routes.ts';

type MeterDeps = { database: Database; lease: Lease; settings: Settings; spent: Spent };

/** Gives the model at the end of a route, metered for one run: its calls reserve credits and add to `spent`. */
export function createMetering({ database, lease, settings, spent }: MeterDeps): (opened: Opened) => Model {
  const { run } = lease;
  let reserved = run.reserved_credits;

  function meterOf({ prices, multiplier }: Opened): Meter {
    const creditsWith = (usage: Usage) => {
      const total = { ...spent };
      addSpending(total, prices, usage);
      return billOf(total, multiplier, settings)?.credits ?? 0;
    };
    return {
      async reserve(soFar, expected) {
        run.prompt_tokens = expected.input_tokens ?? 0;
        const wanted = creditsWith(expected);
        if (wanted <= reserved) return;
        const answer = await reserveCredits(database, lease, wanted, creditsWith(soFar));
        if (!answer) throw new LeaseLost(run.id);
        if (answer.granted === null) throw exhausted(answer.balance, answer.others);
        reserved = answer.granted;
      },
      charge: (usage, costUsd) => addSpending(spent, prices, usage, costUsd),
      async settle() {
        const credits = creditsWith({});
        if (credits <= reserved) return;
        await raiseReservation(database, lease, credits);
        reserved = credits;
      },
    };
  }

  return (opened) => metered(opened.model, meterOf(opened));
}

const exhausted = (balance: number, reserved: number) =>
  new RunFailure('budget.exceeded', 'The account has not enough credits left for another model call.', {
    code: 'entitlement.credits_exhausted',
    details: { reason: 'credits_exhausted', balance, reserved_by_other_runs: reserved },
  });
