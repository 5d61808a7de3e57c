import type { Cost, Usage } from '../../../contract/events.ts';
import { costOf, type Prices, usdCost } from '../cost.ts';
import { RunFailure } from '../failure.ts';
import { addUsage } from '../usage.ts';

/** What a run has used so far; it is charged however the run ends. */
export type Spent = { usage: Usage | undefined; cost: string };

/** What a run may use; 0 is without limit. */
export type SpendingLimits = { costMicros: number; outputTokens: number };

/** Adds what a call used; its own cost. `reported` is the cost in US dollars that the provider names. */
export function addSpending(spent: Spent, prices: Prices, usage: Usage, reported?: string): Cost {
  const { exact, micros } = costOf(usage, prices, reported);
  spent.usage = addUsage(spent.usage, usage);
  spent.cost = exact.plus(spent.cost).toString();
  return { currency: 'USD', amount_micros: micros };
}

export const noPrices: Prices = {
  cost_per_1k_input: null,
  cost_per_1k_output: null,
  cost_per_1k_cache_write: null,
  cost_per_1k_cache_read: null,
};

/** The cost of everything spent, as events say it. */
function costSpent({ usage, cost }: Spent): Cost | undefined {
  return usage || cost !== '0' ? { currency: 'USD', amount_micros: usdCost(costOf({}, noPrices, cost).exact).micros } : undefined;
}

/** The totals of a run as its last event has them. */
export function totalsOf(spent: Spent): { usage?: Usage; cost?: Cost } {
  const cost = costSpent(spent);
  return { ...(spent.usage && { usage: spent.usage }), ...(cost && { cost }) };
}

/** Throws `budget.exceeded` when a run has used more than it may. */
export function checkSpending(spent: Spent, { costMicros, outputTokens }: SpendingLimits): void {
  const cost = costSpent(spent)?.amount_micros ?? 0;
  if (costMicros > 0 && cost > costMicros)
    throw new RunFailure('budget.exceeded', 'The run cost more than it may.', {
      details: { max_cost_micros: costMicros, cost_micros: cost },
    });
  const written = spent.usage?.output_tokens ?? 0;
  if (outputTokens > 0 && written > outputTokens)
    throw new RunFailure('budget.exceeded', 'The run wrote more than it may.', {
      details: { max_total_output_tokens: outputTokens, output_tokens: written },
    });
}
