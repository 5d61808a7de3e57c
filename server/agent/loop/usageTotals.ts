import Big from 'big.js';
import type { Cost, Usage } from '../../../contract/events.ts';
import { costOf, type Prices, usdCost } from '../../models/cost.ts';
import { RunFailure } from '../../models/runFailure.ts';
import { addUsage } from '../../models/usage.ts';

/** What a run has used so far. It is charged however the run ends. `cost` is an exact decimal in US dollars, and `images` the part of it for images. */
export type UsageTotals = { usage: Usage | undefined; cost: string; images?: string };

/** 0 means no limit. */
export type SpendingLimits = { costMicros: number; outputTokens: number };

/**
 * Adds the usage of one call and returns its cost. `reported` is the cost in US dollars that the provider reports, `imagesUsd` the price of images
 * that neither contains.
 */
export function addCallUsage(spent: UsageTotals, prices: Prices, usage: Usage, reported?: string, imagesUsd = 0): Cost {
  const { exact, micros } = usdCost(costOf(usage, prices, reported).exact.plus(imagesUsd));
  spent.usage = addUsage(spent.usage, usage);
  spent.cost = exact.plus(spent.cost).toString();
  if (imagesUsd > 0) spent.images = new Big(imagesUsd).plus(spent.images ?? 0).toString();
  return { currency: 'USD', amount_micros: micros };
}

export const noPrices: Prices = {
  cost_per_1k_input: null,
  cost_per_1k_output: null,
  cost_per_1k_cache_write: null,
  cost_per_1k_cache_read: null,
};

function costSpent({ usage, cost }: UsageTotals): Cost | undefined {
  return usage || cost !== '0' ? { currency: 'USD', amount_micros: usdCost(costOf({}, noPrices, cost).exact).micros } : undefined;
}

/** The totals of a run, in the form of its final event. */
export function eventTotals(spent: UsageTotals): { usage?: Usage; cost?: Cost } {
  const cost = costSpent(spent);
  return { ...(spent.usage && { usage: spent.usage }), ...(cost && { cost }) };
}

/** Throws `budget.exceeded` if the run is over a limit. */
export function checkSpendingLimits(spent: UsageTotals, { costMicros, outputTokens }: SpendingLimits): void {
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
